/** Saying what went wrong, and what to do about it. */

import { setKey } from './api.js';
import { button, el, fill } from './dom.js';

/** Shows a failure in `place`; `retry` does the same again, `shrink` sends a smaller picture. */
export function showFailure(place, error, { retry, shrink } = {}) {
  const [title, text] = sentences(error);
  const again = [0, 429].includes(error.status) || error.status >= 500;
  fill(place, el('div', { class: 'notice bad' }, el('p', {}, el('strong', {}, title)), el('p', {}, text),
    error.status === 401 && keyForm(),
    error.status === 413 && shrink && button('Send a smaller copy', shrink),
    again && retry && button('Try again', retry)));
}

/** What happened, and what the server said or what helps. */
function sentences(error) {
  const said = error.message;
  switch (error.status) {
    case 0: return ['The server does not answer.', 'See whether nigh is still running and whether this machine can reach it.'];
    case 401: return ['This server asks for an API key.', said];
    case 403: return ['This key may not do that.', said];
    case 404: return ['That is not here.', said];
    case 413: return ['The picture is too large for the server.', said];
    case 422: return ['The server cannot work with this.', said];
    case 429: return ['The server has too much to do.', error.wait ? `Wait ${error.wait} s, then try again.` : 'Wait a moment, then try again.'];
    case undefined: return ['The page failed.', said];
    default: return [error.status >= 500 ? 'The server failed.' : 'The server refused.', said];
  }
}

/** Asks for a key, keeps it and goes on. */
export function keyForm(goOn = () => location.reload()) {
  const field = el('input', { id: 'key', type: 'password', autocomplete: 'off', required: true });
  const use = (event) => {
    event.preventDefault();
    setKey(field.value.trim());
    goOn();
  };
  return el('form', { class: 'row', onsubmit: use },
    el('div', { class: 'field' }, el('label', { for: 'key' }, 'API key'), field),
    el('button', { type: 'submit', class: 'primary' }, 'Use this key'),
    el('p', { class: 'hint' }, 'It is kept until this browser tab closes.'));
}
