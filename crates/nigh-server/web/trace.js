/** The drawer that shows where an answer's time went and how complete it is. */

import { bar, $, el, fill } from './dom.js';
import { count, digits, microseconds, milliseconds, percent } from './format.js';
import { SEARCH_STAGES } from './stages.js';

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

/** Shows an answer's trace; `roundTrip` is how many milliseconds it took to be here. `told` explains the stages. */
export function drawTrace({ trace, latency_us: us, roundTrip, coverage, setting, recall_at_10: recall }, told = SEARCH_STAGES) {
  const total = Math.max(trace.reduce((all, stage) => all + stage.us, 0), 1);
  const words = [coverageWords(coverage), ...(coverage < 1 ? [cutWords(setting)] : [settingWords(setting), recallWords(recall, setting)])];
  fill('trace-body',
    el('p', {}, el('strong', {}, microseconds(us)), ` in the server, of which ${microseconds(total)} in these stages; ${milliseconds(roundTrip)} until the answer was here.`),
    el('ol', { class: 'stages' }, ...stageRows(trace, total, told)),
    ...words.map((sentence) => sentence && el('p', {}, sentence)));
}

function stageRows(stages, total, told) {
  let from = 0;
  return stages.map((stage) => {
    const row = el('li', {},
      stageName(stage.stage, told[stage.stage]),
      el('span', { class: 'stage-flow' }, flow(stage)),
      el('span', { class: 'stage-time' }, microseconds(stage.us)),
      bar(stage.us / total, from / total),
      isCut(stage) && cutBar(stage));
    from += stage.us;
    return row;
  });
}

/** The name opens a sentence about the stage. */
function stageName(name, sentence) {
  if (!sentence) return el('span', { class: 'stage-name' }, name);
  return el('details', { class: 'stage-name' }, el('summary', { title: sentence }, name), el('p', { class: 'quiet-text' }, sentence));
}

/** Whether the budget let the stage take fewer candidates than it would have. */
const isCut = (stage) => stage.wanted !== undefined && stage.wanted !== null;

const flow = (stage) => (isCut(stage) ? `${count(stage.in)} of ${count(stage.wanted)} (budget) → ${count(stage.out)}` : `${count(stage.in)} → ${count(stage.out)}`);

/** How much of what it wanted a stage took; what it left is hatched. */
function cutBar(stage) {
  const drawn = bar(stage.in / Math.max(stage.wanted, 1));
  drawn.classList.add('cut');
  return drawn;
}

function coverageWords(share) {
  if (share === undefined) return '';
  if (share >= 1) return 'Coverage: everything that the search wanted to look at was looked at.';
  return `Coverage: the budget ended the search when ${percent(share)} of its candidates had been looked at. Nearer items may be missing.`;
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

/** Of a search that was cut short, nothing is promised that was measured of a whole one. */
const cutWords = (held) => settingName(held) && `Setting: ${settingName(held)}, as far as the budget reached. What was measured of it does not hold here.`;

function recallWords(measured, held) {
  if (settingName(held) === 'exact') return 'Nothing that is nearer was missed.';
  if (measured) {
    return `Measured recall at 10: ${digits(measured.mean)} (between ${digits(measured.low)} and ${digits(measured.high)}). `
      + `Of the ten items that are truly nearest, ${digits(10 * measured.mean)} are found on average.`;
  }
  return held === undefined ? '' : 'Recall has not been measured at this setting.';
}
