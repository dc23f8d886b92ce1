/** How all of it looks: themes, widths, names, contrast; the help; and a server that is gone. */

import { audit } from './audit.mjs';
import { OPERATIONS, P1, PHONE, REFERENCE, SHOP, WIDE, expect, hits, likeTheFirst, settled, shoot, textOf, withPage } from './harness.mjs';

export async function help() {
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
export async function appearances() {
  const views = {
    items: [SHOP, settled, null],
    hits: [SHOP, likeTheFirst, '#open-trace'],
    people: [P1, (page) => page.waitForSelector('#graph .node'), null],
    begin: ['#/people/friends', (page) => page.waitForSelector('#people-start a'), null],
    ranking: [SHOP, ranked, null],
    reference: [REFERENCE, unfolded, null],
    operations: [OPERATIONS, (page) => page.waitForSelector('#routes tr'), null],
  };
  for (const colorScheme of ['light', 'dark']) {
    for (const [size, viewport] of Object.entries({ wide: WIDE, phone: PHONE })) {
      for (const [view, [hash, ready, open]] of Object.entries(views)) {
        const name = `${view}-${size}-${colorScheme}`;
        await withPage(name, { hash, viewport, colorScheme }, async (page) => {
          await ready(page);
          await page.evaluate(() => document.querySelectorAll('main details, #contents-fold').forEach((details) => { details.open = true; }));
          await page.waitForTimeout(250);
          await look(page, name);
          if (!open) return;
          await page.locator(open).click();
          await page.evaluate(() => document.querySelectorAll('#trace details').forEach((details) => { details.open = true; }));
          await look(page, `${name}-trace`);
        });
      }
    }
  }
}

/** A search whose ranking has something of everything. */
async function ranked(page) {
  await likeTheFirst(page);
  await page.locator('#ranking > summary').click();
  await page.locator('#budget').fill('1000');
  await page.locator('#add-number').click();
  await page.locator('#add-condition').click();
  await page.locator('#boosts [name="where"]').fill("colour != 'none'");
  await page.locator('#boosts [name="where"]').press('Enter');
  await page.waitForSelector('#grid .ranked');
  await settled(page);
}

/** The reference with what objects hold, two steps down. */
async function unfolded(page) {
  await page.waitForSelector('#operations article');
  for (let step = 0; step < 2; step += 1) {
    await page.evaluate(() => document.querySelectorAll('main details:not([open])').forEach((details) => { details.open = true; }));
    await page.waitForTimeout(150);
  }
}

async function look(page, name) {
  const faults = await page.evaluate(audit);
  for (const [what, found] of Object.entries(faults)) expect(found.length === 0, `${name}: ${what}`, [...new Set(found)].slice(0, 6).join(' | '));
  await shoot(page, name, !/trace|reference/.test(name));
}

export async function gone() {
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
