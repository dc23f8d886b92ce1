/** The reference of the API: the server's own OpenAPI document, to read and to try. */

import { get, path } from './api.js';
import { $, el, fill, on, option, settled } from './dom.js';
import { showFailure } from './failure.js';
import { plural } from './format.js';
import { byTag, matches, operationsOf } from './openapi.js';
import { breakable, drawOperation, methodMark } from './operation.js';
import { paragraphs } from './prose.js';
import { listenToTheme } from './settings.js';

const QUIET_MS = 80;

/** @type {import('./openapi.js').Operation[]} */
let operations = [];

async function start() {
  listenToTheme();
  listenToKeys();
  on('filter', 'input', settled(QUIET_MS, filter));
  on('skip', 'click', (event) => {
    event.preventDefault();
    $('main').focus();
  });
  $('contents-fold').open = matchMedia('(min-width: 1000px)').matches;
  await load();
}

async function load() {
  fill('failure');
  try {
    draw(await get(path('openapi.json')));
  } catch (error) {
    showFailure('failure', error, { retry: load });
    return;
  }
  window.addEventListener('hashchange', follow);
  follow();
  watch();
  offerNames();
}

function draw(document) {
  operations = operationsOf(document);
  const { title, version, description = '' } = document.info;
  fill('about', el('p', { class: 'quiet-text' }, `${title} ${version}, OpenAPI ${document.openapi}: ${plural(operations.length, 'operation', 'operations')}`), ...paragraphs(description));
  fill('contents', ...byTag(operations).map(([tag, some]) => el('section', { 'data-tag': tag }, el('h3', {}, tag), el('ul', {}, ...some.map(link)))));
  fill('operations', ...byTag(operations).map(([tag, some]) => el('section', { 'data-tag': tag, 'aria-labelledby': `tag-${tag}` },
    el('h2', { id: `tag-${tag}` }, tag), ...some.map((one) => drawOperation(document, one)))));
}

const link = ({ id, method, path: place, summary }) => el('li', { 'data-id': id },
  el('a', { href: `#${id}`, title: summary }, methodMark(method), el('span', {}, ...breakable(short(place)))));

/** The path without what all of a tag have in front; one that is nothing else is shown whole. */
const short = (place) => place.replace(/^\/v1\/(catalogs|networks)\/\{name\}(?=\/)/, '');

/** Shows the operation of the address. Its id alone is enough, where it is the only one. */
function follow() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  const found = wanted && operations.find(({ id, alias }) => id === wanted || alias === wanted);
  if (!found) return;
  if ($(found.id).hidden) {
    $('filter').value = '';
    filter();
  }
  $(found.id).scrollIntoView();
  $(found.id).focus({ preventScroll: true });
  mark(found.id);
}

function filter() {
  const text = $('filter').value.trim();
  const kept = new Set(operations.filter((one) => matches(one, text)).map(({ id }) => id));
  for (const { id } of operations) {
    $(id).hidden = !kept.has(id);
    document.querySelector(`[data-id="${CSS.escape(id)}"]`).hidden = !kept.has(id);
  }
  for (const group of document.querySelectorAll('[data-tag]')) group.hidden = !group.querySelector('article:not([hidden]), li[data-id]:not([hidden])');
  fill('filter-state', text && `${kept.size} of ${plural(operations.length, 'operation', 'operations')}`);
}

/** Marks in the contents what is being read. */
function watch() {
  const seen = new IntersectionObserver((entries) => {
    const [entry] = entries.filter(({ isIntersecting }) => isIntersecting);
    if (entry) mark(entry.target.id);
  }, { rootMargin: '-10% 0px -80% 0px' });
  for (const { id } of operations) seen.observe($(id));
}

function mark(id) {
  for (const one of document.querySelectorAll('.contents [aria-current]')) one.removeAttribute('aria-current');
  const current = document.querySelector(`.contents [data-id="${CSS.escape(id)}"] a`);
  current?.setAttribute('aria-current', 'true');
  const box = $('contents').closest('nav');
  // The list alone is scrolled: the page stays where it is read.
  if (current) box.scrollTop += Math.min(0, current.getBoundingClientRect().top - box.getBoundingClientRect().top - 40) || Math.max(0, current.getBoundingClientRect().bottom - box.getBoundingClientRect().bottom + 40);
}

/** Offers the names of what is served; the first stands in each form already. */
async function offerNames() {
  const { collections } = await get(path('collections')).catch(() => ({ collections: [] }));
  for (const [list, kind] of [['catalogs', 'catalog'], ['networks', 'network']]) {
    const served = collections.filter((one) => one.kind === kind).map(({ name }) => name);
    fill(list, ...served.map((name) => option(name)));
    for (const field of document.querySelectorAll(`input[list="${list}"]`)) {
      if (field.value || served.length === 0) continue;
      field.value = served[0];
      field.dispatchEvent(new Event('input', { bubbles: true }));
    }
  }
}

function listenToKeys() {
  document.addEventListener('keydown', (event) => {
    if (event.key === '/' && !event.target.matches('input, select, textarea')) {
      event.preventDefault();
      $('contents-fold').open = true;
      $('filter').focus();
    }
    if (event.target.id !== 'filter') return;
    if (event.key === 'Escape') {
      $('filter').value = '';
      filter();
    }
    if (event.key === 'Enter') document.querySelector('.contents li:not([hidden]) a')?.click();
    if (event.key === 'ArrowDown') {
      event.preventDefault();
      document.querySelector('.contents li:not([hidden]) a')?.focus();
    }
  });
}

start();
