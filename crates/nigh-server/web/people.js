/** The people tab: one person, whom they may know and why, and who is around them. */

import { get, path } from './api.js';
import { combobox } from './combobox.js';
import { $, bar, el, fill, on, option, settled } from './dom.js';
import { showFailure } from './failure.js';
import { digits, microseconds, plural, value } from './format.js';
import { drawGraph, drawGraphList } from './graph.js';
import { address, go } from './route.js';
import { forgetRule, ruleButtons } from './rules.js';
import { PEOPLE_STAGES } from './stages.js';
import { closeTrace, drawTrace } from './trace.js';
import { example, showWhereError } from './where.js';

const AROUND = 40;
/** What is asked where the address says nothing; its names are those of the fields. */
const DEFAULTS = { person: '', 'person-where': '', 'person-k': '10' };

let networks = [];
let network = null;
let asked = DEFAULTS;
let around = null;
let drawnWidth = 0;
let running = new AbortController();

export function openPeople(known) {
  networks = known;
  fill('network', ...known.map(({ name, problem }) => option(name, problem ? `${name} (cannot be opened)` : name)));
  on('network', 'change', (event) => go(address('people', event.target.value)));
  on('person-form', 'submit', submit);
  on('person-k', 'change', submit);
  combobox($('person'), $('person-list'), propose, (person) => go(addressOf({ ...asked, person })));
  new ResizeObserver(settled(150, () => $('graph').clientWidth === drawnWidth || drawAround())).observe($('graph'));
}

/** Draws what an address says. */
export function showPeople({ collection, parameters }) {
  const found = networks.find((one) => one.name === collection) ?? null;
  $('person-where').placeholder = example(found?.attributes);
  network = found;
  forgetRule();
  $('network').value = found?.name ?? '';
  asked = Object.fromEntries(Object.entries(DEFAULTS).map(([name, text]) => [name, parameters.get(name) ?? text]));
  for (const [id, text] of Object.entries(asked)) $(id).value = text;
  if (!found) return refuse(collection ? `There is no network ${collection} here.` : 'There is no network here. Make one with nigh people import.');
  return found.problem ? refuse(`${found.name} could not be opened. ${found.problem}`) : run();
}

function submit(event) {
  event.preventDefault();
  if (network) go(addressOf(Object.fromEntries(Object.keys(DEFAULTS).map((id) => [id, $(id).value.trim()]))));
}

function addressOf(next) {
  return address('people', network.name, new URLSearchParams(Object.entries(next).filter(([name, text]) => text !== DEFAULTS[name])));
}

const walk = (person) => addressOf({ ...asked, person });

async function propose(typed) {
  if (!network || network.problem) return [];
  const { people, total } = await get(path('networks', network.name, 'people'), { prefix: typed, limit: 20 });
  fill('person-count', `${people.length ? plural(total, 'person begins', 'people begin') : 'nobody begins'} with “${typed}”`);
  return people.map(({ id, friends }) => ({ value: id, note: plural(friends, 'friend', 'friends') }));
}

async function run() {
  running.abort();
  running = new AbortController();
  try {
    await (asked.person ? showPerson(running.signal) : showStart(running.signal));
  } catch (error) {
    if (error.name !== 'AbortError') fail(error);
  }
}

function fail(error) {
  clear();
  if (error.field === 'where') showWhereError($('person-where-error'), $('person-where'), error);
  else showFailure('people-failure', error, { retry: run });
}

function refuse(text) {
  clear();
  fill('people-failure', el('p', { class: 'notice' }, text));
}

/** Takes away what was shown, but for the person where `person` is one. */
function clear(person = null) {
  for (const id of ['people-failure', 'people-start', 'person-count']) fill(id);
  showWhereError($('person-where-error'), $('person-where'), null);
  $('person-view').hidden = !person;
  if (person) return;
  around = null;
  closeTrace();
}

async function showStart(signal) {
  const { people, total } = await get(path('networks', network.name, 'people'), { limit: 24 }, signal);
  if (people.length === 0) return refuse('Nobody is in this network yet.');
  clear();
  const links = people.map(({ id, friends }) => el('li', {}, el('a', { href: walk(id), class: 'chip' }, `${id} `, el('span', { class: 'quiet-text' }, String(friends)))));
  return fill('people-start', el('h3', {}, `${plural(total, 'person', 'people')}: begin with one`), el('ul', { class: 'chips' }, ...links),
    el('p', { class: 'hint' }, 'The number is how many friends they have.'));
}

const of = (...rest) => path('networks', network.name, 'people', asked.person, ...rest);

async function showPerson(signal) {
  const started = performance.now();
  const suggesting = get(of('suggestions'), { k: asked['person-k'], where: asked['person-where'] }, signal)
    .then((answer) => ({ ...answer, roundTrip: performance.now() - started }));
  const [person, suggestions, neighborhood] = await Promise.all([get(of(), {}, signal), suggesting, get(of('neighborhood'), { limit: AROUND }, signal)]);
  clear(person);
  drawPerson(person);
  drawSuggestions(suggestions);
  drawTrace(suggestions, PEOPLE_STAGES);
  around = neighborhood;
  const walked = $('graph').contains(document.activeElement);
  drawAround();
  if (walked) $('graph').querySelector('.self')?.focus();
}

function drawAround() {
  drawnWidth = $('graph').clientWidth;
  if (!around || !drawnWidth) return;
  drawGraph($('graph'), around, walk);
  drawGraphList($('graph-list'), around, walk);
}

function drawPerson({ id, friends, attributes }) {
  fill('person-title', id);
  fill('person-friends', plural(friends, 'friend', 'friends'));
  fill('person-attributes', ...Object.entries(attributes ?? {}).map(([name, held]) => el('div', {}, el('dt', {}, name), el('dd', {}, value(held)))));
}

function drawSuggestions({ suggestions, ranking, latency_us: us }) {
  const most = Math.max(...suggestions.map((one) => one.score), 1e-9);
  const nobody = asked['person-where'] ? `Nobody to suggest passes ${asked['person-where']}.` : 'There is nobody to suggest.';
  fill('suggestions-state', `ranked by ${ranking === 'trained' ? 'training' : 'resource allocation'} · ${microseconds(us)}`);
  fill('suggestions', ...suggestions.map((one) => suggestion(one, most)), suggestions.length === 0 && el('li', { class: 'notice' }, nobody));
  fill('people-state', `${asked.person}: ${plural(suggestions.length, 'suggestion', 'suggestions')}`);
}

function suggestion({ id, score, reasons, attributes }, most) {
  const facts = Object.entries(attributes ?? {}).map(([name, held]) => `${name} ${value(held)}`).join(' · ');
  return el('li', { class: 'suggestion' },
    el('div', { class: 'suggestion-head' }, el('a', { href: walk(id) }, id), bar(score / most), el('span', { class: 'quiet-text', title: 'score' }, digits(score))),
    el('ul', { class: 'reasons' }, ...reasons.map((reason) => el('li', {}, reason.text))),
    facts && el('p', { class: 'quiet-text' }, facts),
    el('div', { class: 'suggestion-acts' }, ...ruleButtons(id, { person: asked.person, address: of, redraw: run })));
}
