/** A field with a list of proposals below it, by the WAI-ARIA combobox pattern. */

import { el, fill, settled } from './dom.js';

const QUIET_MS = 120;

/**
 * @param {(typed: string) => Promise<{value: string, note: string}[]>} propose
 * @param {(value: string) => void} choose
 */
export function combobox(field, list, propose, choose) {
  /** Grows with every question and every close: an answer that comes too late is not shown. */
  let asked = 0;
  const close = () => {
    asked += 1;
    setOpen(field, list, false);
  };
  const take = (value) => {
    close();
    field.value = value;
    choose(value);
  };
  const offer = async () => {
    asked += 1;
    const mine = asked;
    const proposals = await propose(field.value.trim()).catch(() => []);
    if (mine === asked && document.activeElement === field) show(field, list, proposals, take);
  };
  field.addEventListener('input', settled(QUIET_MS, offer));
  field.addEventListener('blur', close);
  field.addEventListener('keydown', (event) => keys(event, field, list, { offer, take, close }));
}

function show(field, list, proposals, take) {
  fill(list, ...proposals.map(({ value, note }, at) => el('li', {
    role: 'option', id: `${list.id}-${at}`, 'aria-selected': 'false', 'data-value': value,
    // The field keeps the focus, so that a click is not lost to its blur.
    onmousedown: (event) => event.preventDefault(),
    onclick: () => take(value),
  }, el('span', {}, value), el('span', { class: 'quiet-text' }, note))));
  setOpen(field, list, proposals.length > 0);
}

function setOpen(field, list, open) {
  list.hidden = !open;
  field.setAttribute('aria-expanded', String(open));
  field.removeAttribute('aria-activedescendant');
}

function keys(event, field, list, { offer, take, close }) {
  const open = !list.hidden;
  const options = [...list.children];
  const at = options.findIndex((one) => one.getAttribute('aria-selected') === 'true');
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault();
    if (!open) offer();
    else select(field, options, at + (event.key === 'ArrowDown' ? 1 : -1));
  } else if (event.key === 'Enter' && open && at >= 0) {
    event.preventDefault();
    take(options[at].dataset.value);
  } else if (event.key === 'Escape' && open) {
    event.preventDefault();
    event.stopPropagation();
    close();
  }
}

function select(field, options, at) {
  if (options.length === 0) return;
  const chosen = options[(at + options.length) % options.length];
  for (const one of options) one.setAttribute('aria-selected', String(one === chosen));
  field.setAttribute('aria-activedescendant', chosen.id);
  chosen.scrollIntoView({ block: 'nearest' });
}
