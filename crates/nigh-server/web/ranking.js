/** The panel about ranking: a budget, diversity, freshness and boosts, for this search or as the catalog's default. */

import { get, path, put, remove } from './api.js';
import { boostRow, drawBoosts, newCondition, newNumber, numberIn, readBoosts } from './boosts.js';
import { confirmed } from './confirm.js';
import { $, el, fill, on, option } from './dom.js';
import { showFailure } from './failure.js';
import { digits } from './format.js';
import { besides, fieldsOf, pipelineWords, readPipeline, tidied, withFields } from './pipeline.js';
import { sentenceOf } from './where.js';

const FIELDS = ['budget', 'diversity', 'fresh', 'fresh-days', 'fresh-weight'];
const AS_SET = '';
const NONE = 'none';
const HERE = 'here';

let catalog = null;
/** The catalog's own pipeline. */
let own = {};
/** The address's text about ranking: empty is the catalog's own. */
let asked = '';
let change = () => {};

/** @param {(text: string) => void} changed asks again with another pipeline */
export function openRanking(changed) {
  change = changed;
  on('ranking-mode', 'change', takeMode);
  for (const id of FIELDS) on(id, 'change', edit);
  on('boosts', 'change', edit);
  on('diversity', 'input', sayDiversity);
  on('add-condition', 'click', () => add(newCondition()));
  on('add-number', 'click', () => add(newNumber(numbers())));
  on('save-ranking', 'click', save);
  on('drop-ranking', 'click', drop);
  sayDiversity();
}

const ofType = (...types) => (catalog?.attributes ?? []).filter(({ type }) => types.includes(type)).map(({ name }) => name);
const numbers = () => ofType('integer', 'float');

/** Turns to a catalog. A server without pipelines has no panel. */
export async function prepareRanking(found) {
  [catalog, own] = [found, {}];
  $('ranking').hidden = true;
  if (!found || found.problem) return;
  fill('fresh', option('', 'no freshness'), ...ofType('date').map((name) => option(name)));
  $('add-number').hidden = numbers().length === 0;
  fill('boosts');
  try {
    const held = await get(pipelineAddress());
    if (catalog !== found) return;
    own = tidied(held);
    $('ranking').hidden = false;
    drawRanking(asked);
  } catch {
    // The search says what is wrong with the server; without this the panel is left out.
  }
}

const pipelineAddress = () => path('catalogs', catalog.name, 'pipeline');

/** Draws what an address says. Fields that say it already are left alone: somebody may be typing in them. */
export function drawRanking(text) {
  asked = text;
  const pipeline = readPipeline(text);
  const said = fieldsOf(pipeline ?? own);
  const mode = pipeline ? (isNone(pipeline) ? NONE : HERE) : AS_SET;
  $('ranking-mode').value = mode;
  if (JSON.stringify(said) !== JSON.stringify(readFields())) drawFields(said);
  fill('ranking-state', stateWords(pipeline));
  fill('ranking-also', besides(pipeline ?? own).length ? `Also set: ${besides(pipeline ?? own).join('; ')}.` : '');
  $('save-ranking').disabled = mode === AS_SET;
  $('drop-ranking').disabled = isNone(own);
  if (mode !== AS_SET) $('ranking').open = true;
}

const isNone = (pipeline) => Object.keys(pipeline).length === 0;

function stateWords(pipeline) {
  if (!pipeline) return isNone(own) ? '' : `as ${catalog?.name} is set: ${pipelineWords(own)}`;
  return pipelineWords(pipeline) || 'by score alone';
}

function drawFields({ budget, diversity, freshness, boosts }) {
  $('budget').value = budget ?? '';
  $('diversity').value = diversity;
  const name = freshness?.attribute ?? '';
  if (![...$('fresh').options].some((one) => one.value === name)) $('fresh').append(option(name));
  $('fresh').value = name;
  $('fresh-days').value = freshness?.half_life_days ?? 90;
  $('fresh-weight').value = freshness?.weight ?? 0.1;
  drawBoosts($('boosts'), boosts, numbers(), edit);
  sayDiversity();
}

/** @returns {import('./pipeline.js').Fields} */
function readFields() {
  const [days, weight] = ['fresh-days', 'fresh-weight'].map((id) => numberIn($(id).value));
  const complete = $('fresh').value && days !== undefined && weight !== undefined;
  return {
    budget: numberIn($('budget').value),
    diversity: Number($('diversity').value),
    freshness: complete ? { attribute: $('fresh').value, half_life_days: days, weight } : undefined,
    boosts: readBoosts($('boosts')),
  };
}

function sayDiversity() {
  const held = Number($('diversity').value);
  fill('diversity-words', held ? digits(held) : 'none');
}

function takeMode() {
  const mode = $('ranking-mode').value;
  if (mode === AS_SET) change('');
  if (mode === NONE) change('{}');
  // Nothing is different until a field is: the fields say what applied before.
  if (mode === HERE) $('budget').focus();
}

function edit() {
  fill('ranking-error');
  fill('ranking-said');
  const before = readPipeline(asked) ?? own;
  const [now, next] = [fieldsOf(before), readFields()].map((fields) => JSON.stringify(withFields(before, fields)));
  if (next !== now) change(next);
}

/** A new row counts once it is complete. */
function add(boost) {
  const row = boostRow(boost, numbers(), edit);
  $('boosts').append(row);
  row.querySelector('input, select').focus();
  edit();
}

async function save() {
  const name = catalog.name;
  const sure = await confirmed(`Rank ${name} so from now on?`, `Every search of ${name} that says nothing about ranking will be ranked so, by whomever.`, 'Save as default');
  if (sure) await keep(() => put(pipelineAddress(), readPipeline(asked)), `Saved. ${name} is ranked so from now on.`);
}

async function drop() {
  const name = catalog.name;
  const sure = await confirmed(`Remove the default of ${name}?`, `Every search of ${name} that says nothing about ranking will be ranked by score alone, by whomever.`, 'Remove default');
  if (sure) await keep(() => remove(pipelineAddress()), `Removed. ${name} is ranked by score alone.`);
}

/** Changes the catalog's own pipeline, and searches again by it. */
async function keep(act, effect) {
  fill('ranking-error');
  try {
    own = tidied(await act());
  } catch (error) {
    showRankingFailure(error);
    return;
  }
  change('');
  fill('ranking-said', effect);
}

export function showRankingFailure(error) {
  $('ranking').open = true;
  if (error.field) fill('ranking-error', el('div', { class: 'code-error' }, ...sentenceOf(error)));
  else showFailure('ranking-error', error);
}

/** Whether a failure is about what this panel says. */
export const isAboutRanking = (error) => /^(pipeline|budget_ms|rank|neighbors)\b/.test(error.field ?? '');
