/** The drawer that shows where an answer's time went and how complete it is. */

import { bar, $, el, fill } from './dom.js';
import { count, digits, microseconds, milliseconds, percent } from './format.js';

let opener = null;

/** Opens the drawer, or closes it where it is open. */
export function toggleTrace(from) {
  if ($('trace').hidden) openTrace(from);
  else closeTrace();
}

function openTrace(from) {
  opener = document.activeElement === document.body ? from : document.activeElement;
  setOpen(true);
  $('close-trace').focus();
}

/** @returns {boolean} whether it was open */
export function closeTrace() {
  if ($('trace').hidden) return false;
  const held = $('trace').contains(document.activeElement);
  setOpen(false);
  if (held && opener?.isConnected) opener.focus();
  return true;
}

function setOpen(open) {
  $('trace').hidden = !open;
  document.body.classList.toggle('with-drawer', open);
  for (const id of ['open-trace', 'open-people-trace']) $(id).setAttribute('aria-expanded', String(open));
}

/** Shows an answer's trace; `roundTrip` is how many milliseconds it took to be here. */
export function drawTrace({ trace, latency_us: us, roundTrip, coverage, setting, recall_at_10: recall }) {
  const total = Math.max(trace.reduce((all, stage) => all + stage.us, 0), 1);
  const words = [coverageWords(coverage), settingWords(setting), recallWords(recall, setting)];
  fill('trace-body',
    el('p', {}, el('strong', {}, microseconds(us)), ` in the server, of which ${microseconds(total)} in these stages; ${milliseconds(roundTrip)} until the answer was here.`),
    el('ol', { class: 'stages' }, ...stageRows(trace, total)),
    ...words.map((sentence) => sentence && el('p', {}, sentence)));
}

function stageRows(stages, total) {
  let from = 0;
  return stages.map((stage) => {
    const row = el('li', {},
      el('span', { class: 'stage-name' }, stage.stage),
      el('span', { class: 'stage-flow' }, `${count(stage.in)} → ${count(stage.out)}`),
      el('span', { class: 'stage-time' }, microseconds(stage.us)),
      bar(stage.us / total, from / total));
    from += stage.us;
    return row;
  });
}

function coverageWords(share) {
  if (share === undefined) return '';
  return share >= 1 ? 'Coverage: all of the collection answered.' : `Coverage: only ${percent(share)} of the collection answered. Hits may be missing.`;
}

/** A setting in a few words: `exact`, or `nprobe 8`. */
export function settingName(held) {
  if (!held || typeof held !== 'object') return held ?? '';
  return Object.entries(held).map(([name, v]) => (v === true ? name : `${name} ${v}`)).join(', ');
}

function settingWords(held) {
  const name = settingName(held);
  if (!name) return '';
  return name === 'exact' ? 'Setting: exact. Every item that passes the condition was compared.' : `Setting: ${name}. Only a part of the index was looked into.`;
}

function recallWords(measured, held) {
  if (settingName(held) === 'exact') return 'Nothing that is nearer was missed.';
  if (measured) {
    return `Measured recall at 10: ${digits(measured.mean)} (between ${digits(measured.low)} and ${digits(measured.high)}). `
      + `Of the ten items that are truly nearest, ${digits(10 * measured.mean)} are found on average.`;
  }
  return held === undefined ? '' : 'Recall has not been measured at this setting.';
}
