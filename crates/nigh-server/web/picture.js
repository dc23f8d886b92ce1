/** Pictures of items. One that the server has no more is replaced by a plain field with the item's id. */

import { get, path, pictureAddress } from './api.js';
import { el } from './dom.js';

/** Names of the first picture of each item seen, so that a chip need not ask. */
const firstImages = new Map();

/** An item's picture. @param {string} alt what it shows, empty where the text beside it says so */
export function picture(catalog, id, image, alt = '') {
  if (!image) return blank(id);
  remember(catalog, id, image);
  const img = el('img', { alt, loading: 'lazy', decoding: 'async', draggable: 'false' });
  const fail = () => img.replaceWith(blank(id));
  img.addEventListener('error', fail);
  pictureAddress(catalog, id, image).then((url) => load(img, url), fail);
  return img;
}

function load(img, url) {
  if (url.startsWith('blob:')) img.addEventListener('load', () => URL.revokeObjectURL(url));
  img.src = url;
}

/** The first picture of an item of which only the id is known. */
export function itemPicture(catalog, id) {
  const known = firstImages.get(`${catalog}/${id}`);
  if (known) return picture(catalog, id, known);
  const place = blank('');
  get(path('catalogs', catalog, 'items', id))
    .then((item) => place.replaceWith(picture(catalog, id, item.images[0])))
    .catch(() => {});
  return place;
}

function remember(catalog, id, image) {
  const name = `${catalog}/${id}`;
  if (!firstImages.has(name)) firstImages.set(name, image);
}

function blank(id) {
  return el('span', { class: 'blank', 'aria-hidden': 'true' }, id);
}
