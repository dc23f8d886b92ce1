/** Of what a hit's place in the ranking is made. */

import { bar, el } from './dom.js';
import { score } from './format.js';

/** @typedef {{score: number, parts: {part: string, value: number}[]}} Rank */

/** `0.95 = similarity 0.83 + freshness 0.12` */
export const rankWords = (rank) => `${score(rank.score)} = ${rank.parts.map(({ part, value }) => `${part} ${score(value)}`).join(' + ')}`;

/** @param {Rank} rank */
export function rankTable({ score: whole, parts }) {
  const most = Math.max(...parts.map(({ value }) => Math.abs(value)), 1e-9);
  const rows = parts.map(({ part, value }) => el('div', {}, el('dt', {}, part), el('dd', {}, el('span', {}, score(value)), bar(Math.abs(value) / most))));
  return el('section', { class: 'rank', 'aria-labelledby': 'rank-title' },
    el('h3', { id: 'rank-title' }, `Ranked with ${score(whole)}`),
    el('dl', { class: 'attributes' }, ...rows));
}
