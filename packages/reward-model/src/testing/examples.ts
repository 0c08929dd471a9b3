/**
 * Examples for tests.
 *
 * @module
 */

import type { RewardExample } from "../model/example.ts";

/** A judged solution of one token. */
export function exampleOf(problem: string, token: number, more: Partial<RewardExample> = {}): RewardExample {
  const common = { prompt: Int32Array.of(1, 2), tokens: Int32Array.of(token), label: token % 2, iteration: 0, seed: 1 };
  return { problem, ...common, ...more };
}

/** `count` distinct examples of an iteration. */
export function examplesOf(iteration: number, count: number): RewardExample[] {
  return Array.from({ length: count }, (_, i) => exampleOf(`${iteration}-${i >> 2}`, i, { iteration }));
}
