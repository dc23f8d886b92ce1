/** Rules about whom a person is suggested: made by a button, and taken back by another. */

import { post, remove } from './api.js';
import { confirmed } from './confirm.js';
import { $, button, el, fill } from './dom.js';
import { showFailure } from './failure.js';

/**
 * The buttons beside a suggestion. A block reaches further than a dismissal, so it asks first.
 * @param {string} other who is suggested
 * @param {{person: string, address: (...rest: string[]) => string, redraw: () => Promise<void>}} about
 */
export const ruleButtons = (other, about) => [
  ruleButton('Dismiss', 'dismissals', other, about, `${other} will not be suggested to ${about.person} again.`),
  ruleButton('Block', 'blocks', other, about, `${about.person} and ${other} will not be suggested to one another, nor named in a reason.`),
];

function ruleButton(verb, kind, other, about, effect) {
  const act = async () => {
    if (kind === 'blocks' && !await confirmed(`${verb} ${other}?`, effect, verb)) return;
    await change(() => post(about.address(kind), { other }), about, effect, () => undo(kind, other, about));
  };
  return button(verb, act, { 'aria-label': `${verb} ${other}` });
}

async function undo(kind, other, about) {
  const back = { dismissals: `${other} may be suggested to ${about.person} again.`, blocks: `${about.person} and ${other} may be suggested to one another again.` };
  await change(() => remove(about.address(kind, other)), about, back[kind]);
}

/** Makes a change, shows the suggestions as they are then, and says what was done. */
async function change(act, about, effect, takeBack) {
  try {
    await act();
  } catch (error) {
    showFailure('people-failure', error);
    return;
  }
  await about.redraw();
  fill('rule-done', el('p', {}, effect), takeBack && button('Undo', takeBack, { id: 'undo', 'aria-label': `Undo: ${effect}` }));
  $('rule-done').hidden = false;
  ($('undo') ?? $('suggestions').querySelector('a'))?.focus();
}

/** Forgets what was done last: another person is shown. */
export function forgetRule() {
  fill('rule-done');
  $('rule-done').hidden = true;
}
