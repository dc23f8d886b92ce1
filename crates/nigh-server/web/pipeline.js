/** How hits are ranked beyond their score: the object that the server takes. The address holds the whole of it. */

import { digits, plural } from './format.js';

/**
 * @typedef {{where?: string, neighbors?: Record<string, any>, budget_ms?: number,
 *   rank?: {keep?: number, boosts?: object[], freshness?: object, diversity?: {lambda: number}}}} Pipeline
 * `{}` ranks by score alone.
 */
/**
 * What the panel has fields for. `diversity` is 0 for none: the other way round than `lambda`.
 * @typedef {{budget?: number, diversity: number, freshness?: object, boosts: object[]}} Fields
 */

/** @returns {Pipeline | null} null where the text is none: the catalog's own pipeline applies */
export function readPipeline(text) {
  try {
    const held = JSON.parse(text || 'null', (name, value) => (name !== '' && isNothing(value) ? undefined : value));
    return typeof held === 'object' && !Array.isArray(held) ? held : null;
  } catch {
    return null;
  }
}

const isNothing = (value) => value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);

/** A pipeline as the server tells it, without what is not set. */
export const tidied = (held) => readPipeline(JSON.stringify(held ?? {})) ?? {};

/** @returns {Fields} */
export function fieldsOf({ budget_ms: budget, rank }) {
  const { diversity, freshness, boosts } = rank ?? {};
  return { budget: budget ?? undefined, diversity: diversity ? hundredth(1 - diversity.lambda) : 0, freshness: freshness ?? undefined, boosts: boosts ?? [] };
}

/** The pipeline with what the panel says; what the panel has no field for stays. */
export function withFields(pipeline, { budget, diversity, freshness, boosts }) {
  const rank = filled({ ...pipeline.rank, boosts: boosts.length ? boosts : undefined, freshness, diversity: diversity ? { lambda: hundredth(1 - diversity) } : undefined });
  return filled({ ...pipeline, rank, budget_ms: budget });
}

const hundredth = (number) => Math.round(100 * number) / 100;

const filled = (held) => Object.fromEntries(Object.entries(held).filter(([, value]) => !isNothing(value)));

/** A pipeline in a few words. */
export function pipelineWords(pipeline) {
  const { budget, diversity, freshness, boosts } = fieldsOf(pipeline);
  return [
    budget !== undefined && `budget ${digits(budget)} ms`,
    diversity > 0 && `diversity ${digits(diversity)}`,
    freshness && `fresh by ${freshness.attribute}`,
    boosts.length > 0 && plural(boosts.length, 'boost', 'boosts'),
    ...besides(pipeline),
  ].filter(Boolean).join(' · ');
}

/** What the panel has no field for. */
export function besides({ where, neighbors, rank }) {
  const { keep, ...search } = neighbors ?? {};
  return [
    where && `only items where ${where}`,
    ...Object.entries(search).filter(([, value]) => value !== null && value !== false).map(([name, value]) => (value === true ? name : `${name} ${value}`)),
    keep && `${keep} compared exactly`,
    rank?.keep && `the first ${rank.keep} ordered`,
  ].filter(Boolean);
}
