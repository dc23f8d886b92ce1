/** The page: its tabs, its keys, and what is shown for an address. */

import { get, path } from './api.js';
import { $, el, fill, on } from './dom.js';
import { showFailure } from './failure.js';
import { openOperations, showOperations } from './operations.js';
import { openPeople, showPeople } from './people.js';
import { address, go, goInstead, readRoute } from './route.js';
import { focusGrid, openSearch, showSearch } from './search.js';
import { listenToTheme, stored } from './settings.js';
import { closeTrace, toggleTrace } from './trace.js';

const TABS = ['search', 'people', 'operations'];
const KINDS = { search: 'catalog', people: 'network' };

let collections = [];
/** The address that each tab was left at. */
const lastOf = {};

async function start() {
  listenToTabs();
  listenToTheme();
  listenToDialogs();
  listenToKeys();
  on('skip', 'click', (event) => {
    event.preventDefault();
    $('main').focus();
  });
  for (const id of ['open-trace', 'open-people-trace']) on(id, 'click', () => toggleTrace($(id)));
  on('close-trace', 'click', closeTrace);
  await load();
}

async function load() {
  fill('start');
  try {
    ({ collections } = await get(path('collections')));
  } catch (error) {
    showFailure($('start'), error, { retry: load });
    return;
  }
  openSearch(ofKind('catalog'));
  openPeople(ofKind('network'));
  openOperations();
  window.addEventListener('hashchange', show);
  show();
}

const ofKind = (kind) => collections.filter((one) => one.kind === kind);

/** Shows what the address says; an address that says nothing becomes the first collection's. */
function show() {
  const route = readRoute();
  const { tab, collection } = route;
  if (!TABS.includes(tab)) return goInstead(address(ofKind('catalog').length || !ofKind('network').length ? 'search' : 'people'));
  const [first] = ofKind(KINDS[tab]);
  if (!collection && first) return goInstead(address(tab, first.name));
  if (currentTab() !== tab) closeTrace();
  lastOf[tab] = location.hash;
  select(tab);
  document.title = `${collection || tab} – nigh`;
  showOperations(tab === 'operations');
  if (collections.length === 0) return showNothing(tab);
  if (tab === 'search') showSearch(route);
  if (tab === 'people') showPeople(route);
  return undefined;
}

function showNothing(tab) {
  $('start').hidden = tab === 'operations';
  $(tab).hidden = tab !== 'operations';
  fill('start', el('div', { class: 'notice' }, el('p', {}, el('strong', {}, 'There is no collection here.')),
    el('p', {}, 'Start with ', el('code', {}, 'nigh serve DIR'), ', where DIR holds catalogs and networks.')));
}

const currentTab = () => TABS.find((tab) => $(`tab-${tab}`).getAttribute('aria-selected') === 'true');

function select(chosen) {
  for (const tab of TABS) {
    const isChosen = tab === chosen;
    $(tab).hidden = !isChosen;
    $(`tab-${tab}`).setAttribute('aria-selected', String(isChosen));
    $(`tab-${tab}`).tabIndex = isChosen ? 0 : -1;
  }
}

function listenToTabs() {
  for (const tab of TABS) on(`tab-${tab}`, 'click', () => goToTab(tab));
  $('tab-search').parentElement.addEventListener('keydown', (event) => {
    const at = TABS.indexOf(currentTab());
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: TABS.length - 1 }[event.key];
    if (to === undefined || event.altKey) return;
    event.preventDefault();
    const tab = TABS[(to + TABS.length) % TABS.length];
    goToTab(tab);
    $(`tab-${tab}`).focus();
  });
}

/** A tab is found again as it was left. */
function goToTab(tab) {
  go(lastOf[tab] ?? address(tab));
}

function listenToDialogs() {
  on('open-help', 'click', () => $('help').showModal());
  document.addEventListener('click', ({ target }) => {
    if (target.matches('dialog, [data-close]')) target.closest('dialog').close();
  });
  const letters = $('letters');
  letters.checked = stored('nigh.letters') !== 'off';
  letters.addEventListener('change', () => stored('nigh.letters', letters.checked ? 'on' : 'off'));
}

const KEYS = {
  '?': () => $('help').showModal(),
  1: () => goToTab('search'),
  2: () => goToTab('people'),
  3: () => goToTab('operations'),
  '/': () => $(currentTab() === 'people' ? 'person' : 'words').focus(),
  c: () => $(currentTab() === 'people' ? 'network' : 'catalog').focus(),
  w: focusWhere,
  r: focusRanking,
  g: focusGrid,
  p: () => currentTab() === 'search' && $('photo').click(),
  t: openTraceHere,
};

function listenToKeys() {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    if (event.key === 'Escape') closeTrace();
    else if (KEYS[event.key] && $('letters').checked && !typing(event.target)) {
      event.preventDefault();
      KEYS[event.key]();
    }
  });
}

const typing = (target) => target.matches('input:not([type="file"], [type="checkbox"]), select, textarea');

function focusWhere() {
  $('refine').open = true;
  $(currentTab() === 'people' ? 'person-where' : 'where').focus();
}

function focusRanking() {
  if (currentTab() !== 'search' || $('ranking').hidden) return;
  $('ranking').open = true;
  $('ranking-mode').focus();
}

/** The trace of the tab that is shown, where there is one. */
function openTraceHere() {
  const opener = $(currentTab() === 'people' ? 'open-people-trace' : 'open-trace');
  if (opener.offsetParent) toggleTrace(opener);
}

start();
