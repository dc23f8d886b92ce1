/** The operations tab. */

import { BASE, OPERATIONS, SHOP, expect, settled, textOf, withPage } from './harness.mjs';

export async function operations() {
  await withPage('operations', { hash: OPERATIONS }, async (page) => {
    await page.waitForSelector('#tiles .number');
    expect(/\d/.test(await textOf(page, '#tiles')), 'there are numbers');
    expect(await page.locator('#routes tbody tr').count() > 0, 'routes are listed');
    expect((await textOf(page, '#indexes')).includes('shop'), 'collections are listed');
    await page.waitForResponse((response) => response.url().endsWith('/v1/operations'));
    expect(true, 'the numbers are asked for again');
    await courses(page);
    await costs(page);
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

/** What the page has seen so far is drawn beside the figures. */
async function courses(page) {
  await page.waitForFunction(() => document.querySelector('#routes td:nth-child(4) .spark polyline')?.points.length >= 2 && document.querySelector('#routes td:nth-child(6) .spark polyline'));
  const [first] = await page.locator('#routes .spark').all();
  expect(/^requests per second: from .* to .*, now /.test(await first.getAttribute('aria-label')), 'a course is told in words', await first.getAttribute('aria-label'));
}

/** Searches went before, so that stages have been measured. */
async function costs(page) {
  const shop = page.locator('#indexes article', { has: page.locator('h4', { hasText: /^shop$/ }) });
  const rows = await shop.locator('.costs tbody tr').allInnerTexts();
  expect(rows.length > 0 && rows.every((row) => /\d\s*(ns|µs|ms|s)\s+[\d,]+$/.test(row)), 'the stages of shop have a cost per candidate', rows.join(' | '));
}
