/** The parts of the query as chips: what is searched for, how much it weighs, and a way to take it out. */

import { button, el, fill, option } from './dom.js';
import { photo } from './photos.js';
import { itemPicture } from './picture.js';

const WEIGHTS = [[2, 'twice as much'], [1, 'like this'], [0.5, 'a little'], [-0.5, 'less like this'], [-1, 'much less']];

/** @param {import('./query.js').Part[]} parts @param {Record<'weigh' | 'remove' | 'edit', (at: number, weight?: number) => void>} acts */
export function drawParts(list, catalog, parts, acts) {
  fill(list, ...parts.map((part, at) => chip(catalog, part, at, parts.length > 1, acts)));
  list.hidden = parts.length === 0;
}

function chip(catalog, part, at, several, acts) {
  const name = partName(part);
  return el('li', { class: part.weight < 0 ? 'part away' : 'part' },
    thumbnail(catalog, part),
    part.kind === 'words' ? button(name, () => acts.edit(at), { class: 'bare part-name', title: 'Change the words' })
      : el('span', { class: 'part-name' }, name),
    (several || part.weight !== 1) && weights(part, name, (event) => acts.weigh(at, Number(event.target.value))),
    button('×', () => acts.remove(at), { class: 'bare remove', 'aria-label': `Take out ${name}` }));
}

export function partName({ kind, value }) {
  if (kind === 'words') return `“${value}”`;
  return kind === 'photo' ? photo(value)?.name ?? 'photo' : value;
}

function thumbnail(catalog, { kind, value }) {
  if (kind === 'item') return el('span', { class: 'thumb mat' }, itemPicture(catalog, value));
  const kept = kind === 'photo' && photo(value);
  return kept && el('span', { class: 'thumb' }, el('img', { src: kept.url, alt: 'your photo' }));
}

function weights({ weight }, name, onchange) {
  return el('select', { class: 'weight', 'aria-label': `Weight of ${name}`, onchange }, ...WEIGHTS.map(([one, text]) => option(one, text, one === weight)));
}
