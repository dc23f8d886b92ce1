/**
 * Drives the page of a running nigh in a headless Chromium and says what is wrong with it.
 *
 *     node check.mjs BASE_URL OUT_DIR
 *
 * The server holds a catalog `shop` with pictures, a string attribute `colour` and no search by words, and a network `friends`
 * with a person `p1`. One suggestion
 * of `p1` is dismissed on the way. Screenshots go to OUT_DIR. `NIGH_PLAYWRIGHT` is the folder whose node_modules holds `playwright-core`
 * where it is neither installed beside this file nor on NODE_PATH; `NIGH_CHROMIUM` is the browser, /usr/bin/chromium where it is not set. Ends with 1 where a check fails.
 */

import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

import { audit } from './audit.mjs';

const [base, out] = process.argv.slice(2);
if (!base || !out) {
  console.error('usage: node check.mjs BASE_URL OUT_DIR');
  process.exit(2);
}
const BASE = base.endsWith('/') ? base : `${base}/`;
mkdirSync(out, { recursive: true });

const ARGUMENTS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const MOST_BYTES = 200 * 1024;
const WIDE = { width: 1280, height: 860 };
const PHONE = { width: 360, height: 740 };
const SHOP = '#/search/shop';
const P1 = '#/people/friends?person=p1';
const OPERATIONS = '#/operations';

const failures = [];
let passed = 0;

/** Notes one check; `detail` is said where it fails. */
function expect(holds, name, detail = '') {
  if (holds) passed += 1;
  else failures.push(detail ? `${name}: ${detail}` : name);
}

const browser = await playwright().chromium.launch({ executablePath: process.env.NIGH_CHROMIUM ?? '/usr/bin/chromium', args: ARGUMENTS });
const checks = [files, keyboard, upload, narrowing, badCondition, trace, history, people, rules, operations, help, appearances, gone];
for (const check of checks) {
  try {
    await check();
  } catch (error) {
    failures.push(`${check.name} could not go on: ${error.message.split('\n').slice(0, 3).join(' | ')}`);
  }
}
await browser.close();

for (const failure of failures) console.log(`FAIL ${failure}`);
console.log(`${passed} checks passed, ${failures.length} failed`);
process.exit(failures.length ? 1 : 0);

function playwright() {
  const from = process.env.NIGH_PLAYWRIGHT ? join(resolve(process.env.NIGH_PLAYWRIGHT), 'from.js') : import.meta.url;
  try {
    return createRequire(from)('playwright-core');
  } catch {
    console.error('playwright-core is not here: install it beside this file, or name the folder whose node_modules has it in NIGH_PLAYWRIGHT');
    return process.exit(2);
  }
}

/**
 * Opens the page, runs `use` and watches it meanwhile: errors, violations of the content policy, requests elsewhere.
 * `refused` are statuses that the check provokes, of which the browser writes a line.
 */
async function withPage(name, { hash = SHOP, viewport = WIDE, colorScheme = 'light', refused = [] }, use) {
  const context = await browser.newContext({ viewport, colorScheme });
  const page = await context.newPage();
  page.setDefaultTimeout(8000);
  const errors = [];
  const elsewhere = [];
  page.on('console', (message) => {
    const text = message.text();
    const provoked = refused.some((one) => text.includes(one));
    if (message.type() === 'error' && !(text.startsWith('Failed to load resource') && provoked)) errors.push(text);
  });
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('request', (request) => {
    if (/^https?:/.test(request.url()) && new URL(request.url()).origin !== new URL(BASE).origin) elsewhere.push(request.url());
  });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  try {
    await page.goto(BASE + hash);
    await use(page);
    errors.push(...await page.evaluate(() => window.violations));
  } finally {
    expect(errors.length === 0, `${name}: no error in the console and no violation of the content policy`, errors.join(' | '));
    expect(elsewhere.length === 0, `${name}: no request to another origin`, elsewhere.join(' '));
    await context.close();
  }
}

function shoot(page, name) {
  return page.screenshot({ path: join(out, `${name}.png`) });
}

function hits(page) {
  return page.locator('#grid .card');
}

/** Waits until results are there and none are under way. */
function settled(page) {
  return page.waitForFunction(() => document.querySelector('#grid .card') && !document.querySelector('#grid').hasAttribute('aria-busy'));
}

function focusedId(page) {
  return page.evaluate(() => document.activeElement.closest('.card')?.dataset.id);
}

function textOf(page, selector) {
  return page.locator(selector).innerText();
}

/** Opens the search for what looks like the catalog's first item. */
async function likeTheFirst(page) {
  await settled(page);
  await page.locator('#grid .pick').first().click();
  await page.waitForSelector('#grid .card .card-facts strong');
  await settled(page);
}

async function files() {
  let bytes = 0;
  await withPage('files', {}, async (page) => {
    page.on('response', async (response) => {
      if (!new URL(response.url()).pathname.includes('/v1/')) bytes += (await response.body().catch(() => '')).length;
    });
    await page.reload();
    await settled(page);
    await page.waitForTimeout(300);
    const policy = (await page.request.get(BASE)).headers()['content-security-policy'] ?? '';
    expect(policy.includes("default-src 'none'") && !policy.includes('unsafe'), 'the page is sent with a strict content policy', policy);
    expect(bytes > 0 && bytes <= MOST_BYTES, `the page's files have at most ${MOST_BYTES} bytes`, `${bytes}`);
    expect(await page.evaluate(() => document.documentElement.lang === 'en'), 'the page says its language');
    expect(await hits(page).count() > 0, 'the first items are shown before any query');
    expect((await textOf(page, '#results-state')).includes(' of '), 'it is said how many items there are');
    await shoot(page, 'first-items');
  });
}

/** The whole loop without a mouse. */
async function keyboard() {
  await withPage('keyboard', { hash: '' }, async (page) => {
    await settled(page);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement.id) === 'skip', 'the first stop of the Tab key skips to the content');
    await page.keyboard.press('c');
    expect(await page.evaluate(() => document.activeElement.id) === 'catalog', 'c goes to the choice of catalog');
    const at = await page.evaluate(() => document.querySelector('#catalog').selectedOptions[0]?.text);
    if (at !== 'shop') await page.keyboard.type('shop');
    await page.waitForFunction(() => location.hash.startsWith('#/search/shop'));
    await settled(page);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement.id) === 'words', 'Tab goes from the catalog to the field');
    const id = await page.evaluate(() => document.querySelector('.card').dataset.id);
    await page.keyboard.type(id);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#parts .part');
    await page.waitForFunction(() => document.activeElement.classList.contains('pick'));
    expect(true, 'Enter in the field searches, and the first hit has the focus');
    await arrows(page);
    await moreAndLess(page);
    await page.keyboard.press('t');
    expect(await page.locator('#trace').isVisible(), 't opens the trace');
    expect(await page.evaluate(() => document.querySelector('#trace').contains(document.activeElement)), 'the trace has the focus when it opens');
    await page.keyboard.press('Escape');
    expect(await page.locator('#trace').isHidden(), 'Escape closes the trace');
    expect(await page.evaluate(() => document.activeElement.classList.contains('pick')), 'the focus returns to the picture when the trace closes');
    await page.keyboard.press('/');
    await page.keyboard.press('Backspace');
    await page.waitForFunction(() => document.querySelectorAll('#parts .part').length === 1);
    expect(true, 'Backspace in the empty field takes back a part');
    await focusRing(page);
  });
}

async function arrows(page) {
  const ids = await page.evaluate(() => [...document.querySelectorAll('.card')].map((card) => card.dataset.id));
  await page.keyboard.press('ArrowRight');
  expect(await focusedId(page) === ids[1], 'the right arrow moves to the second picture');
  await page.keyboard.press('ArrowDown');
  const below = ids.indexOf(await focusedId(page));
  expect(below > 2 || ids.length < 5, 'the down arrow moves a row on', `from 1 to ${below}`);
  await page.keyboard.press('ArrowUp');
  expect(await focusedId(page) === ids[1], 'the up arrow moves back');
  await page.keyboard.press('End');
  expect(await focusedId(page) === ids.at(-1), 'End moves to the last picture');
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  const stops = await page.evaluate(() => document.querySelectorAll('#grid .pick[tabindex="0"]').length);
  expect(stops === 1, 'one picture is a stop of the Tab key', `${stops}`);
}

async function moreAndLess(page) {
  const id = await focusedId(page);
  await page.keyboard.press('Enter');
  await page.waitForFunction((wanted) => location.hash.includes(`item%3A1%3A${encodeURIComponent(encodeURIComponent(wanted)).replaceAll('%25', '%')}`), id);
  await settled(page);
  expect((await textOf(page, '#parts')).includes(id), 'Enter on a picture searches for more like it');
  await page.waitForFunction(() => document.activeElement.classList.contains('pick'));
  await page.keyboard.press('End');
  await page.keyboard.press('-');
  await page.waitForFunction(() => document.querySelectorAll('#parts .part').length === 2);
  await settled(page);
  expect(await page.locator('#parts .part.away').count() === 1, 'minus on a picture adds it with negative weight');
  expect(await page.locator('#results-failure .notice').count() === 0, 'a query of two items is answered', await textOf(page, '#results-failure'));
}

async function focusRing(page) {
  await settled(page);
  await page.keyboard.press('ArrowDown');
  const width = await page.evaluate(() => getComputedStyle(document.activeElement).outlineWidth);
  expect(parseFloat(width) >= 2, 'the focus is visible', width);
}

async function upload() {
  await withPage('upload', {}, async (page) => {
    await settled(page);
    const source = await page.locator('#grid img').first().getAttribute('src');
    const picture = await page.request.get(new URL(source, BASE).href);
    expect(picture.ok(), 'the first item has its picture', `${picture.status()}`);
    const buffer = await picture.body();
    await page.setInputFiles('#photo', { name: 'photo.jpg', mimeType: picture.headers()['content-type'] ?? 'image/jpeg', buffer });
    await page.waitForSelector('#parts .thumb img');
    await page.waitForSelector('#grid .card .card-facts strong');
    await settled(page);
    expect(await hits(page).count() > 1, 'a photo gives hits');
    const score = Number(await page.locator('#grid .card-facts strong').first().innerText());
    expect(score > 0.9, 'an item is found by its own picture', `score ${score}`);
    expect(await page.locator('#open-trace').isVisible(), 'hits have a trace');
    const before = await hits(page).count();
    if (await page.locator('#more').isVisible()) {
      await page.locator('#more').click();
      await page.waitForFunction((n) => document.querySelectorAll('#grid .card').length > n, before);
    }
    const ids = await page.evaluate(() => [...document.querySelectorAll('.card')].map((card) => card.dataset.id));
    expect(new Set(ids).size === ids.length, 'loading more brings no hit twice');
    await page.locator('#parts .remove').click();
    await page.waitForFunction(() => !document.querySelector('#parts .part'));
    expect(true, 'a part can be taken out');
    await shoot(page, 'after-upload');
  });
}

async function narrowing() {
  await withPage('narrowing', {}, async (page) => {
    await likeTheFirst(page);
    const group = page.locator('.facet-group', { has: page.locator('h4', { hasText: /^colour$/ }) });
    expect(await group.count() === 1, 'there is a facet of colour');
    const value = await group.locator('.facet-value').first().innerText();
    await shoot(page, 'hits');
    await group.locator('.facet').first().click();
    await page.waitForFunction(() => location.hash.includes('where='));
    await settled(page);
    expect((await page.locator('#where').inputValue()).includes(`colour = '${value}'`), 'a facet adds its condition', await page.locator('#where').inputValue());
    await page.locator('#grid [aria-label^="Details of"]').last().click();
    await page.waitForSelector('#item .attributes');
    expect((await textOf(page, '#item .attributes')).includes(value), 'what is shown then has that value');
    await page.keyboard.press('Escape');
    await page.locator('.facet[aria-pressed="true"]').first().click();
    await page.waitForFunction(() => !location.hash.includes('where='));
    expect(true, 'the facet takes its condition away again');
    await page.evaluate(() => { location.hash += "&where=colour = 'no such colour'"; });
    await page.waitForFunction(() => document.querySelector('#results-state').innerText.includes('No item passes'));
    expect(true, 'it is said where no item passes');
    await shoot(page, 'nothing-passes');
  });
}

async function badCondition() {
  await withPage('bad condition', { refused: ['400', '422'] }, async (page) => {
    await settled(page);
    await page.keyboard.press('w');
    await page.keyboard.type('no_such_column = 1');
    const answered = page.waitForResponse((response) => response.status() >= 400);
    await page.keyboard.press('Enter');
    const { error } = await (await answered).json();
    expect(error.field === 'where', 'the server says that the condition is at fault', JSON.stringify(error));
    await page.waitForSelector('#where-error p');
    const said = await textOf(page, '#where-error');
    expect(said.startsWith(error.message.split('\n')[0]), "the server's sentence stands beside the condition", said);
    expect(await page.locator('#where').getAttribute('aria-invalid') === 'true', 'the field is marked');
    await shoot(page, 'bad-condition');
  });
}

async function trace() {
  await withPage('trace', {}, async (page) => {
    await likeTheFirst(page);
    await page.locator('#open-trace').click();
    expect(await page.locator('#trace .stages li').count() >= 2, 'the trace shows stages');
    const text = await textOf(page, '#trace');
    for (const word of ['in the server', '→', 'Coverage', 'Setting']) expect(text.includes(word), `the trace says “${word}”`);
    const longest = await page.evaluate(() => Math.max(...[...document.querySelectorAll('#trace .measure span')].map((bar) => bar.getBoundingClientRect().width)));
    expect(longest > 10, 'the stages have bars', `${longest}`);
    await shoot(page, 'trace');
    await page.locator('#close-trace').click();
    expect(await page.locator('#trace').isHidden(), 'the trace closes');
  });
}

async function history() {
  await withPage('history', {}, async (page) => {
    await likeTheFirst(page);
    const shared = page.url();
    const first = await page.evaluate(() => [...document.querySelectorAll('.card')].map((card) => card.dataset.id).join());
    await page.locator('#grid .pick').nth(1).click();
    await page.waitForFunction((url) => location.href !== url, shared);
    await settled(page);
    await page.goBack();
    const same = (ids) => [...document.querySelectorAll('.card')].map((card) => card.dataset.id).join() === ids;
    await page.waitForFunction(same, first);
    expect(true, 'Back shows the search before');
    await page.goto('about:blank');
    await page.goto(shared);
    await page.waitForFunction(same, first);
    expect(true, 'a shared address shows the same search');
  });
}

async function people() {
  await withPage('people', { hash: '#/people/friends' }, async (page) => {
    await page.locator('#person').fill('p1');
    await page.waitForSelector('[role="option"]');
    expect(await page.locator('#person').getAttribute('aria-expanded') === 'true', 'the list of proposals is announced');
    await page.keyboard.press('ArrowDown');
    expect((await page.locator('#person').getAttribute('aria-activedescendant'))?.length > 0, 'the arrow keys choose a proposal');
    const chosen = () => textOf(page, '[role="option"][aria-selected="true"] span:first-child');
    for (let i = 0; i < 20 && await chosen() !== 'p1'; i += 1) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.suggestion');
    expect(await textOf(page, '#person-title') === 'p1', 'the person is shown');
    expect(await page.locator('.reasons li').count() > 0, 'suggestions have reasons');
    const nodes = await page.locator('#graph .node').count();
    expect(nodes > 1, 'the drawing has people', `${nodes}`);
    expect(await page.locator('#graph line').count() > 0, 'the drawing has edges');
    await inside(page);
    const place = () => page.locator('#graph').innerHTML();
    const once = await place();
    await page.reload();
    await page.waitForSelector('#graph .node');
    expect(once === await place(), 'the same network is drawn the same way');
    await walk(page);
  });
}

/** Nobody stands outside the drawing. */
async function inside(page) {
  const outside = await page.evaluate(() => {
    const frame = document.querySelector('#graph svg').getBoundingClientRect();
    return [...document.querySelectorAll('#graph .body')].filter((node) => {
      const box = node.getBoundingClientRect();
      return box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom;
    }).length;
  });
  expect(outside === 0, 'everybody stands inside the drawing', `${outside} outside`);
}

async function walk(page) {
  await page.locator('#graph .self').focus();
  for (const key of ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp']) await page.keyboard.press(key);
  const other = page.locator('#graph .node:not(.self)').first();
  await other.focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('#person-title').innerText !== 'p1');
  expect(true, 'Enter on a person in the drawing walks on');
  await page.goBack();
  await page.waitForFunction(() => document.querySelector('#person-title').innerText === 'p1');
  expect(true, 'Back returns to the person before');
  await page.keyboard.press('t');
  expect(await page.locator('#trace .stages li').count() > 0, 'suggestions have a trace');
}

/** Asks before a rule, and does nothing where the person says no. */
async function rules() {
  await withPage('rules', { hash: P1 }, async (page) => {
    const other = await page.locator('.suggestion a').first().innerText();
    await page.locator('.suggestion [aria-label^="Block"]').first().click();
    expect(await page.locator('#confirm').isVisible(), 'blocking asks first');
    expect((await textOf(page, '#confirm')).includes(other), 'the question names the person');
    await shoot(page, 'confirm');
    await page.keyboard.press('Escape');
    expect(await page.locator('#confirm').isHidden() && await page.locator('.suggestion a').first().innerText() === other, 'Escape blocks nobody');
    await page.locator('.suggestion [aria-label^="Dismiss"]').first().click();
    await page.locator('#confirm-yes').click();
    await page.waitForFunction((name) => ![...document.querySelectorAll('.suggestion a')].some((link) => link.innerText === name), other);
    expect(true, 'whoever is dismissed is suggested no more');
  });
}

async function operations() {
  await withPage('operations', { hash: OPERATIONS }, async (page) => {
    await page.waitForSelector('#tiles .number');
    expect(/\d/.test(await textOf(page, '#tiles')), 'there are numbers');
    expect(await page.locator('#routes tbody tr').count() > 0, 'routes are listed');
    expect((await textOf(page, '#indexes')).includes('shop'), 'collections are listed');
    await page.waitForResponse((response) => response.url().endsWith('/v1/operations'));
    expect(true, 'the numbers are asked for again');
    await page.locator('#operations-pause').click();
    expect(await textOf(page, '#operations-state') === 'paused', 'the refreshing can be paused');
    await page.goto(`${BASE}${SHOP}`);
    await settled(page);
    let asked = 0;
    page.on('request', (request) => { asked += Number(request.url().endsWith('/v1/operations')); });
    await page.waitForTimeout(2500);
    expect(asked === 0, 'nothing is asked for while the tab is not shown');
  });
}

async function help() {
  await withPage('help', {}, async (page) => {
    await settled(page);
    await page.keyboard.press('?');
    expect(await page.locator('#help').isVisible(), '? opens the help');
    await shoot(page, 'help');
    await page.keyboard.press('Escape');
    expect(await page.locator('#help').isHidden(), 'Escape closes the help');
    const before = await page.evaluate(() => getComputedStyle(document.body).color);
    await page.locator('#theme').click();
    await page.locator('#theme').click();
    expect(await page.evaluate(() => getComputedStyle(document.body).color) !== before, 'the theme can be switched');
    await page.reload();
    await settled(page);
    expect((await textOf(page, '#theme')).includes('dark'), 'the theme is kept');
  });
}

/** Every view in both schemes and at both widths: names, headings, contrast, and no scrolling sideways. */
async function appearances() {
  const views = {
    items: [SHOP, settled, null],
    hits: [SHOP, likeTheFirst, '#open-trace'],
    people: [P1, (page) => page.waitForSelector('#graph .node'), null],
    begin: ['#/people/friends', (page) => page.waitForSelector('#people-start a'), null],
    operations: [OPERATIONS, (page) => page.waitForSelector('#routes tr'), null],
  };
  for (const colorScheme of ['light', 'dark']) {
    for (const [size, viewport] of Object.entries({ wide: WIDE, phone: PHONE })) {
      for (const [view, [hash, ready, open]] of Object.entries(views)) {
        const name = `${view}-${size}-${colorScheme}`;
        await withPage(name, { hash, viewport, colorScheme }, async (page) => {
          await ready(page);
          await page.evaluate(() => document.querySelectorAll('main details').forEach((details) => { details.open = true; }));
          await page.waitForTimeout(250);
          await look(page, name);
          if (!open) return;
          await page.locator(open).click();
          await look(page, `${name}-trace`);
        });
      }
    }
  }
}

async function look(page, name) {
  const faults = await page.evaluate(audit);
  for (const [what, found] of Object.entries(faults)) expect(found.length === 0, `${name}: ${what}`, [...new Set(found)].slice(0, 6).join(' | '));
  await page.screenshot({ path: join(out, `${name}.png`), fullPage: !name.includes('trace') });
}

async function gone() {
  await withPage('gone', { refused: ['ERR_'] }, async (page) => {
    await settled(page);
    await page.route('**/v1/**', (route) => route.abort());
    await page.locator('#grid .pick').first().click();
    await page.waitForSelector('#results-failure .notice');
    expect((await textOf(page, '#results-failure')).includes('does not answer'), 'it is said that the server does not answer');
    await shoot(page, 'server-gone');
    await page.unroute('**/v1/**');
    await page.getByRole('button', { name: 'Try again' }).click();
    await settled(page);
    expect(await hits(page).count() > 0, 'Try again goes on where it stopped');
  });
}
