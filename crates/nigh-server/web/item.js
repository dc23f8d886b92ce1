/** All that is known of one item. */

import { get, path } from './api.js';
import { condition } from './conditions.js';
import { $, button, el, fill } from './dom.js';
import { showFailure } from './failure.js';
import { titleOf, value } from './format.js';
import { picture } from './picture.js';
import { rankTable } from './rank.js';

export async function showItem(catalog, hit, acts) {
  const leaving = (text, act, properties) => button(text, () => {
    $('item').close();
    act();
  }, properties);
  fill('item-title', titleOf(hit));
  fill('item-body', el('p', { role: 'status' }, 'Loading…'));
  $('item').showModal();
  try {
    const item = await get(path('catalogs', catalog.name, 'items', hit.id));
    fill('item-body', pictures(catalog.name, item), el('div', { class: 'row' },
      leaving('More like this', () => acts.more(hit), { class: 'primary' }),
      leaving('Also like this', () => acts.also(hit)),
      leaving('Less like this', () => acts.less(hit))), hit.rank && rankTable(hit.rank), facts(catalog, item, acts, leaving));
  } catch (error) {
    showFailure('item-body', error);
  }
}

function pictures(catalog, item) {
  const each = item.images.map((image) => el('li', { class: 'mat' }, picture(catalog, item.id, image, `${titleOf(item)}, picture ${image}`)));
  return el('ul', { class: 'item-pictures', 'aria-label': 'Pictures' }, ...each);
}

/** The attributes; one that a condition can be made of is a button. */
function facts(catalog, item, acts, leaving) {
  const narrowing = catalog.attributes.filter(({ type }) => type !== 'float' && type !== 'date').map(({ name }) => name);
  const rows = Object.entries(item.attributes).map(([name, held]) => {
    const text = condition(name, held);
    const shown = narrowing.includes(name) ? leaving(value(held), () => acts.narrow(text), { class: 'bare', title: `Only items where ${text}` }) : value(held);
    return el('div', {}, el('dt', {}, name), el('dd', {}, shown));
  });
  return el('dl', { class: 'attributes' }, el('div', {}, el('dt', {}, 'id'), el('dd', { class: 'code' }, item.id)), ...rows);
}
