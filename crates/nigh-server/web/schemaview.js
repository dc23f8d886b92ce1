/** A schema drawn: each property a row, what it holds behind a fold. */

import { el } from './dom.js';
import { prose } from './prose.js';
import { inside, limits, names, read, typeWords } from './schema.js';

/** The whole of a schema. Folds are filled when they are opened, so that a schema that holds itself does no harm. */
export function drawSchema(document, schema, within = []) {
  const around = [...within, ...names(document, schema)];
  const rows = inside(document, schema);
  const { description } = read(document, schema).held;
  return el('div', { class: 'schema' },
    el('p', { class: 'quiet-text' }, el('span', { class: 'type' }, typeWords(document, schema)), ...limits(document, schema).map(limit)),
    description && el('p', {}, ...prose(description)),
    rows.length > 0 && el('ul', { class: 'properties' }, ...rows.map((row) => drawRow(document, row, around))));
}

function drawRow(document, { label, schema, required }, within) {
  const { description } = read(document, schema).held;
  return el('li', {},
    el('p', { class: 'property' },
      label && el('code', { class: 'property-name' }, label),
      required && el('span', { class: 'required' }, 'required'),
      el('span', { class: 'type' }, typeWords(document, schema)),
      ...limits(document, schema).map(limit)),
    description && el('p', { class: 'quiet-text' }, ...prose(description)),
    held(document, label, schema, within));
}

const limit = (text) => el('code', { class: 'limit' }, text);

/** What the value holds in its turn, or where that was told already. */
function held(document, label, schema, within) {
  const own = names(document, schema);
  if (inside(document, schema).length === 0) return null;
  if (own.some((name) => within.includes(name))) return el('p', { class: 'quiet-text' }, `${own.at(-1).split('/').at(-1)} is told above.`);
  const fold = el('details', { class: 'fold' }, el('summary', {}, `What ${label || typeWords(document, schema)} holds`));
  fold.addEventListener('toggle', () => {
    if (fold.children.length === 1) fold.append(rowsOf(document, schema, [...within, ...own]));
  });
  return fold;
}

const rowsOf = (document, schema, within) => el('ul', { class: 'properties' }, ...inside(document, schema).map((row) => drawRow(document, row, within)));
