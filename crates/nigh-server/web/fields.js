/** The fields of a query beside its parts: condition, order, accuracy and how many hits. */

import { $, fill, on, option } from './dom.js';
import { offerAttributes } from './where.js';

const ACCURACIES = [['', 'as set'], ['exact', 'exact'], ['0.99', 'recall 0.99'], ['0.95', 'recall 0.95'], ['0.9', 'recall 0.90']];
/** Of these, what is empty is not set. */
const OPTIONS = ['order', 'group', 'accuracy', 'least'];

export function openFields(changed) {
  fill('accuracy', ...ACCURACIES.map(([value, text]) => option(value, text)));
  for (const id of [...OPTIONS, 'count']) on(id, 'change', changed);
}

/** Turns the fields to a catalog, or to none. */
export function prepareFields(catalog) {
  const attributes = catalog?.attributes ?? [];
  const names = attributes.map((one) => one.name);
  $('catalog').value = catalog?.name ?? '';
  offerAttributes($('where-names'), $('where'), attributes);
  fill('order', option('', 'score'), ...names.flatMap((one) => [option(one, `${one}, up`), option(`-${one}`, `${one}, down`)]));
  fill('group', option('', 'no grouping'), ...names.map((one) => option(one)));
  fill('words-label', catalog?.text ? 'Words' : 'Item id');
  $('words').placeholder = catalog?.text ? 'for example red summer dress' : 'for example the id below a picture';
  $('words').value = '';
  fill('query-hint', catalog?.text ? 'Drop, paste or pick a photo, type words, or both together.'
    : 'Drop, paste or pick a photo. This catalog’s encoder knows no words: begin with a picture below or an item’s id.');
}

/** @param {import('./query.js').Query} query */
export function drawFields(query) {
  if (![...$('count').options].some((one) => one.value === query.count)) $('count').append(option(query.count));
  for (const name of ['where', 'count', ...OPTIONS]) $(name).value = query[name];
  $('options').disabled = query.parts.length === 0;
  const set = ['where', ...OPTIONS].filter((name) => query[name]).length;
  fill('refine-state', set ? `${set} set` : '');
  if (set) $('refine').open = true;
}

export const readFields = () => Object.fromEntries(['where', 'count', ...OPTIONS].map((name) => [name, $(name).value.trim()]));
