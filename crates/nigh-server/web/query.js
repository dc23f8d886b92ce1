/** What is asked of a catalog: read from the address, written to it, and put as a request. */

import { photo } from './photos.js';
import { readPipeline } from './pipeline.js';

/**
 * One thing to search for. `value` is an item's id, words, or the id of a photo of this visit.
 * @typedef {{kind: 'item' | 'words' | 'photo', weight: number, value: string}} Part
 */
/**
 * `order` is an attribute, with a minus before it for descending; `pipeline` is JSON; what is empty is not asked for.
 * @typedef {{parts: Part[], where: string, group: string, order: string, accuracy: string, least: string, pipeline: string, count: string}} Query
 */

const DEFAULTS = { where: '', group: '', order: '', accuracy: '', least: '', pipeline: '', count: '24' };

/** The weight of something to move away from. */
export const LESS = -0.5;

/** @param {URLSearchParams} parameters @returns {Query} */
export function readQuery(parameters) {
  const plain = Object.entries(DEFAULTS).map(([name, value]) => [name, parameters.get(name) ?? value]);
  return { ...Object.fromEntries(plain), parts: parameters.getAll('q').map(readPart).filter(Boolean) };
}

function readPart(text) {
  const [, kind, weight, value] = /^(item|words|photo):(-?[\d.]+):(.+)$/s.exec(text) ?? [];
  return kind && { kind, weight: Number(weight), value };
}

export function writeQuery(query) {
  const parameters = new URLSearchParams(query.parts.map((part) => ['q', `${part.kind}:${part.weight}:${part.value}`]));
  for (const [name, value] of Object.entries(DEFAULTS)) if (query[name] !== value) parameters.set(name, query[name]);
  return parameters;
}

/** Whether the address speaks of a photo that this visit does not have. */
export const hasLostPhoto = (query) => query.parts.some((part) => part.kind === 'photo' && !photo(part.value));

/** The query with one more part; the same thing again only changes its weight. */
export function withPart(query, part) {
  const others = query.parts.filter((p) => p.kind !== part.kind || p.value !== part.value);
  return { ...query, parts: [...others, part] };
}

/** The query with this part alone; conditions and order stay. */
export const onlyPart = (query, part) => ({ ...query, parts: [part] });

export const withoutPart = (query, at) => ({ ...query, parts: query.parts.toSpliced(at, 1) });

/** The body of a search, from the `offset`-th hit on. Facets are asked for with the first hits. */
export function searchBody({ parts, count, where, group, order, accuracy, least, pipeline }, facets, offset) {
  const body = { ...given(parts), k: Number(count), offset, explain: true };
  if (where) body.where = where;
  if (group) body.group_by = group;
  if (order) body.order_by = { attribute: order.replace(/^-/, ''), descending: order.startsWith('-') };
  if (accuracy) body.params = accuracy === 'exact' ? { exact: true } : { recall: Number(accuracy) };
  if (least) body.min_score = Number(least);
  if (readPipeline(pipeline)) body.pipeline = readPipeline(pipeline);
  if (facets.length && offset === 0) body.facets = facets;
  return body;
}

function given(parts) {
  if (parts.length === 1 && parts[0].weight === 1) return source(parts[0]);
  return { query: parts.map((part) => ({ ...source(part), weight: part.weight })) };
}

function source({ kind, value }) {
  if (kind === 'item') return { item_id: value };
  return kind === 'words' ? { text: value } : { image: photo(value).base64 };
}
