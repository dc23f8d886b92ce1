/** One operation of the reference: what it does, takes and answers, and a form to try it. */

import { el } from './dom.js';
import { paragraphs, prose } from './prose.js';
import { limits, typeWords } from './schema.js';
import { drawSchema } from './schemaview.js';
import { drawTry } from './tryit.js';

/** @param {import('./openapi.js').Operation} operation */
export function drawOperation(document, operation) {
  const { id, method, path, summary, description, parameters, bodies, bodyRequired, answers } = operation;
  return el('article', { class: 'operation panel', id, 'aria-labelledby': `${id}-title`, tabindex: -1 },
    el('h3', { id: `${id}-title` }, summary || `${method} ${path}`),
    el('p', { class: 'endpoint' }, methodMark(method), el('code', {}, ...breakable(path)),
      el('a', { href: `#${id}`, class: 'bare', 'aria-label': `Link to ${method} ${path}` }, 'Link')),
    ...paragraphs(description),
    el('div', { class: 'sides' },
      el('div', {},
        parameters.length > 0 && section('Parameters', el('ul', { class: 'properties' }, ...parameters.map((one) => drawParameter(document, one)))),
        bodies.length > 0 && section(bodyRequired ? 'Request body, required' : 'Request body', ...bodies.map((one) => drawBody(document, one))),
        section('Answers', ...answers.map((one) => drawAnswer(document, one)))),
      drawTry(document, operation)));
}

export const methodMark = (method) => el('span', { class: `method ${method.toLowerCase()}` }, method);

/** A path may be broken before a slash. */
export const breakable = (path) => path.split(/(?=\/)/).flatMap((step) => [el('wbr'), step]);

const section = (title, ...content) => el('section', {}, el('h4', {}, title), ...content);

function drawParameter(document, { name, in: place, required, description, schema = {} }) {
  return el('li', {},
    el('p', { class: 'property' },
      el('code', { class: 'property-name' }, name),
      required && el('span', { class: 'required' }, 'required'),
      el('span', { class: 'type' }, `${typeWords(document, schema)}, in the ${place}`),
      ...limits(document, schema).map((one) => el('code', { class: 'limit' }, one))),
    description && el('p', { class: 'quiet-text' }, ...prose(description)));
}

const drawBody = (document, { type, schema }) => el('div', { class: 'body' }, el('p', {}, el('code', {}, type)), drawSchema(document, schema));

/** An answer that succeeded is open, failures are folded: they are the same everywhere. */
function drawAnswer(document, { status, description, bodies }) {
  const good = /^[123]/.test(status);
  const fold = el('details', { class: 'answer fold', open: good },
    el('summary', {}, el('strong', { class: good ? 'good' : 'bad-text' }, status), ` ${[description || NAMES[status] || '', ...bodies.map(({ type }) => type)].filter(Boolean).join(' · ')}`));
  if (bodies.length === 0) fold.append(el('p', { class: 'quiet-text' }, 'Without a body.'));
  const draw = () => fold.children.length === 1 && fold.append(...bodies.map(({ schema }) => drawSchema(document, schema)));
  if (good) draw();
  else fold.addEventListener('toggle', draw);
  return fold;
}

const NAMES = { 200: 'Done', 201: 'Created', 204: 'Done', '4XX': 'The request is refused', '5XX': 'The server failed' };
