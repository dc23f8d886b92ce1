/** Where the person is: tab, collection and what they asked, all in the address after `#`. */

/** @typedef {{tab: string, collection: string, parameters: URLSearchParams}} Route */

export function readRoute() {
  const [place, query = ''] = location.hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const [tab = '', collection = ''] = place.split('/').map(decode);
  return { tab, collection, parameters: new URLSearchParams(query) };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function address(tab, collection = '', parameters = new URLSearchParams()) {
  const place = collection ? `#/${tab}/${encodeURIComponent(collection)}` : `#/${tab}`;
  const query = parameters.toString();
  return query ? `${place}?${query}` : place;
}

/** Goes there; the same address again is answered anew. */
export function go(hash) {
  if (location.hash === hash) window.dispatchEvent(new HashChangeEvent('hashchange'));
  else location.hash = hash;
}

/** Goes there without a step for the Back button. */
export function goInstead(hash) {
  history.replaceState(null, '', hash);
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}
