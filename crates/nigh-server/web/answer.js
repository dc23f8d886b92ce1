/** What came back of a request that was tried. */

import { el, fill } from './dom.js';
import { keyForm } from './failure.js';
import { bytes, milliseconds } from './format.js';

/** More than this of a body is not drawn: a browser would be slow with it. */
const MOST_SIGNS = 100_000;

/** @param {Response} answer @param {Blob} body @param {() => void} again sends once more, with a key */
export async function drawAnswer(place, answer, body, ms, again) {
  const id = answer.headers.get('x-request-id');
  fill(place,
    el('p', {}, el('strong', { class: answer.ok ? 'status good' : 'status bad-text' }, `${answer.status} ${answer.statusText}`),
      ` in ${milliseconds(ms)}`, body.size > 0 && `, ${bytes(body.size)}`),
    id && el('p', { class: 'quiet-text' }, 'Request ', el('code', {}, id)),
    await drawBody(body, answer.headers.get('content-type') ?? ''),
    answer.status === 401 && keyForm(again));
}

export const drawFailure = (place) => fill(place, el('p', { class: 'bad-text' }, 'The server does not answer.'));

async function drawBody(body, type) {
  if (body.size === 0) return el('p', { class: 'quiet-text' }, 'Without a body.');
  if (type.startsWith('image/')) return picture(body);
  const text = await body.text();
  const shown = type.includes('json') ? indented(text) : text;
  const cut = shown.length > MOST_SIGNS && `\n… ${bytes(shown.length - MOST_SIGNS)} more`;
  return el('pre', { class: 'answer-body', tabindex: 0, role: 'group', 'aria-label': 'Body of the answer' }, shown.slice(0, MOST_SIGNS) + (cut || ''));
}

function picture(body) {
  const url = URL.createObjectURL(body);
  return el('img', { src: url, alt: 'The picture that was answered', class: 'answer-picture', onload: () => URL.revokeObjectURL(url) });
}

function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
