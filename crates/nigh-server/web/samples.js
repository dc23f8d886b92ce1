/** The figures of each route as the page saw them, one time after another. The server keeps none of this. */

const KEPT = 60;

/** @typedef {{perSecond: number[], p95: number[]}} Course */

let last = null;
/** @type {Map<string, Course>} */
let courses = new Map();

/** Takes what the server says now; what happened since the time before is counted by the server's own clock. */
export function sample({ uptime_s: uptime, routes }) {
  if (last && uptime < last.uptime) forget();
  const seconds = last ? uptime - last.uptime : 0;
  if (last && seconds <= 0) return;
  for (const { route, requests, p95_ms: p95 } of routes) {
    const course = courses.get(route) ?? { perSecond: [], p95: [] };
    courses.set(route, course);
    keep(course.p95, p95);
    if (last) keep(course.perSecond, (requests - (last.requests.get(route) ?? 0)) / seconds);
  }
  last = { uptime, requests: new Map(routes.map(({ route, requests }) => [route, requests])) };
}

/** The server was started anew. */
function forget() {
  last = null;
  courses = new Map();
}

function keep(values, value) {
  values.push(value);
  if (values.length > KEPT) values.shift();
}

/** @returns {Course} */
export const courseOf = (route) => courses.get(route) ?? { perSecond: [], p95: [] };
