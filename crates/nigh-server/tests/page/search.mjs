/** The search tab: first items, the loop by keyboard, photos, conditions, the trace, and addresses. */

import { BASE, expect, focusedId, hits, likeTheFirst, settled, shoot, textOf, withPage } from './harness.mjs';

const MOST_BYTES = 200 * 1024;

export async function files() {
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
export async function keyboard() {
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

export async function upload() {
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

export async function narrowing() {
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
    await page.waitForSelector('#item .attributes .code');
    expect((await page.locator('#item .attributes').last().innerText()).includes(value), 'what is shown then has that value');
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

export async function badCondition() {
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

export async function trace() {
  await withPage('trace', {}, async (page) => {
    await likeTheFirst(page);
    await page.locator('#open-trace').click();
    expect(await page.locator('#trace .stages li').count() >= 2, 'the trace shows stages');
    const text = await textOf(page, '#trace');
    for (const word of ['in the server', '→', 'Coverage', 'Setting']) expect(text.includes(word), `the trace says “${word}”`);
    await explained(page);
    const longest = await page.evaluate(() => Math.max(...[...document.querySelectorAll('#trace .measure span')].map((bar) => bar.getBoundingClientRect().width)));
    expect(longest > 10, 'the stages have bars', `${longest}`);
    await shoot(page, 'trace');
    await page.locator('#close-trace').click();
    expect(await page.locator('#trace').isHidden(), 'the trace closes');
  });
}

/** Each stage opens a sentence about it. */
export async function explained(page) {
  const [stages, told] = [await page.locator('#trace .stages li').count(), await page.locator('#trace .stages summary').count()];
  expect(stages === told, 'every stage is explained', (await page.locator('#trace .stages').innerText()).replaceAll('\n', ' '));
  await page.locator('#trace .stages summary').first().press('Enter');
  expect((await page.locator('#trace .stages details[open] p').innerText()).length > 20, 'a stage opens its explanation');
}

export async function history() {
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
