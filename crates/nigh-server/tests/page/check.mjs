/**
 * Drives the page of a running nigh in a headless Chromium and says what is wrong with it.
 *
 *     node check.mjs BASE_URL OUT_DIR
 *
 * The server holds a catalog `shop` with at least 60 pictures, a string attribute `colour`, a date attribute, an attribute that is a number,
 * no search by words and no pipeline of its own, and a network `friends` with a person `p1`. What is changed on the way (a pipeline, a dismissal, a
 * block) is taken back. Screenshots go to OUT_DIR. `NIGH_PLAYWRIGHT` is the folder whose node_modules holds `playwright-core`
 * where it is neither installed beside this file nor on NODE_PATH; `NIGH_CHROMIUM` is the browser, /usr/bin/chromium where it is not set;
 * `NIGH_PAGE_ONLY` names the checks to run, all where it is not set. Ends with 1 where a check fails.
 */

import { run } from './harness.mjs';
import * as looks from './looks.mjs';
import * as operations from './operations.mjs';
import * as people from './people.mjs';
import * as ranking from './ranking.mjs';
import * as reference from './reference.mjs';
import * as search from './search.mjs';

const checks = [
  search.files, search.keyboard, search.upload, search.narrowing, search.badCondition, search.trace, search.history,
  ranking.boosts, ranking.formula, ranking.defaults, ranking.mistakes, ranking.leastScore, ranking.cutShort,
  people.people, people.rules,
  operations.operations,
  reference.document, reference.links, reference.filter, reference.schemas, reference.trying, reference.refusals, reference.commands,
  looks.help, looks.appearances, looks.gone,
];
const only = process.env.NIGH_PAGE_ONLY?.split(',');
await run(checks.filter(({ name }) => !only || only.includes(name)));
