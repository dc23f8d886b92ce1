/** Asking before something that is hard to take back. */

import { button, el } from './dom.js';

/** @returns {Promise<boolean>} whether the person says yes */
export function confirmed(title, text, yes) {
  const close = (answer) => () => dialog.close(answer);
  const dialog = el('dialog', { id: 'confirm', role: 'alertdialog', 'aria-labelledby': 'confirm-title', 'aria-describedby': 'confirm-text' },
    el('h2', { id: 'confirm-title' }, title),
    el('p', { id: 'confirm-text' }, text),
    el('div', { class: 'row' },
      button('Cancel', close(''), { autofocus: true }),
      button(yes, close('yes'), { id: 'confirm-yes', class: 'danger' })));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
  });
}
