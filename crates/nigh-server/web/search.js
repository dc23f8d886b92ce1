/** The search tab: what the address says is asked of the server, and drawn. */

import { ApiError, get, path, post } from './api.js';
import { drawParts, partName } from './composer.js';
import { toggle } from './conditions.js';
import { $, button, el, fill, on, option } from './dom.js';
import { drawFacets, facetNames } from './facets.js';
import { showFailure } from './failure.js';
import { drawFields, openFields, prepareFields, readFields } from './fields.js';
import { count, microseconds, percent, plural } from './format.js';
import { activate, cardOf, cards, focusCard, moveWithArrows } from './grid.js';
import { showItem } from './item.js';
import { listenToPhotos } from './intake.js';
import { keepPhoto, shrinkPhoto } from './photos.js';
import { LESS, hasLostPhoto, onlyPart, readQuery, searchBody, withPart, withoutPart, writeQuery } from './query.js';
import { drawRanking, isAboutRanking, openRanking, prepareRanking, showRankingFailure } from './ranking.js';
import { address, go } from './route.js';
import { closeTrace, drawTrace, settingName } from './trace.js';
import { showWhereError } from './where.js';

let catalogs = [];
let catalog = null;
let query = readQuery(new URLSearchParams());
let shown = 0;
let running = new AbortController();
/** The address that the page is on its way to. */
let going = '';
/** Whether the results that come next take the focus. */
let focusNext = false;
/** The item that an address was left from: Back returns to it. */
const leftFrom = new Map();

export function openSearch(known) {
  catalogs = known;
  fill('catalog', ...known.map(({ name, problem }) => option(name, problem ? `${name} (cannot be opened)` : name)));
  on('catalog', 'change', (event) => go(address('search', event.target.value)));
  on('query', 'submit', submit);
  on('more', 'click', loadMore);
  openFields(() => ask(fromFields()));
  openRanking((pipeline) => ask({ ...fromFields(), pipeline }));
  listenToWords();
  listenToPhotos(() => !$('search').hidden && catalog && !catalog.problem, takePhoto);
  moveWithArrows($('grid'), focusField, () => $('more').focus());
  $('facets-fold').open = matchMedia('(min-width: 701px)').matches;
}

/** Draws what an address says. */
export function showSearch(route) {
  going = '';
  const found = catalogs.find((one) => one.name === route.collection) ?? null;
  if (found !== catalog || !found) prepare(found);
  query = readQuery(route.parameters);
  drawQuery();
  if (!found) return refuse(route.collection ? `There is no catalog ${route.collection} here.` : 'There is no catalog here. Make one with nigh catalog import.');
  return found.problem ? refuse(`${found.name} could not be opened. ${found.problem}`) : run();
}

const focusField = () => $('words').focus();

/** Moves to the picture that was last in use, or to the first. */
export function focusGrid() {
  const card = $('grid').querySelector('[tabindex="0"]')?.closest('.card');
  if (card) focusCard(card);
}

function prepare(found) {
  catalog = found;
  prepareFields(found);
  prepareRanking(found);
}

function drawQuery() {
  drawParts($('parts'), catalog?.name, query.parts, {
    weigh: (at, weight) => ask({ ...query, parts: query.parts.with(at, { ...query.parts[at], weight }) }),
    remove: (at) => {
      ask(withoutPart(query, at));
      focusField();
    },
    edit: takeBack,
  });
  drawFields(query);
  drawRanking(query.pipeline);
}

const fromFields = () => ({ ...query, ...readFields() });

function submit(event) {
  event.preventDefault();
  const words = $('words').value.trim();
  focusNext = words !== '' || document.activeElement === $('words');
  $('words').value = '';
  ask(words ? withWords(fromFields(), words) : fromFields());
}

/** New words take the place of the words before. Where the encoder knows no words they are an item's id. */
function withWords(held, words) {
  if (!catalog?.text) return onlyPart(held, { kind: 'item', weight: 1, value: words });
  const others = held.parts.filter((part) => part.kind !== 'words');
  return { ...held, parts: [...others, { kind: 'words', weight: 1, value: words }] };
}

/** Goes to the address of a query; the page then draws it. */
function ask(next) {
  // The address is read later: what is asked until then builds on this.
  query = next;
  const wanted = catalog && address('search', catalog.name, writeQuery(next));
  // The Enter key both changes a field and sends the form: that is one question.
  if (!wanted || wanted === going) return;
  going = wanted;
  go(wanted);
}

function listenToWords() {
  on('words', 'keydown', (event) => {
    const takes = event.key === 'Backspace' && event.target.value === '' && query.parts.length > 0;
    if (!takes && event.key !== 'ArrowDown') return;
    event.preventDefault();
    if (takes) takeBack(query.parts.length - 1);
    else focusGrid();
  });
}

/** Takes a part out; words go back into the field, to be changed. */
function takeBack(at) {
  const part = query.parts[at];
  ask(withoutPart(query, at));
  if (part.kind === 'words') $('words').value = part.value;
  focusField();
}

/** A new photo takes the place of photos and items; words stay beside it. */
async function takePhoto(file) {
  if (!file) return say('That file is no picture.');
  const words = query.parts.filter((part) => part.kind === 'words');
  const value = await keepPhoto(file);
  focusNext = true;
  return ask({ ...query, parts: [{ kind: 'photo', weight: 1, value }, ...words] });
}

async function run() {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  const focus = nextFocus();
  $('grid').setAttribute('aria-busy', 'true');
  try {
    drawAnswer(await request(0, signal), focus);
  } catch (error) {
    if (error.name !== 'AbortError') drawFailure(error);
  }
  if (running.signal === signal) $('grid').removeAttribute('aria-busy');
}

/** Where the focus goes with the next results: to the first, to the one left from, or nowhere. */
function nextFocus() {
  const first = focusNext;
  focusNext = false;
  const loose = document.activeElement === document.body || $('grid').contains(document.activeElement);
  return { first, id: loose && !first ? leftFrom.get(location.hash) : undefined };
}

/** Hits of a search, or the items in the catalog's order where nothing is searched for; with the milliseconds it took. */
async function request(offset, signal) {
  if (hasLostPhoto(query)) throw new ApiError(404, 'A link does not hold photos. Pick the photo again.');
  const started = performance.now();
  const facets = facetNames(catalog.attributes);
  const answer = query.parts.length
    ? await post(path('catalogs', catalog.name, 'search'), searchBody(query, facets, offset), signal)
    : await items(offset, offset === 0 ? facets.join() : '', signal);
  return { ...answer, found: answer.hits ?? answer.items, roundTrip: performance.now() - started };
}

/** Items in the catalog's order. A server that cannot count their values says that the request is wrong, and gives them without. */
async function items(offset, facets, signal) {
  try {
    return await get(path('catalogs', catalog.name, 'items'), { offset, limit: query.count, where: query.where, facets }, signal);
  } catch (error) {
    if (error.status !== 400 || error.field === 'where' || !facets) throw error;
    return items(offset, '', signal);
  }
}

function drawAnswer(answer, focus) {
  clearResults(!answer.trace);
  fill('results-title', query.parts.length ? `Like ${query.parts.map(spokenPart).join(', ')}` : 'Items');
  shown = 0;
  append(answer);
  $('facets').hidden = !drawFacets($('facet-list'), answer.facets ?? {}, query.where, narrow);
  $('open-trace').hidden = !answer.trace;
  if (answer.trace) drawTrace(answer);
  if (shown) say(...summary(answer));
  else sayNothingPasses();
  settle(focus);
}

const spokenPart = (part) => (part.weight < 0 ? `less ${partName(part)}` : partName(part));

function append({ found, total }) {
  const first = [query.group, query.order.replace(/^-/, '')].filter(Boolean);
  $('grid').append(...cards(catalog.name, found, first, acts));
  shown += found.length;
  // A group, a least score or the item that was asked with leave fewer hits than items that pass.
  $('more').hidden = found.length < Number(query.count) || shown >= total;
}

/** How many are shown, of how many that pass, and how they were found. */
function summary({ total, latency_us: us, setting, coverage }) {
  const parts = [shownOf(total), us !== undefined && microseconds(us), settingName(setting)].filter(Boolean);
  return [parts.join(' · '), coverage < 1 && el('strong', {}, ` · cut short by the budget at ${percent(coverage)} of the candidates`)];
}

const shownOf = (total) => (total === undefined ? plural(shown, 'hit', 'hits') : `${count(shown)} of ${plural(total, 'item', 'items')}`);

function sayNothingPasses() {
  if (!query.where) return say(query.parts.length ? 'No item passes.' : 'This catalog is empty.');
  return say(`No item passes the condition ${query.where}. `, button('Let it go', () => ask({ ...query, where: '' }), { class: 'bare' }));
}

function settle({ first, id }) {
  const grid = $('grid');
  const card = first ? grid.firstElementChild : id && cardOf(grid, id);
  activate(grid, card || grid.firstElementChild);
  if (first) window.scrollTo(0, 0);
  if (card) focusCard(card);
}

async function loadMore() {
  const at = shown;
  $('more').disabled = true;
  try {
    const answer = await request(shown, running.signal);
    append(answer);
    say(...summary(answer));
    if ($('grid').children[at]) focusCard($('grid').children[at]);
  } catch (error) {
    if (error.name !== 'AbortError') showFailure('results-failure', error, { retry: loadMore });
  }
  $('more').disabled = false;
}

function say(...words) {
  fill('results-state', ...words);
}

function narrow(condition) {
  ask({ ...query, where: toggle(query.where, condition) });
}

const acts = {
  more: (hit) => leave(hit, onlyPart(query, like(hit, 1))),
  also: (hit) => leave(hit, withPart(query, like(hit, 1))),
  less: (hit) => leave(hit, withPart(query, like(hit, LESS))),
  details: (hit) => showItem(catalog, hit, { ...acts, narrow }),
};

const like = (hit, weight) => ({ kind: 'item', weight, value: hit.id });

function leave(hit, next) {
  leftFrom.set(location.hash, hit.id);
  focusNext = true;
  ask(next);
}

function drawFailure(error) {
  clearResults(true);
  if (error.field === 'where') {
    $('refine').open = true;
    showWhereError($('where-error'), $('where'), error);
    return say('The condition was not understood.');
  }
  if (isAboutRanking(error)) {
    showRankingFailure(error);
    return say('The ranking was not understood.');
  }
  const photos = query.parts.filter((part) => part.kind === 'photo');
  const shrink = () => Promise.all(photos.map((part) => shrinkPhoto(part.value))).then(run, drawFailure);
  return showFailure('results-failure', error, { retry: run, shrink: photos.length ? shrink : undefined });
}

function refuse(text) {
  clearResults(true);
  fill('results-failure', el('p', { class: 'notice' }, text));
}

function clearResults(withTrace) {
  for (const id of ['results-failure', 'grid', 'results-state', 'ranking-error']) fill(id);
  for (const id of ['more', 'facets', 'open-trace']) $(id).hidden = true;
  showWhereError($('where-error'), $('where'), null);
  if (withTrace) closeTrace();
}
