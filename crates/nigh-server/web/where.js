/** The field for a condition: the attributes it may name, and the server's sentence where it does not understand. */

import { column } from './conditions.js';
import { button, el, fill } from './dom.js';

const SAMPLES = { string: "= 'some text'", integer: '>= 10', float: '< 9.5', boolean: '= TRUE', date: ">= '2024-01-31'" };

/** Offers the attributes below the field. */
export function offerAttributes(list, field, attributes) {
  fill(list, ...attributes.map(({ name, type }) => el('li', {}, button(name, () => insert(field, name, type), { class: 'chip', title: type }))));
  list.parentElement.hidden = attributes.length === 0;
  field.placeholder = example(attributes);
}

/** A condition on the first of the attributes. */
export const example = ([first] = []) => (first ? `for example ${column(first.name)} ${SAMPLES[first.type] ?? ''}` : '');

/** Puts a comparison where the cursor is, and the cursor where its value goes. */
function insert(field, name, type) {
  const [before, after] = [field.value.slice(0, field.selectionStart), field.value.slice(field.selectionEnd)];
  const joined = before.trim() && !/(\(|\b(AND|OR|NOT))\s*$/i.test(before) ? `${before.trimEnd()} AND ` : before;
  const quote = ['string', 'date'].includes(type) ? "'" : '';
  const start = `${joined}${column(name)} = ${quote}`;
  field.value = start + quote + after;
  field.focus();
  field.setSelectionRange(start.length, start.length);
}

/** Shows the server's sentence beside the field, or clears it. */
export function showWhereError(place, field, error) {
  field.setAttribute('aria-invalid', String(Boolean(error)));
  fill(place, ...(error ? sentenceOf(error) : []));
}

/** The server's sentence about a condition, and below it the place in the text. */
export function sentenceOf(error) {
  const [sentence, ...rest] = error.message.split('\n');
  return [el('p', {}, sentence), rest.length > 0 && el('pre', {}, rest.join('\n'))];
}
