/** Example values made of a schema, where the document gives none. */

import { read } from './schema.js';

const DEEPEST = 6;

/** A value that the schema allows; `name` stands for a text of which nothing is known. */
export function exampleOf(document, schema, name = 'text', depth = 0) {
  const { held, variants } = read(document, schema);
  const given = held.example ?? held.examples?.[0] ?? held.const ?? held.default ?? held.enum?.[0];
  if (given !== undefined && given !== null && !isEmpty(given)) return given;
  if (depth > DEEPEST) return null;
  if (variants.length) return exampleOf(document, variants[0], name, depth + 1);
  const type = [held.type].flat().find((one) => one && one !== 'null') ?? (held.properties ? 'object' : '');
  return MAKE[type]?.(held, name, document, depth) ?? given ?? null;
}

const isEmpty = (value) => typeof value === 'object' && Object.keys(value).length === 0;

const MAKE = {
  string: (held, name) => {
    if (held.contentEncoding) return held.contentEncoding.toUpperCase();
    return { date: '2026-01-31', 'date-time': '2026-01-31T12:00:00Z' }[held.format] ?? name.toUpperCase();
  },
  integer: (held) => Math.max(held.minimum ?? 1, Math.min(1, held.maximum ?? 1)),
  number: (held) => Math.min(Math.max(0.5, held.minimum ?? 0.5), held.maximum ?? 0.5),
  boolean: () => true,
  array: (held, name, document, depth) => [exampleOf(document, held.items, name.replace(/s$/, ''), depth + 1)],
  object: exampleObject,
};

/** What is required; of an object that requires nothing, what stands for it by default. */
function exampleObject(held, name, document, depth) {
  const properties = Object.entries(held.properties ?? {});
  const required = properties.filter(([key]) => held.required?.includes(key));
  const chosen = required.length ? required : properties.filter(([key, one]) => isDefault(one) || key === oneOfThese(held));
  return Object.fromEntries(chosen.map(([key, one]) => [key, exampleOf(document, one, key, depth + 1)]));
}

const isDefault = (held) => held.default !== undefined && held.default !== null && typeof held.default !== 'object';

/** “Exactly one of `image`, `text` …” in a description: the first that is a plain text. */
function oneOfThese({ description = '', properties }) {
  const [, list = ''] = /exactly one of ((?:`\w+`(?:, | and | or )?)+)/i.exec(description) ?? [];
  const isPlain = (held) => held && [held.type].flat().includes('string') && !held.contentEncoding;
  return [...list.matchAll(/`(\w+)`/g)].map(([, key]) => key).find((key) => isPlain(properties[key]));
}
