/** The people tab: finding somebody, the drawing around them, and rules that can be taken back. */

import { P1, expect, shoot, textOf, withPage } from './harness.mjs';
import { explained } from './search.mjs';

export async function people() {
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
  await explained(page);
}

const suggests = (name) => [...document.querySelectorAll('.suggestion a')].some((link) => link.innerText === name);
const suggestsNot = (name) => ![...document.querySelectorAll('.suggestion a')].some((link) => link.innerText === name);

/** A dismissal is taken back; a block asks first, and is taken back too. */
export async function rules() {
  await withPage('rules', { hash: P1 }, async (page) => {
    const other = await page.locator('.suggestion a').first().innerText();
    await page.locator('.suggestion [aria-label^="Block"]').first().click();
    expect(await page.locator('#confirm').isVisible(), 'blocking asks first');
    expect((await textOf(page, '#confirm')).includes(other), 'the question names the person');
    await shoot(page, 'confirm');
    await page.keyboard.press('Escape');
    expect(await page.locator('#confirm').count() === 0 && await page.evaluate(suggests, other), 'Escape blocks nobody');
    await madeAndTakenBack(page, 'Dismiss', other);
    await madeAndTakenBack(page, 'Block', other);
    await page.locator('.suggestion a').first().click();
    await page.waitForFunction(() => document.querySelector('#person-title').innerText !== 'p1');
    expect(await page.locator('#rule-done').isHidden(), 'what was done last is not said of another person');
  });
}

async function madeAndTakenBack(page, verb, other) {
  await page.locator(`[aria-label="${verb} ${other}"]`).click();
  if (verb === 'Block') await page.locator('#confirm-yes').click();
  await page.waitForFunction(suggestsNot, other);
  await page.waitForSelector('#undo');
  expect((await textOf(page, '#rule-done')).includes(other), `${verb}: it is said what was done`);
  expect(await page.evaluate(() => document.activeElement.id) === 'undo', `${verb}: the button that takes it back has the focus`);
  await shoot(page, `${verb.toLowerCase()}-undo`);
  await page.keyboard.press('Enter');
  await page.waitForFunction(suggests, other);
  expect(await page.locator('#undo').count() === 0, `${verb}: it is taken back once`);
}
