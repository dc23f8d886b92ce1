/** Reading an OpenAPI document: its operations as the page shows them. */

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/**
 * @typedef {{type: string, schema: object, example: any}} Body a media type, what it holds and an example that the document gives
 * @typedef {{status: string, description: string, bodies: Body[]}} Answer
 * @typedef {{id: string, alias: string, tag: string, method: string, path: string, summary: string, description: string,
 *   parameters: object[], bodies: Body[], bodyRequired: boolean, answers: Answer[]}} Operation
 * `id` is the tag and the operation's id, as an id may stand under several tags; `alias` is the operation's id alone.
 */

/** @returns {Operation[]} */
export function operationsOf(document) {
  const taken = new Set();
  const all = Object.entries(document.paths ?? {}).flatMap(([path, held]) => METHODS.filter((method) => held[method]).map((method) => operation(document, path, held, method)));
  for (const one of all) {
    // Of two that are called alike, the path tells the later one apart.
    while (taken.has(one.id)) one.id += `-${lastWord(one.path)}`;
    taken.add(one.id);
  }
  return all;
}

const lastWord = (path) => path.split('/').filter((step) => step && !step.startsWith('{')).at(-1) ?? 'again';

function operation(document, path, held, method) {
  const { tags = ['other'], operationId, summary = '', description = '', parameters = [], requestBody, responses = {} } = held[method];
  const alias = operationId ?? `${method}${path.replaceAll(/\W+/g, '-')}`;
  const body = target(document, requestBody ?? {});
  return {
    id: `${tags[0]}-${alias}`, alias, tag: tags[0], method: method.toUpperCase(), path, summary, description,
    parameters: [...(held.parameters ?? []), ...parameters].map((one) => target(document, one)),
    bodies: bodiesOf(body),
    bodyRequired: Boolean(body.required),
    answers: Object.entries(responses).map(([status, one]) => ({ status, description: target(document, one).description ?? '', bodies: bodiesOf(target(document, one)) })),
  };
}

const bodiesOf = ({ content = {} }) => Object.entries(content).map(([type, { schema = {}, example, examples }]) => (
  { type, schema, example: example ?? Object.values(examples ?? {})[0]?.value }));

/** What a reference stands for, with what is written beside it. */
export function target(document, held, seen = []) {
  const { $ref, ...beside } = held;
  if (!$ref || seen.includes($ref)) return held;
  return target(document, { ...pointed(document, $ref), ...beside }, [...seen, $ref]);
}

/** `#/components/schemas/Item`, step by step. */
function pointed(document, reference) {
  const steps = reference.replace(/^#\/?/, '').split('/').map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return steps.reduce((at, step) => at?.[step], document) ?? {};
}

/** Operations by tag, in the document's order. @returns {[string, Operation[]][]} */
export const byTag = (operations) => [...Map.groupBy(operations, ({ tag }) => tag)];

/** Whether an operation has all words of a filter somewhere. */
export function matches({ method, path, summary, description, alias, tag, parameters }, filter) {
  const text = [method, path, summary, description, alias, tag, ...parameters.map(({ name }) => name)].join(' ').toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}
