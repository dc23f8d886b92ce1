/** What the checks share: the browser, pages that are watched, and the count of what holds. */

import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [base, out] = process.argv.slice(2);
if (!base || !out) {
  console.error('usage: node check.mjs BASE_URL OUT_DIR');
  process.exit(2);
}
export const BASE = base.endsWith('/') ? base : `${base}/`;
mkdirSync(out, { recursive: true });

const ARGUMENTS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
export const WIDE = { width: 1280, height: 860 };
export const PHONE = { width: 360, height: 740 };
export const SHOP = '#/search/shop';
export const P1 = '#/people/friends?person=p1';
export const OPERATIONS = '#/operations';
export const REFERENCE = 'v1/reference';

const failures = [];
let passed = 0;

/** Notes one check; `detail` is said where it fails. */
export function expect(holds, name, detail = '') {
  if (holds) passed += 1;
  else failures.push(detail ? `${name}: ${detail}` : name);
}

const browser = await playwright().chromium.launch({ executablePath: process.env.NIGH_CHROMIUM ?? '/usr/bin/chromium', args: ARGUMENTS });

/** Runs the checks one after another, says what failed, and ends. */
export async function run(checks) {
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
}

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
 * `refused` are statuses that the check provokes, of which the browser writes a line; `may` is what the page is let do.
 */
export async function withPage(name, { hash = SHOP, viewport = WIDE, colorScheme = 'light', refused = [], may = [] }, use) {
  const context = await browser.newContext({ viewport, colorScheme, permissions: may });
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

export function shoot(page, name, fullPage = false) {
  return page.screenshot({ path: join(out, `${name}.png`), fullPage });
}

export function hits(page) {
  return page.locator('#grid .card');
}

/** Waits until results are there and none are under way. */
export function settled(page) {
  return page.waitForFunction(() => document.querySelector('#grid .card') && !document.querySelector('#grid').hasAttribute('aria-busy'));
}

export function focusedId(page) {
  return page.evaluate(() => document.activeElement.closest('.card')?.dataset.id);
}

export function textOf(page, selector) {
  return page.locator(selector).innerText();
}

/** Opens the search for what looks like the catalog's first item. */
export async function likeTheFirst(page) {
  await settled(page);
  await page.locator('#grid .pick').first().click();
  await page.waitForSelector('#grid .card .card-facts strong');
  await settled(page);
}

/** What a search asked and was answered, of the next search that `act` sets off. */
export async function searched(page, act) {
  const isSearch = (response) => response.url().endsWith('/search') && response.request().method() === 'POST';
  const [response] = await Promise.all([page.waitForResponse(isSearch), act()]);
  return { status: response.status(), asked: response.request().postDataJSON(), answer: await response.json() };
}
