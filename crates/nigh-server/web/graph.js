/** The people around one person as a drawing, and the same as a list. */

import { el, fill, svg } from './dom.js';
import { plural } from './format.js';
import { layout } from './layout.js';

/** Who gets a label first where there is no room for all. */
const RANK = { self: 0, suggested: 1, friend: 2 };
const KINDS = { self: 'this person', friend: 'friend', suggested: 'suggested' };
const LETTER_WIDTH = 7;
const LABEL_HEIGHT = 15;

/**
 * @param {{nodes: {id: string, kind: string}[], edges: [string, string][]}} around
 * @param {(id: string) => string} addressOf where a person is shown
 */
export function drawGraph(place, around, addressOf) {
  const nodes = [...around.nodes].sort((a, b) => RANK[a.kind] - RANK[b.kind]);
  const numbers = new Map(nodes.map((node, i) => [node.id, i]));
  const edges = around.edges.map((edge) => edge.map((id) => numbers.get(id))).filter((edge) => edge.every((i) => i !== undefined));
  const box = { width: Math.max(280, place.clientWidth), height: place.clientWidth < 480 ? 340 : 460, margin: 34 };
  const places = layout(nodes.length, edges, box);
  const lines = edges.map(([a, b]) => svg('line', { x1: places[a].x, y1: places[a].y, x2: places[b].x, y2: places[b].y }));
  const named = labelled(nodes, places, box);
  const links = nodes.map((node, i) => person(node, places[i], named[i], addressOf));
  const drawing = svg('svg', { viewBox: `0 0 ${box.width} ${box.height}`, role: 'group', 'aria-label': caption(nodes) },
    svg('g', { class: 'lines' }, ...lines), svg('g', {}, ...links));
  light(links, lines, edges);
  steer(drawing, links);
  fill(place, drawing);
}

function caption(nodes) {
  const of = (kind) => nodes.filter((node) => node.kind === kind).length;
  return `Network: ${plural(of('friend'), 'friend', 'friends')}, ${of('suggested')} suggested`;
}

function person(node, { x, y }, label, addressOf) {
  const name = `${node.id}, ${KINDS[node.kind]}`;
  return svg('a', { href: addressOf(node.id), class: `node ${node.kind}`, 'aria-label': name, tabindex: node.kind === 'self' ? 0 : -1 },
    svg('title', {}, name),
    svg('circle', { class: 'reach', cx: x, cy: y, r: 14 }),
    svg('circle', { class: 'body', cx: x, cy: y, r: node.kind === 'self' ? 10 : 6.5 }),
    svg('text', { x: label.x, y: label.y, class: label.shown ? '' : 'spare', 'text-anchor': 'middle' }, cut(node.id)));
}

const cut = (id) => (id.length > 16 ? `${id.slice(0, 15)}…` : id);

/** Labels that would cover another are shown only for the person in focus. */
function labelled(nodes, places, box) {
  const taken = places.map(({ x, y }, i) => ({ left: x - 7, right: x + 7, top: y - 7, bottom: y + 7, of: i }));
  return nodes.map((node, i) => label(node, places[i], i, taken, box));
}

function label(node, place, of, taken, box) {
  const half = (cut(node.id).length * LETTER_WIDTH) / 2;
  const x = Math.min(box.width - half - 2, Math.max(half + 2, place.x));
  for (const y of [place.y + 21, place.y - 12]) {
    const mine = { left: x - half, right: x + half, top: y - LABEL_HEIGHT + 3, bottom: y + 3, of };
    if (taken.every((other) => other.of === of || apart(mine, other))) {
      taken.push(mine);
      return { x, y, shown: true };
    }
  }
  return { x, y: place.y + 21, shown: false };
}

const apart = (a, b) => a.right < b.left || b.right < a.left || a.bottom < b.top || b.bottom < a.top;

/** The person in focus or under the pointer, and their edges, stand out. */
function light(links, lines, edges) {
  links.forEach((link, i) => {
    const set = (on) => () => edges.forEach((edge, at) => edge.includes(i) && lines[at].classList.toggle('lit', on));
    for (const name of ['focus', 'pointerenter']) link.addEventListener(name, set(true));
    for (const name of ['blur', 'pointerleave']) link.addEventListener(name, set(false));
  });
}

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** One stop for the Tab key; arrow keys go round: this person, the suggested, the friends. */
function steer(drawing, links) {
  drawing.addEventListener('keydown', (event) => {
    const step = STEPS[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const from = links.indexOf(event.target.closest('a'));
    const to = links.at((from + step) % links.length);
    links[from].setAttribute('tabindex', '-1');
    to.setAttribute('tabindex', '0');
    to.focus();
  });
}

/** The drawing in words: who is in it, and whom each of them knows. */
export function drawGraphList(place, { nodes, edges }, addressOf) {
  const known = (id) => edges.filter((edge) => edge.includes(id)).map(([a, b]) => (a === id ? b : a)).join(', ') || 'nobody here';
  fill(place, el('ul', { class: 'names' }, ...nodes.map(({ id, kind }) => el('li', {},
    el('a', { href: addressOf(id) }, id), el('span', { class: 'quiet-text' }, `, ${KINDS[kind]}, knows ${known(id)}`)))));
}
