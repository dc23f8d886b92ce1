/** Values of attributes with their counts; a click adds the condition, another takes it away. */

import { condition, has } from './conditions.js';
import { bar, button, el, fill } from './dom.js';
import { count, titleAmong, value } from './format.js';

const SHOWN = 8;
/** How many attributes the server counts at once, unless it is set up otherwise. */
const MOST = 16;

export function facetNames(attributes) {
  const title = titleAmong(attributes.map(({ name }) => name));
  return attributes.filter(({ name, type }) => ['string', 'integer', 'boolean'].includes(type) && name !== title).map(({ name }) => name).slice(0, MOST);
}

/** Draws the facets that tell something, and returns whether there is any. */
export function drawFacets(list, facets, where, choose) {
  const told = Object.entries(facets).filter(([name, values]) => tells(name, values, where));
  fill(list, ...told.map(([name, values]) => facet(name, values, where, choose)));
  return told.length > 0;
}

/** A single value, or one for each item, narrows nothing. */
function tells(name, values, where) {
  const chosen = values.some((one) => has(where, condition(name, one.value)));
  return chosen || (values.length > 1 && values.some((one) => one.count > 1));
}

function facet(name, values, where, choose) {
  const most = Math.max(...values.map((one) => one.count));
  const items = values.map((one) => {
    const text = condition(name, one.value);
    const chip = button('', () => choose(text), { class: 'facet', 'aria-pressed': String(has(where, text)) });
    chip.append(el('span', { class: 'facet-value' }, value(one.value)), ' ', el('span', { class: 'quiet-text' }, count(one.count)), bar(one.count / most));
    return el('li', {}, chip);
  });
  const list = (some) => el('ul', { class: 'facet-values', 'aria-label': name }, ...some);
  return el('section', { class: 'facet-group' }, el('h4', {}, name), list(items.slice(0, SHOWN)),
    items.length > SHOWN && el('details', {}, el('summary', { class: 'quiet-text' }, `${items.length - SHOWN} more`), list(items.slice(SHOWN))));
}
