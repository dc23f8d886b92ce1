/** The reference of the API, and trying an operation on it. */

import { BASE, PHONE, REFERENCE, SHOP, expect, settled, shoot, withPage } from './harness.mjs';

const ready = (page) => page.waitForSelector('#operations article');
/** An operation on the page, by what it is: its id may change. */
function at(page, method, path) {
  const exact = new RegExp(`^${method}${path.replaceAll(/[{}/]/g, '\\$&')}Link$`);
  return page.locator('#operations article', { has: page.locator('.endpoint', { hasText: exact }) });
}

const ITEMS = '/v1/catalogs/{name}/items';
const ITEM = `${ITEMS}/{id}`;
const SEARCH = '/v1/catalogs/{name}/search';
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

export async function document() {
  for (const place of ['reference.html', REFERENCE]) {
    await withPage(place, { hash: place }, async (page) => {
      await ready(page);
      const policy = (await page.request.get(BASE + place)).headers()['content-security-policy'] ?? '';
      expect(policy.includes("default-src 'none'") && policy.includes("script-src 'self'") && !policy.includes('unsafe'), `${place} is sent with a strict content policy`, policy);
      const told = await (await page.request.get(`${BASE}v1/openapi.json`)).json();
      const operations = Object.values(told.paths).flatMap((methods) => METHODS.filter((method) => methods[method]));
      const [shown, listed] = [await page.locator('#operations article').count(), await page.locator('#contents a').count()];
      expect(shown === operations.length && listed === shown, `${place} shows every operation, and lists it`, `${operations.length}, ${shown}, ${listed}`);
      const nameless = await page.locator('#operations article h3').allInnerTexts();
      expect(nameless.every((name) => !/^[A-Z]+ \//.test(name)), 'every operation has a summary', nameless.filter((name) => /^[A-Z]+ \//.test(name)).join());
      await page.getByRole('link', { name: 'Search page' }).click();
      await settled(page);
      expect(true, `${place} leads back to the search page`);
    });
  }
  await withPage('to the reference', { hash: SHOP }, async (page) => {
    await settled(page);
    await page.getByRole('link', { name: 'API' }).click();
    await ready(page);
    expect(page.url() === BASE + REFERENCE, 'the page leads to the reference', page.url());
    await shoot(page, 'reference');
  });
}

/** An operation has an address, by its id with or without its tag. */
export async function links() {
  const atTop = (id) => document.activeElement.id === id && Math.abs(document.getElementById(id).getBoundingClientRect().top) < 60;
  for (const hash of ['#catalogs-search', '#search']) {
    await withPage(hash, { hash: REFERENCE + hash, viewport: PHONE }, async (page) => {
      await page.waitForFunction(atTop, 'catalogs-search');
      expect(true, `${hash} shows the search`);
    });
  }
  await withPage('contents', { hash: REFERENCE }, async (page) => {
    await ready(page);
    await page.locator('#contents [data-id="networks-suggestions"] a').click();
    await page.waitForFunction(atTop, 'networks-suggestions');
    await page.waitForFunction(() => document.querySelector('#contents [data-id="networks-suggestions"] a').getAttribute('aria-current') === 'true');
    expect(page.url().endsWith('#networks-suggestions'), 'the contents lead to an operation, and mark it');
    await page.goBack();
    expect(!page.url().includes('#'), 'Back leads to where one was');
  });
}

export async function filter() {
  await withPage('filter', { hash: REFERENCE }, async (page) => {
    await ready(page);
    const all = await page.locator('#operations article').count();
    await page.keyboard.press('/');
    await page.keyboard.type('get suggestions');
    await page.waitForFunction(() => document.querySelector('#filter-state').innerText.startsWith('1 of'));
    expect(await page.locator('#operations article:visible').count() === 1, 'the filter leaves what it names');
    expect(await page.locator('#operations h2:visible').count() === 1 && await page.locator('#contents h3:visible').count() === 1, 'a tag without operations is not shown');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement.id === 'networks-suggestions');
    expect(true, 'Enter goes to the first that is left');
    await page.keyboard.press('/');
    await page.keyboard.press('Escape');
    await page.waitForFunction((n) => [...document.querySelectorAll('#operations article')].filter((one) => one.checkVisibility()).length === n, all);
    expect(true, 'Escape shows all again');
  });
}

export async function schemas() {
  await withPage('schemas', { hash: `${REFERENCE}#catalogs-search` }, async (page) => {
    await ready(page);
    const search = at(page, 'POST', SEARCH);
    const words = await search.locator('.body').innerText();
    for (const word of ['application/json', 'k', 'default 10', '≥ 1', 'where', 'params', 'array of']) expect(words.includes(word), `the body of a search tells “${word}”`);
    await search.getByText('What params holds').click();
    const held = search.locator('.body .fold', { hasText: 'What params holds' });
    expect((await held.innerText()).includes('nprobe'), 'a fold shows what an object holds');
    expect((await at(page, 'POST', ITEMS).locator('.body').first().innerText()).includes('required'), 'what is required is marked');
    expect((await search.locator('.answer').first().innerText()).includes('hits'), 'the answer’s schema is shown');
    await everyFold(page);
  });
}

/** All folds are opened, those within them too: an end must come. */
async function everyFold(page) {
  let steps = 0;
  while (steps < 12 && await page.evaluate(() => {
    const closed = document.querySelectorAll('#operations details:not([open])');
    closed.forEach((details) => { details.open = true; });
    return closed.length > 0;
  })) {
    steps += 1;
    await page.waitForTimeout(100);
  }
  expect(steps < 12, 'folds within folds come to an end', `${steps}`);
  const empty = await page.evaluate(() => [...document.querySelectorAll('#operations details')].filter((details) => details.children.length < 2).length);
  expect(empty === 0, 'every fold holds something', `${empty}`);
}

/** Sends what a form says and gives the text of the answer. */
async function sent(form) {
  const page = form.page();
  await Promise.all([page.waitForResponse((response) => response.url().includes('/v1/')), form.locator('button[type="submit"]').click()]);
  await form.locator('.status').waitFor();
  return form.locator('.answered').innerText();
}

export async function trying() {
  await withPage('trying', { hash: REFERENCE, refused: ['404'] }, async (page) => {
    await ready(page);
    const collections = await sent(at(page, 'GET', '/v1/collections'));
    expect(/^200/.test(collections) && / in [\d.]+ m?s/.test(collections) && collections.includes('"shop"'), 'a request is sent and its answer shown', collections.slice(0, 200));
    const items = at(page, 'GET', ITEMS);
    expect(await items.locator('[name="path:name"]').inputValue() !== '', 'a catalog’s name stands there already');
    await items.locator('[name="path:name"]').fill('shop');
    await items.locator('[name="query:limit"]').fill('1');
    const [item] = JSON.parse((await sent(items), await items.locator('.answer-body').innerText())).items;
    const search = at(page, 'POST', SEARCH);
    await search.locator('[name="path:name"]').fill('shop');
    expect(typeof JSON.parse(await search.locator('textarea').inputValue()) === 'object', 'the body is filled in with JSON');
    await search.locator('textarea').fill(JSON.stringify({ item_id: item.id, k: 3 }));
    await search.locator('textarea').focus();
    await Promise.all([page.waitForResponse((response) => response.url().endsWith('/search')), page.keyboard.press('Control+Enter')]);
    await search.locator('.status').waitFor();
    expect(JSON.parse(await search.locator('.answer-body').innerText()).hits.length === 3, 'a search can be tried, by keyboard');
    await shoot(page, 'reference-tried');
    const image = at(page, 'GET', `${ITEM}/images/{image}`);
    for (const [name, value] of Object.entries({ name: 'shop', id: item.id, image: item.images[0] })) await image.locator(`[name="path:${name}"]`).fill(value);
    await sent(image);
    await page.waitForFunction(() => document.querySelector('.answer-picture')?.naturalWidth > 0);
    expect(true, 'a picture is shown as one');
    const one = at(page, 'GET', ITEM);
    await one.locator('[name="path:name"]').fill('shop');
    await one.locator('[name="path:id"]').fill('no such/item');
    const missing = await sent(one);
    expect(/^404/.test(missing) && missing.includes('"error"'), 'a failure is shown as it came', missing.slice(0, 200));
  });
}

/** Nothing is sent that is no JSON, lacks a name, or deletes without being asked about. */
export async function refusals() {
  await withPage('refusals', { hash: REFERENCE }, async (page) => {
    await ready(page);
    let requests = 0;
    await page.waitForFunction(() => document.querySelector('#catalogs-search [name="path:name"]').value !== '');
    page.on('request', () => { requests += 1; });
    const search = at(page, 'POST', SEARCH);
    await search.locator('textarea').fill('{"k": }');
    await search.locator('button[type="submit"]').click();
    expect((await search.locator('.answered').innerText()).includes('is no JSON'), 'a body that is no JSON is told');
    expect(await search.locator('textarea').getAttribute('aria-invalid') === 'true', 'its field is marked');
    const remove = at(page, 'DELETE', ITEM);
    await remove.locator('button[type="submit"]').click();
    expect(await page.locator('#confirm').count() === 0, 'without an id nothing is deleted');
    await remove.locator('[name="path:id"]').fill('x');
    await remove.locator('button[type="submit"]').click();
    expect(await page.locator('#confirm').isVisible(), 'deleting asks first');
    await page.keyboard.press('Escape');
    expect(requests === 0, 'none of that was sent', `${requests}`);
  });
}

export async function commands() {
  await withPage('commands', { hash: REFERENCE, may: ['clipboard-read', 'clipboard-write'] }, async (page) => {
    await ready(page);
    await page.evaluate(() => sessionStorage.setItem('nigh.key', 'secret'));
    const search = at(page, 'POST', SEARCH);
    await search.locator('[name="path:name"]').fill("it's");
    await search.locator('textarea').fill('{"text": "it\'s"}');
    const command = await search.locator('.command').innerText();
    for (const part of ['curl -X POST', `${BASE}v1/catalogs/it'\\''s/search`, "-H 'content-type: application/json'", "-d '{\"text\": \"it'\\''s\"}'", '-H "Authorization: Bearer $NIGH_KEY"']) {
      expect(command.includes(part), `the command has ${part}`, command);
    }
    expect(!command.includes('secret'), 'the key itself is not shown');
    await search.getByRole('button', { name: 'Copy curl' }).click();
    await page.waitForFunction(() => [...document.querySelectorAll('#catalogs-search button')].some((one) => one.innerText === 'Copied'));
    expect(await page.evaluate(() => navigator.clipboard.readText()) === command, 'the command can be copied');
    const [request] = await Promise.all([page.waitForRequest((one) => one.url().endsWith('/v1/collections')), at(page, 'GET', '/v1/collections').locator('button[type="submit"]').click()]);
    expect(request.headers().authorization === 'Bearer secret', 'the key is sent');
    const put = at(page, 'PUT', ITEM);
    await put.locator('select').selectOption('multipart/form-data');
    await put.locator('[name="path:id"]').fill('a b');
    await put.locator('[name="form:image"]').setInputFiles({ name: 'mug.png', mimeType: 'image/png', buffer: Buffer.from('') });
    const form = await put.locator('.command').innerText();
    expect(form.includes("-F 'image=@mug.png'") && form.includes('/a%20b') && !form.includes('content-type'), 'a form is a command too', form);
  });
}
