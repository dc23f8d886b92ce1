/** The ranking of a search: the panel, what is asked of the server, what hits tell of it, and the catalog's own pipeline. */

import { BASE, SHOP, expect, likeTheFirst, settled, shoot, searched, textOf, withPage } from './harness.mjs';

const PIPELINE = `${BASE}v1/catalogs/shop/pipeline`;

/** Opens a search with the panel open, and gives what the server said of it before. */
async function opened(page) {
  const { answer } = await searched(page, () => likeTheFirst(page));
  await page.locator('#ranking > summary').click();
  return answer;
}

/** Adds a condition whose weight is above all similarity. */
async function boost(page, condition) {
  await page.locator('#add-condition').click();
  const row = page.locator('#boosts li').last();
  await row.locator('[name="weight"]').fill('3');
  await row.locator('[name="where"]').fill(condition);
  return searched(page, () => row.locator('[name="where"]').press('Tab'));
}

export async function boosts() {
  await withPage('boosts', {}, async (page) => {
    const before = await opened(page);
    expect(new RegExp(`^${before.hits.length} of [\\d,]+ items`).test(await textOf(page, '#results-state')), 'it is said how many are shown of how many that pass', await textOf(page, '#results-state'));
    expect((await textOf(page, '#results-state')).includes(` of ${before.total.toLocaleString('en')} items`), 'the number is the server’s', `${before.total}`);
    const other = before.hits.find((hit) => hit.attributes.colour !== before.hits[0].attributes.colour);
    const condition = `colour = '${other.attributes.colour}'`;
    const { asked, answer } = await boost(page, condition);
    expect(JSON.stringify(asked.pipeline) === JSON.stringify({ rank: { boosts: [{ where: condition, weight: 3 }] } }), 'a boost is asked for', JSON.stringify(asked.pipeline));
    expect(answer.hits[0].attributes.colour === other.attributes.colour, 'what is boosted comes first', JSON.stringify(answer.hits[0]));
    await settled(page);
    expect(new URL(page.url()).hash.includes('pipeline='), 'the ranking is part of the address');
    await told(page, answer.hits[0].rank, condition);
    await shoot(page, 'ranking');
    const { asked: again } = await searched(page, () => page.reload());
    expect(JSON.stringify(again.pipeline) === JSON.stringify(asked.pipeline), 'a shared address asks for the same ranking', JSON.stringify(again.pipeline));
    expect(await page.locator('#boosts [name="where"]').inputValue() === condition, 'the panel shows what the address says');
    const { asked: without } = await searched(page, () => page.locator('#boosts .remove').click());
    expect(JSON.stringify(without.pipeline) === '{}', 'without its boost nothing ranks', JSON.stringify(without.pipeline));
  });
}

/** The parts of the first hit's rank, on its card and in its details. */
async function told(page, rank, condition) {
  const title = await page.locator('#grid .ranked').first().getAttribute('title');
  for (const part of ['similarity', condition]) expect(title.includes(part), `the card tells “${part}”`, title);
  const sum = rank.parts.reduce((all, { value }) => all + value, 0);
  expect(Math.abs(sum - rank.score) < 1e-3, 'the parts add up to the score', `${sum} ${rank.score}`);
  await page.locator('#grid [aria-label^="Details of"]').first().click();
  await page.waitForSelector('#item .rank');
  const parts = await textOf(page, '#item .rank');
  for (const { part, value } of rank.parts) expect(parts.includes(part) && parts.includes(value.toFixed(2)), `the details tell “${part}”`, parts);
  await shoot(page, 'rank-parts');
  await page.keyboard.press('Escape');
}

/** Diversity, freshness, a number and a budget, all by keyboard. */
export async function formula() {
  await withPage('formula', {}, async (page) => {
    await likeTheFirst(page);
    await page.keyboard.press('r');
    expect(await page.evaluate(() => document.activeElement.id) === 'ranking-mode', 'r goes to the ranking');
    await page.locator('#budget').fill('500');
    const budget = await searched(page, () => page.keyboard.press('Enter'));
    expect(budget.asked.pipeline?.budget_ms === 500 && budget.status === 200, 'a budget is asked for', JSON.stringify(budget.asked.pipeline));
    await settled(page);
    await page.locator('#diversity').focus();
    const diverse = await searched(page, () => page.keyboard.press('End'));
    expect(diverse.asked.pipeline.rank?.diversity?.lambda === 0 && diverse.status === 200, 'diversity is asked for', JSON.stringify(diverse.asked.pipeline));
    expect(diverse.answer.trace.some(({ stage }) => stage === 'diversify'), 'diversity is a stage', JSON.stringify(diverse.answer.trace));
    await settled(page);
    const date = await page.locator('#fresh option').nth(1).getAttribute('value');
    const fresh = await searched(page, () => page.locator('#fresh').selectOption(date));
    expect(JSON.stringify(fresh.asked.pipeline.rank.freshness) === JSON.stringify({ attribute: date, half_life_days: 90, weight: 0.1 }), 'freshness is asked for', JSON.stringify(fresh.asked.pipeline));
    expect(fresh.answer.hits.some(({ rank }) => rank?.parts.some(({ part }) => part === 'freshness')), 'freshness is a part of the rank', JSON.stringify(fresh.answer.hits[0]?.rank));
    await settled(page);
    const number = await searched(page, () => page.locator('#add-number').click());
    expect(number.status === 200 && number.asked.pipeline.rank.boosts[0].pivot === 100, 'a number can boost', JSON.stringify(number.answer.error ?? number.asked.pipeline));
    await settled(page);
    const none = await searched(page, () => page.locator('#ranking-mode').selectOption('none'));
    expect(JSON.stringify(none.asked.pipeline) === '{}' && !none.answer.hits[0].rank, 'by score alone nothing else ranks', JSON.stringify(none.answer.hits[0]));
    expect(await page.locator('#budget').inputValue() === '', 'the fields are empty then');
  });
}

/** A ranking becomes the catalog's, for every search that says nothing else, and is taken away again. */
export async function defaults() {
  await withPage('defaults', {}, async (page) => {
    await opened(page);
    const { asked } = await boost(page, "colour != 'none'");
    await settled(page);
    await page.locator('#save-ranking').click();
    expect(await page.locator('#confirm').isVisible(), 'a default is asked about first');
    const saved = await searched(page, () => page.locator('#confirm-yes').click());
    expect(saved.asked.pipeline === undefined && Boolean(saved.answer.hits[0].rank), 'the default ranks a search that says nothing', JSON.stringify(saved.asked));
    const kept = await (await page.request.get(PIPELINE)).json();
    expect(JSON.stringify(kept.rank?.boosts) === JSON.stringify(asked.pipeline.rank.boosts), 'the server keeps the default', JSON.stringify(kept));
    expect((await textOf(page, '#ranking-said')).startsWith('Saved'), 'it is said that it is saved');
    await shoot(page, 'ranking-saved');
    await page.reload();
    await settled(page);
    await page.waitForFunction(() => document.querySelector('#ranking-state').innerText.includes('as shop is set: 1 boost'));
    expect(true, 'the default is shown');
    await page.locator('#ranking > summary').click();
    await page.locator('#drop-ranking').click();
    const dropped = await searched(page, () => page.locator('#confirm-yes').click());
    expect(!dropped.answer.hits[0].rank, 'without the default nothing ranks', JSON.stringify(dropped.answer.hits[0]));
    const none = await (await page.request.get(PIPELINE)).json();
    expect(Object.values(none).every((value) => value === null), 'the server has no default any more', JSON.stringify(none));
  });
}

export async function mistakes() {
  await withPage('mistakes', { refused: ['400', '422'] }, async (page) => {
    await opened(page);
    const { status, answer } = await boost(page, 'no_such_column = 1');
    expect(status >= 400 && answer.error.field?.startsWith('pipeline'), 'the server says that the pipeline is at fault', JSON.stringify(answer));
    await page.waitForSelector('#ranking-error p');
    expect((await textOf(page, '#ranking-error')).startsWith(answer.error.message.split('\n')[0]), 'the server’s sentence stands in the panel', await textOf(page, '#ranking-error'));
    await shoot(page, 'ranking-mistake');
    const mended = await searched(page, () => page.locator('#boosts .remove').click());
    await settled(page);
    expect(mended.status === 200 && await textOf(page, '#ranking-error') === '', 'without the mistake all is well again');
  });
}

export async function leastScore() {
  await withPage('least score', {}, async (page) => {
    const before = await opened(page);
    await page.locator('#refine > summary').click();
    const least = String(Math.floor(1000 * before.hits[2].score) / 1000);
    await page.locator('#least').fill(least);
    const { asked, answer } = await searched(page, () => page.locator('#least').press('Enter'));
    expect(asked.min_score === Number(least), 'a least score is asked for', JSON.stringify(asked));
    expect(answer.hits.length > 0 && answer.hits.every(({ score }) => score >= asked.min_score), 'no hit is below it', `${answer.hits.map(({ score }) => score)}`);
    await settled(page);
    expect(new URL(page.url()).hash.includes(`least=${least}`), 'the least score is part of the address');
  });
}

/** How a search that its budget cut short is told. What the server says is changed on the way: no budget cuts so few items for certain. */
export async function cutShort() {
  await withPage('cut short', { hash: SHOP }, async (page) => {
    await page.route('**/search', async (route) => {
      const response = await route.fetch();
      const json = await response.json();
      Object.assign(json.trace.at(-1), { in: 400, out: 24, wanted: 4000 });
      await route.fulfill({ response, json: { ...json, coverage: 0.1 } });
    });
    await likeTheFirst(page);
    expect((await textOf(page, '#results-state')).includes('cut short by the budget'), 'it is said beside the hits', await textOf(page, '#results-state'));
    await page.locator('#open-trace').click();
    const text = await textOf(page, '#trace');
    expect(text.includes('400 of 4,000 (budget) → 24'), 'the trace tells what a stage wanted', text);
    expect(/Coverage: the budget ended the search when 10 % of its candidates/.test(text), 'coverage is a sentence', text);
    expect(!text.includes('Nothing that is nearer was missed'), 'nothing is promised of what was not looked at');
    const shares = await page.evaluate(() => { const cut = document.querySelector('#trace .cut'); return [cut.firstElementChild.offsetWidth / cut.offsetWidth, getComputedStyle(cut).backgroundImage]; });
    expect(Math.abs(shares[0] - 0.1) < 0.02 && shares[1].includes('gradient'), 'what was left out is hatched', shares.join(' '));
    await shoot(page, 'cut-short');
  });
}
