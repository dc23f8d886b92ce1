/** Asking the server. Addresses begin where this file lies, so the page also works below a path. */

const KEY = 'nigh.key';

/** Where the server's paths begin. */
export const ROOT = new URL('.', import.meta.url).href;

/** An answer that is no success, or none at all (status 0). */
export class ApiError extends Error {
  constructor(status, message, { code = '', field = '', wait = 0 } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
    /** Seconds to wait, where the server says so. */
    this.wait = wait;
  }
}

/** `…/v1/catalogs/…` of names and ids that may hold any sign. */
export function path(...segments) {
  return ROOT + ['v1', ...segments.map(encodeURIComponent)].join('/');
}

export function get(address, parameters = {}, signal) {
  const given = Object.entries(parameters).filter(([, value]) => value !== '' && value !== undefined);
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  return ask(given.length ? `${address}?${query}` : address, { signal });
}

export const post = (address, body, signal) => ask(address, { ...json('POST', body), signal });

export const put = (address, body) => ask(address, json('PUT', body));

export const remove = (address) => ask(address, { method: 'DELETE' });

const json = (method, body) => ({ method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

async function ask(address, options) {
  const answer = await send(address, options);
  if (answer.status === 204) return null;
  const body = await answer.json().catch(() => null);
  if (body === null) throw new ApiError(answer.status, 'The answer was no JSON.');
  return body;
}

/** The answer to a request that succeeded; anything else is thrown as an `ApiError`. */
async function send(address, options = {}) {
  const headers = { ...options.headers, ...authorization() };
  let answer;
  try {
    answer = await fetch(address, { ...options, headers });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError(0, 'The server does not answer.');
  }
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

async function refusal(answer) {
  const body = await answer.json().catch(() => null);
  const { message, code, field } = body?.error ?? {};
  const wait = Number(answer.headers.get('retry-after')) || 0;
  return new ApiError(answer.status, message || `The server answered with status ${answer.status}.`, { code, field, wait });
}

export function setKey(key) {
  sessionStorage.setItem(KEY, key);
}

/** The header that the kept key needs, or none. */
export function authorization() {
  const key = sessionStorage.getItem(KEY);
  return key ? { authorization: `Bearer ${key}` } : {};
}

/** An address for an `img`. Where a key is needed the bytes are fetched with it, since an `img` sends none. */
export async function pictureAddress(catalog, id, image) {
  const address = path('catalogs', catalog, 'items', id, 'images', image);
  if (!sessionStorage.getItem(KEY)) return address;
  const answer = await send(address);
  return URL.createObjectURL(await answer.blob());
}
