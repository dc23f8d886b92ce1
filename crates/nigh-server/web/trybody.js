/** The body of a request that is tried: text that is filled in beforehand, or the fields of a form with files. */

import { el } from './dom.js';
import { read } from './schema.js';

const FORM = 'multipart/form-data';

/** @param {import('./openapi.js').Body} body @param {(document: object, schema: object) => any} make an example */
export function bodyFields(document, id, { type, schema, example }, make) {
  if (type === FORM) return formFields(document, id, schema);
  const value = example ?? make(document, schema);
  const text = type === 'application/json' ? JSON.stringify(value, null, 2) : typeof value === 'string' ? value : JSON.stringify(value);
  const field = el('textarea', { id: `${id}-body`, name: 'body', class: 'code', rows: Math.min(16, Math.max(3, text.split('\n').length)), spellcheck: 'false' });
  field.value = text;
  return [el('div', { class: 'field' }, el('label', { for: field.id }, 'Body'), field)];
}

function formFields(document, id, schema) {
  return Object.entries(read(document, schema).held.properties ?? {}).map(([name, one]) => {
    const key = `${id}-form-${name}`;
    const { held } = read(document, one);
    const isFile = (held.items ? read(document, held.items).held : held).format === 'binary';
    const field = isFile ? el('input', { type: 'file', multiple: held.type === 'array' }) : el('input', { type: 'text', autocomplete: 'off', spellcheck: 'false' });
    field.id = key;
    field.name = `form:${name}`;
    return el('div', { class: 'field' }, el('label', { for: key }, name), field);
  });
}

/** The body as the form says it; its media type goes into the headers, but where the browser writes it itself. */
export function readBody(form, { type }, headers) {
  if (type === FORM) return { form: [...form.elements].filter(({ name }) => name.startsWith('form:')).flatMap(formValues) };
  headers['content-type'] = type;
  return { body: form.elements.namedItem('body')?.value ?? '' };
}

function formValues(field) {
  const name = field.name.replace('form:', '');
  if (field.files) return [...field.files].map((file) => [name, file]);
  return field.value.trim() ? [[name, field.value.trim()]] : [];
}
