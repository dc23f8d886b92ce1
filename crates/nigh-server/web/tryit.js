/** The form that sends an operation's request, shows it as a command, and shows the answer. */

import { ROOT, authorization } from './api.js';
import { drawAnswer, drawFailure } from './answer.js';
import { confirmed } from './confirm.js';
import { curl } from './curl.js';
import { button, el, fill, option } from './dom.js';
import { exampleOf } from './example.js';
import { bodyFields, readBody } from './trybody.js';
import { read } from './schema.js';

/** @param {import('./openapi.js').Operation} operation */
export function drawTry(document, operation) {
  const { id, method, parameters, bodies } = operation;
  const command = el('pre', { class: 'command', tabindex: 0, role: 'group', 'aria-label': 'The request as a command' });
  const answer = el('div', { class: 'answered', role: 'status' });
  const body = el('div', {});
  const type = bodies.length > 1 && el('select', { id: `${id}-type` }, ...bodies.map((one) => option(one.type)));
  const bodyAs = () => bodies.find((one) => one.type === type.value) ?? bodies[0];
  const show = () => fill(command, curl(request(operation, form, bodyAs()), 'authorization' in authorization()));
  const drawBody = () => bodies.length > 0 && fill(body, ...bodyFields(document, id, bodyAs(), exampleOf));
  const send = async (event) => {
    event.preventDefault();
    if (method === 'DELETE' && !await confirmed(`Send ${method}?`, 'This deletes, and the server does not keep what was there.', 'Send')) return;
    await ask(request(operation, form, bodyAs()), form, answer, () => form.requestSubmit());
    // A key may have come since.
    show();
  };
  const form = el('form', { 'aria-label': `Try ${method} ${operation.path}`, onsubmit: send, oninput: show, onkeydown: sendByKey },
    el('h4', {}, 'Try it'),
    ...parameters.map((one) => parameterField(document, operation, one)),
    type && el('div', { class: 'field' }, el('label', { for: type.id }, 'Body as'), type),
    body,
    command,
    el('div', { class: 'row' },
      el('button', { type: 'submit', class: method === 'DELETE' ? 'danger' : 'primary' }, `Send ${method}`),
      copyButton(command)));
  if (type) type.addEventListener('change', drawBody);
  drawBody();
  show();
  // The answer may hold a form of its own, so it is not in this one.
  return el('div', { class: 'try' }, form, answer);
}

function parameterField(document, { id, tag }, { name, in: place, required, schema = {} }) {
  const { held } = read(document, schema);
  const key = `${id}-${place}-${name}`;
  const known = { id: key, name: `${place}:${name}`, required };
  const field = choices(held)
    ? el('select', known, option('', required ? 'choose' : 'not sent'), ...choices(held).map((one) => option(String(one))))
    : el('input', {
      ...known, type: 'text', autocomplete: 'off', spellcheck: 'false', list: place === 'path' && name === 'name' ? tag : null,
      placeholder: held.default !== undefined && held.default !== null ? String(held.default) : null,
    });
  return el('div', { class: 'field' }, el('label', { for: key }, name, required && el('span', { class: 'required' }, ' required')), field);
}

const choices = (held) => held.enum ?? (held.type === 'boolean' ? [true, false] : null);

/** The request as the form says it. What is still missing of the path stands in capitals. @returns {import('./curl.js').Request} */
function request({ method, path, parameters }, form, body) {
  const value = (place, name) => form?.elements.namedItem(`${place}:${name}`)?.value.trim() ?? '';
  const given = (place) => parameters.filter((one) => one.in === place).map(({ name }) => [name, value(place, name)]);
  const steps = given('path').reduce((held, [name, text]) => held.replace(`{${name}}`, encodeURIComponent(text || name.toUpperCase())), path);
  const query = new URLSearchParams(given('query').filter(([, text]) => text !== '')).toString();
  const headers = Object.fromEntries(given('header').filter(([, text]) => text !== ''));
  const url = ROOT + steps.replace(/^\//, '') + (query && `?${query}`);
  return { method, url, headers, ...(body && form && readBody(form, body, headers)) };
}

async function ask({ method, url, headers, body, form: parts }, form, place, again) {
  const wrong = body !== undefined && headers['content-type'] === 'application/json' && jsonFault(body);
  form.querySelector('textarea')?.setAttribute('aria-invalid', String(Boolean(wrong)));
  if (wrong) return fill(place, el('p', { class: 'bad-text' }, `The body is no JSON: ${wrong}`));
  fill(place, el('p', {}, 'Sent…'));
  const data = parts && new FormData();
  for (const [name, value] of parts ?? []) data.append(name, value);
  const started = performance.now();
  try {
    const answer = await fetch(url, { method, headers: { ...headers, ...authorization() }, body: data ?? body });
    const bytes = await answer.blob();
    return drawAnswer(place, answer, bytes, performance.now() - started, again);
  } catch {
    return drawFailure(place);
  }
}

function jsonFault(text) {
  try {
    JSON.parse(text);
    return '';
  } catch (error) {
    return error.message;
  }
}

/** Ctrl and Enter send from within the body, where Enter alone begins a line. */
function sendByKey(event) {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) event.currentTarget.requestSubmit();
}

/** Copies the command; where the browser does not let a page do that, it is selected to be copied by hand. */
function copyButton(command) {
  const copy = button('Copy curl', async () => {
    try {
      await navigator.clipboard.writeText(command.textContent);
      fill(copy, 'Copied');
    } catch {
      getSelection().selectAllChildren(command);
      fill(copy, 'Selected: Ctrl C');
    }
    setTimeout(() => fill(copy, 'Copy curl'), 2000);
  });
  return copy;
}
