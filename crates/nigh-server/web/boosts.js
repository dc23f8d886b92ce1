/** The rows of the ranking panel: what adds to an item's score, and how much. */

import { button, el, fill, option } from './dom.js';

/** What a new row says: a tenth of the greatest similarity, and half of that at 100. */
const WEIGHT = 0.1;
const PIVOT = 100;

export const newCondition = () => ({ where: '', weight: WEIGHT });

export const newNumber = (numbers) => ({ attribute: numbers[0], pivot: PIVOT, weight: WEIGHT });

/** @param {object[]} boosts @param {string[]} numbers names of the attributes that are numbers @param {() => void} changed */
export function drawBoosts(list, boosts, numbers, changed) {
  fill(list, ...boosts.map((boost) => boostRow(boost, numbers, changed)));
}

export function boostRow(boost, numbers, changed) {
  const row = el('li', { class: 'row boost' }, ...('where' in boost ? conditionFields(boost) : numberFields(boost, numbers)),
    labelled('Weight', numberField('weight', boost.weight)),
    button('×', () => {
      row.remove();
      changed();
    }, { class: 'bare remove', 'aria-label': 'Take this boost out' }));
  return row;
}

const conditionFields = ({ where }) => [labelled('Items where', el('input', { name: 'where', class: 'code', type: 'text', autocomplete: 'off', spellcheck: 'false', value: where }), 'grow')];

/** An attribute that the catalog has no more is still shown, as it was asked for. */
function numberFields({ attribute, pivot }, numbers) {
  const names = numbers.includes(attribute) ? numbers : [attribute, ...numbers];
  return [
    labelled('The more of', el('select', { name: 'attribute' }, ...names.map((name) => option(name, name, name === attribute))), 'grow'),
    labelled('Half at', numberField('pivot', pivot, { min: 0 })),
  ];
}

const numberField = (name, value, limits = {}) => el('input', { name, type: 'number', step: 'any', value: String(value), ...limits });

/** The label holds its field, so that rows need no ids. */
const labelled = (text, field, more = '') => el('label', { class: `field ${more}` }, el('span', {}, text), field);

/** The boosts that the rows say; one that is not complete yet counts for nothing. */
export const readBoosts = (list) => [...list.children].map(readRow).filter(Boolean);

function readRow(row) {
  const text = (name) => row.querySelector(`[name="${name}"]`)?.value.trim();
  const weight = numberIn(text('weight'));
  if (weight === undefined) return null;
  if (text('where') !== undefined) return text('where') && { where: text('where'), weight };
  const pivot = numberIn(text('pivot'));
  return pivot === undefined ? null : { attribute: text('attribute'), pivot, weight };
}

/** The number in a field, or nothing. */
export function numberIn(text) {
  const number = Number(text);
  return text === '' || Number.isNaN(number) ? undefined : number;
}
