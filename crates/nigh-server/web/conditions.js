/** Conditions as text: `gender = 'Women' AND price < 50`. A facet adds and takes away one of those that AND joins. */

export const condition = (name, value) => (value === null ? `${column(name)} IS NULL` : `${column(name)} = ${literal(value)}`);

const literal = (value) => (typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value).toUpperCase());

/** A column's name, in double quotes unless it is a plain word. */
export const column = (name) => (/^[A-Za-z_]\w*$/.test(name) && !RESERVED.test(name) ? name : `"${name.replaceAll('"', '""')}"`);

const RESERVED = /^(all|and|any|as|between|by|case|date|else|end|from|group|i?like|in|interval|is|join|limit|not|null|on|or|order|select|set|table|then|time|timestamp|true|union|values|when|where)$/i;

const AND = ' AND ';

/** Whether the condition is one of those that AND joins. */
export const has = (where, one) => `${AND}${where}${AND}`.includes(AND + one + AND);

/** Adds the condition, or takes it away where it stands. OR binds weaker than AND: what holds one goes in parentheses. */
export function toggle(where, one) {
  if (has(where, one)) return `${AND}${where}${AND}`.replace(AND + one + AND, AND).slice(AND.length, -AND.length);
  if (!where) return one;
  return (/\bor\b/i.test(where) && !/^\([^()]*\)( AND [^()]*)?$/.test(where) ? `(${where})` : where) + AND + one;
}
