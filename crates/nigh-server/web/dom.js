/** Making elements. Text is always set as text, never as markup. */

export const $ = (id) => /** @type {any} */ (document.getElementById(id));

/** Listens to the element with an id. */
export const on = (id, event, listener) => $(id).addEventListener(event, listener);

/** An HTML element. A function is a listener (`onclick`); `true` sets an attribute, `false` and what is missing omit it. */
export const el = (tag, properties = {}, ...children) => furnish(document.createElement(tag), properties, children);

export const svg = (tag, properties = {}, ...children) => furnish(document.createElementNS('http://www.w3.org/2000/svg', tag), properties, children);

function furnish(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) set(element, name, value);
  element.append(...children.filter(Boolean));
  return element;
}

function set(element, name, value) {
  if (typeof value === 'function') element.addEventListener(name.slice(2), value);
  else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? '' : value);
}

/** Puts `children` in place of what an element held; it is given itself or by its id. */
export function fill(place, ...children) {
  const element = typeof place === 'string' ? $(place) : place;
  element.replaceChildren(...children.filter(Boolean));
}

export const option = (value, text = value, selected = false) => el('option', { value, selected }, text);

export const button = (text, onclick, properties = {}) => el('button', { type: 'button', onclick, ...properties }, text);

/** A bar that is `share` (0 to 1) long, beginning at `from`. */
export function bar(share, from = 0) {
  const inner = el('span');
  inner.style.setProperty('--from', `${100 * from}%`);
  inner.style.setProperty('--share', `${100 * Math.min(1, Math.max(0, share))}%`);
  return el('span', { class: 'measure', 'aria-hidden': 'true' }, inner);
}

/** Waits for quiet: `act` runs once, `ms` after the last call. */
export function settled(ms, act) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, ms);
  };
}
