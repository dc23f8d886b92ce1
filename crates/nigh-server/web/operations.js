/** The operations tab: how the server is doing, asked anew every two seconds while it is looked at. */

import { get, path } from './api.js';
import { recallCurve } from './chart.js';
import { $, bar, el, fill, on } from './dom.js';
import { showFailure } from './failure.js';
import { bytes, count, digits, duration, fine, microseconds, milliseconds, percent, plural } from './format.js';
import { courseOf, sample } from './samples.js';
import { sparkline } from './spark.js';
import { SEARCH_STAGES } from './stages.js';
import { settingName } from './trace.js';

const EVERY_MS = 2000;

let open = false;
let paused = false;
let timer = 0;

export function openOperations() {
  on('operations-pause', 'click', () => {
    paused = !paused;
    $('operations-pause').setAttribute('aria-pressed', String(paused));
    refresh();
  });
  document.addEventListener('visibilitychange', refresh);
}

export function showOperations(shown) {
  open = shown;
  refresh();
}

async function refresh() {
  clearTimeout(timer);
  if (!open || document.hidden) return;
  if (paused) {
    fill('operations-state', 'paused');
    return;
  }
  try {
    draw(await get(path('operations')));
    fill('operations-failure');
  } catch (error) {
    fill('operations-state', 'numbers are old');
    showFailure($('operations-failure'), error, { retry: refresh });
  }
  clearTimeout(timer);
  timer = setTimeout(refresh, EVERY_MS);
}

function draw(now) {
  $('operations-view').hidden = false;
  sample(now);
  fill('operations-state', `nigh ${now.version} · every 2 s`);
  drawTiles(now);
  drawRoutes(now.routes);
  drawIndexes(now.collections);
  drawEncoders(now.encoders);
  drawCaches(now.caches);
}

function drawTiles(now) {
  const sum = (name) => now.routes.reduce((all, route) => all + route[name], 0);
  const [requests, errors] = [sum('requests'), sum('errors')];
  fill('tiles',
    tile('Requests per second', digits(sum('qps_1m')), 'over the last minute'),
    tile('Memory', bytes(now.memory_bytes)),
    tile('Requests', count(requests), 'since the start'),
    tile('Errors', count(errors), requests ? percent(errors / requests) : ''),
    tile('Up for', duration(now.uptime_s)));
}

function tile(name, number, note) {
  return el('div', { class: 'panel' }, el('dt', {}, name), el('dd', {}, el('span', { class: 'number' }, number), note && el('span', { class: 'quiet-text' }, ` ${note}`)));
}

function drawRoutes(routes) {
  table('routes', ['Route', 'Requests', 'Errors', 'per s', 'p50', 'p95', 'p99'], routes.map((route) => {
    const { perSecond, p95 } = courseOf(route.route);
    return [
      route.route, count(route.requests), route.errors ? el('span', { class: 'bad-text' }, count(route.errors)) : '0',
      withCurve(digits(route.qps_1m), sparkline('requests per second', perSecond, digits)), milliseconds(route.p50_ms),
      withCurve(milliseconds(route.p95_ms), sparkline('p95', p95, milliseconds)), milliseconds(route.p99_ms)];
  }), 'No request yet.');
}

const withCurve = (text, curve) => el('span', { class: 'coursed' }, curve, el('span', {}, text));

function drawEncoders(encoders) {
  table('encoders', ['Collection', 'Queue', 'Batches', 'Items', 'Mean batch', 'Waiting p50', 'p99', 'Running p50', 'p99'], encoders.map((one) => [
    one.collection, ...[one.queue, one.batches, one.items].map(count), digits(one.mean_batch),
    ...[one.queue_p50_us, one.queue_p99_us, one.run_p50_us, one.run_p99_us].map(microseconds)]), 'No encoder has run yet.');
}

function drawCaches(caches) {
  table('caches', ['Cache', 'Entries', 'Size', 'Capacity', 'Hits', 'Misses', 'Hit rate'], caches.map((one) => {
    const asked = one.hits + one.misses;
    const rate = asked ? el('span', { class: 'rate' }, percent(one.hits / asked), bar(one.hits / asked)) : '–';
    return [one.name, count(one.entries), bytes(one.bytes), bytes(one.capacity_bytes), count(one.hits), count(one.misses), rate];
  }), 'There is no cache.');
}

/** Rows of which the first cell names the row. */
function table(place, heads, rows, none) {
  const head = el('thead', {}, el('tr', {}, ...heads.map((text) => el('th', { scope: 'col' }, text))));
  const body = rows.map(([name, ...cells]) => el('tr', {}, el('th', { scope: 'row' }, name), ...cells.map((cell) => el('td', {}, cell))));
  if (rows.length === 0) body.push(el('tr', {}, el('td', { colspan: heads.length, class: 'none' }, none)));
  fill(place, head, el('tbody', {}, ...body));
}

function drawIndexes(collections) {
  fill('indexes', ...collections.map((one) => el('article', { class: 'panel' },
    el('h4', {}, one.name),
    el('p', {}, `${plural(one.published_items, 'item', 'items')} published, ${count(one.tail_items)} in the tail. `,
      one.publishing && el('strong', {}, 'Publishing now.')),
    one.setting && el('p', { class: 'quiet-text' }, `Setting: ${settingName(one.setting)}`),
    one.operating_points?.length ? recallCurve(one.name, one.operating_points) : el('p', { class: 'quiet-text' }, 'No operating point has been measured.'),
    one.stages && stageCosts(one))));
  if (collections.length === 0) fill('indexes', el('p', { class: 'quiet-text' }, 'There is no collection.'));
}

/** What a candidate was measured to cost in each stage: a budget is kept by it. */
function stageCosts({ name, stages }) {
  const costs = el('table', { 'aria-label': `Measured cost of the stages of ${name}` });
  table(costs, ['Stage', 'Per candidate', 'Searches'], stages.map((one) => [
    el('span', { title: SEARCH_STAGES[one.stage] }, one.stage), fine(one.us_per_candidate), count(one.searches)]), 'No search has been measured yet.');
  return el('div', { class: 'costs' }, costs);
}
