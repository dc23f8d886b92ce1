/**
 * Where the people of a drawing stand: edges pull, people push one another away. The same network always gets the same drawing:
 * the beginning is a spiral in the order of the nodes, and there is no chance in it. (Fruchterman and Reingold, "Graph Drawing by
 * Force-directed Placement", 1991.)
 */

const ROUNDS = 300;
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));

/**
 * Places `{x, y}` in a box of `count` nodes; the first is the one that the drawing is about and begins in the middle.
 * @param {[number, number][]} edges pairs of node numbers
 */
export function layout(count, edges, box) {
  const places = spiral(count);
  for (let round = 0; round < ROUNDS; round += 1) move(places, edges, 0.5 * (1 - round / ROUNDS));
  return fit(places, box);
}

function spiral(count) {
  return Array.from({ length: count }, (_, i) => ({ x: Math.sqrt(i) * Math.cos(i * GOLDEN_ANGLE), y: Math.sqrt(i) * Math.sin(i * GOLDEN_ANGLE) }));
}

/** One round: no node moves farther than `reach`. The ideal length of an edge is 1. */
function move(places, edges, reach) {
  const forces = places.map(() => ({ x: 0, y: 0 }));
  for (let a = 0; a < places.length; a += 1) {
    for (let b = a + 1; b < places.length; b += 1) push(places, forces, a, b, (distance) => 1 / distance);
  }
  for (const [a, b] of edges) push(places, forces, a, b, (distance) => -distance * distance);
  places.forEach((place, i) => {
    const length = Math.hypot(forces[i].x, forces[i].y) || 1;
    const step = Math.min(length, reach) / length;
    place.x += forces[i].x * step;
    place.y += forces[i].y * step;
  });
}

function push(places, forces, a, b, strength) {
  const [x, y] = [places[a].x - places[b].x, places[a].y - places[b].y];
  const distance = Math.max(Math.hypot(x, y), 0.01);
  const force = strength(distance) / distance;
  forces[a].x += x * force;
  forces[a].y += y * force;
  forces[b].x -= x * force;
  forces[b].y -= y * force;
}

function fit(places, { width, height, margin }) {
  const range = (axis) => {
    const all = places.map((place) => place[axis]);
    const [low, high] = [Math.min(...all), Math.max(...all)];
    return { low, size: high - low || 1 };
  };
  const [x, y] = [range('x'), range('y')];
  if (places.length === 1) return [{ x: width / 2, y: height / 2 }];
  return places.map((place) => ({
    x: margin + ((place.x - x.low) / x.size) * (width - 2 * margin),
    y: margin + ((place.y - y.low) / y.size) * (height - 2 * margin),
  }));
}
