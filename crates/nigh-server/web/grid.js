/** The pictures: one stop for the Tab key, arrow keys between them. */

import { bar, button, el } from './dom.js';
import { score, titleAmong, titleOf, value } from './format.js';
import { picture } from './picture.js';
import { rankWords } from './rank.js';

/** @typedef {{id: string, score?: number, rank?: import('./rank.js').Rank, image?: string, images?: string[], attributes: Record<string, any>}} Hit */

/**
 * A card for each hit.
 * @param {string[]} first attributes to show before the others
 * @param {Record<'more' | 'also' | 'less' | 'details', (hit: Hit) => void>} acts
 */
export const cards = (catalog, hits, first, acts) => hits.map((hit) => card(catalog, hit, first, acts));

function card(catalog, hit, first, acts) {
  const title = titleOf(hit);
  const found = hit.score !== undefined;
  const keys = { '+': acts.also, '-': found && acts.less, i: acts.details };
  const onkeydown = (event) => {
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key](hit);
  };
  const act = (text, does, name, hint) => button(text, () => does(hit), { class: 'bare', tabindex: -1, 'aria-label': `${name} ${title}`, title: hint });
  const pick = button('', () => acts.more(hit), { class: 'pick mat', tabindex: -1, title: 'More like this', 'aria-label': `More like this: ${title}${found ? `, score ${score(hit.score)}` : ''}` });
  pick.append(picture(catalog, hit.id, hit.image ?? hit.images?.[0], title));
  return el('li', { class: 'card', 'data-id': hit.id, onkeydown }, pick, found && bar(hit.score),
    el('p', { class: 'card-title', title }, title),
    el('p', { class: 'card-facts' }, ...facts(hit, title, first)),
    el('p', { class: 'card-acts' },
      act('More', acts.more, 'More like', 'More like this (Enter)'),
      found && act('Less', acts.less, 'Less like', 'Less like this (-)'),
      act('Details', acts.details, 'Details of', 'All that is known of it (i)')));
}

/** The score, the id where it is not the title already, and a few attributes. */
function facts(hit, title, first) {
  const names = [...new Set([...first, ...Object.keys(hit.attributes)])];
  const told = names.filter((name) => name !== titleAmong(names) && name in hit.attributes).slice(0, 3);
  return [
    hit.score !== undefined && el('strong', { title: 'score' }, score(hit.score)),
    hit.rank && el('span', { class: 'ranked', title: rankWords(hit.rank) }, `ranked ${score(hit.rank.score)}`),
    title !== hit.id && el('span', { class: 'code', title: 'id' }, hit.id),
    ...told.map((name) => el('span', { title: name }, value(hit.attributes[name]))),
  ];
}

const MOVES = {
  ArrowRight: (at) => at + 1,
  ArrowLeft: (at) => at - 1,
  ArrowDown: (at, columns) => at + columns,
  ArrowUp: (at, columns) => at - columns,
  Home: () => 0,
  End: (at, columns, count) => count - 1,
};

/** Makes the arrow keys move over the grid. `before` and `after` take the focus at its ends. */
export function moveWithArrows(grid, before, after) {
  grid.addEventListener('keydown', (event) => {
    const from = event.target.closest('.card');
    if (!MOVES[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const all = [...grid.children];
    const to = MOVES[event.key](all.indexOf(from), columns(all), all.length);
    if (all[to]) focusCard(all[to]);
    else (to < 0 ? before : after)();
  });
  grid.addEventListener('focusin', (event) => activate(grid, event.target.closest('.card')));
}

const columns = (all) => all.filter((one) => one.offsetTop === all[0].offsetTop).length;

export const focusCard = (one) => one.querySelector('.pick').focus();

/** Makes a card the one that the Tab key stops at. */
export function activate(grid, one) {
  if (!one) return;
  for (const control of grid.querySelectorAll('[tabindex="0"]')) control.tabIndex = -1;
  for (const control of one.querySelectorAll('button')) control.tabIndex = 0;
}

export const cardOf = (grid, id) => [...grid.children].find((one) => one.dataset.id === id);
