/** JSON Schema in words: what a value is, what it may be, and what it holds. */

import { target } from './openapi.js';

/**
 * A schema with its references followed. `name` is the last reference's; `within` are the names of those around it,
 * by which a schema that holds itself is found.
 * @typedef {{held: any, name: string, optional: boolean, variants: object[]}} Read
 * `optional` tells that null is allowed.
 */

/** @returns {Read} */
export function read(document, schema = {}) {
  const name = schema.$ref?.split('/').at(-1) ?? '';
  const held = merged(document, target(document, schema));
  const all = held.oneOf ?? held.anyOf ?? [];
  const variants = all.filter((one) => one.type !== 'null');
  const nullable = variants.length < all.length || (Array.isArray(held.type) && held.type.includes('null'));
  if (variants.length !== 1) return { held, name, optional: nullable, variants };
  // A value or null: the value is what is of interest.
  const only = read(document, variants[0]);
  const { oneOf, anyOf, ...beside } = held;
  return { ...only, held: { ...only.held, ...beside }, optional: nullable || only.optional };
}

/** `allOf` put together. */
function merged(document, held) {
  if (!held.allOf) return held;
  const parts = held.allOf.map((one) => merged(document, target(document, one)));
  const { allOf, ...beside } = held;
  return [...parts, beside].reduce((all, one) => ({
    ...all, ...one,
    properties: { ...all.properties, ...one.properties },
    required: [...(all.required ?? []), ...(one.required ?? [])],
  }), {});
}

/** `string`, `array of Item`, `Item or null`. */
export function typeWords(document, schema) {
  const { held, name, optional, variants } = read(document, schema);
  return plainWords(document, held, name, variants) + (optional ? ' or null' : '');
}

function plainWords(document, held, name, variants) {
  if (variants.length) return name || [...new Set(variants.map((one) => typeWords(document, one)))].join(' or ');
  const type = [held.type].flat().find((one) => one && one !== 'null');
  if (type === 'array') return `array of ${typeWords(document, held.items)}`;
  if (type === 'object' || held.properties) return objectWords(document, held, name);
  if (!type) return 'anything';
  const kind = held.contentEncoding ?? (['binary', 'date', 'date-time', 'byte'].includes(held.format) && held.format);
  return kind ? `${type} (${kind})` : type;
}

function objectWords(document, held, name) {
  if (name || Object.keys(held.properties ?? {}).length || !isTyped(held.additionalProperties)) return name || 'object';
  return `object of ${typeWords(document, held.additionalProperties)}`;
}

const isTyped = (more) => Boolean(more) && typeof more === 'object' && Object.keys(more).length > 0;

/** What limits a value, and what it is where nothing is said. */
export function limits(document, schema) {
  const { held } = read(document, schema);
  const told = [
    ['minimum', '≥'], ['exclusiveMinimum', '>'], ['maximum', '≤'], ['exclusiveMaximum', '<'],
    ['minLength', 'length ≥'], ['maxLength', 'length ≤'], ['minItems', 'items ≥'], ['maxItems', 'items ≤'], ['pattern', 'matches'],
  ].filter(([key]) => held[key] !== undefined).map(([key, sign]) => `${sign} ${held[key]}`);
  if (held.enum) told.push(held.enum.map((one) => JSON.stringify(one)).join(' | '));
  if (held.const !== undefined) told.push(`always ${JSON.stringify(held.const)}`);
  if (held.default !== undefined && held.default !== null) told.push(`default ${JSON.stringify(held.default, (_, value) => value ?? undefined)}`);
  return told;
}

/**
 * What a schema holds: properties of an object, the items of an array, or alternatives.
 * @returns {{label: string, schema: object, required: boolean}[]}
 */
export function inside(document, schema) {
  const { held, variants } = read(document, schema);
  if (variants.length) return variants.map((one) => ({ label: '', schema: one, required: false }));
  if (held.items) return inside(document, held.items);
  const rows = Object.entries(held.properties ?? {}).map(([label, one]) => ({ label, schema: one, required: (held.required ?? []).includes(label) }));
  rows.sort((a, b) => b.required - a.required);
  if (isTyped(held.additionalProperties)) rows.push({ label: 'any name', schema: held.additionalProperties, required: false });
  return rows;
}

/** The references that a schema goes through, down to what it holds. */
export function names(document, schema = {}, seen = []) {
  if (schema.$ref && !seen.includes(schema.$ref)) return [schema.$ref, ...names(document, target(document, schema), [...seen, schema.$ref])];
  if (schema.items) return names(document, schema.items, seen);
  const only = (schema.oneOf ?? schema.anyOf ?? []).filter((one) => one.type !== 'null');
  return only.length === 1 ? names(document, only[0], seen) : [];
}
