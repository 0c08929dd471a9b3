/**
 * From solutions to the batch of a scorer.
 *
 * @module
 */

import { shown } from "../check.ts";
import { checkStepEnds, type Solution } from "./example.ts";
import type { ScoreBatch } from "./scorer.ts";

/** What is scored: the end of each solution, or the end of each step. */
export type Supervision = "outcome" | "process";

/** A batch, and which of its places belong to which solution. */
export interface SolutionBatch extends ScoreBatch {
  /** Cumulative numbers of places, n + 1 entries. */
  readonly placeSegments: Int32Array;
}

/**
 * Lays prompts and solutions end to end. With `"outcome"` each has one place, its last token (of an empty solution, the
 * prompt's); with `"process"` one for each step, the step's last token.
 *
 * @throws {RangeError} Prompt and solution are both empty; {TypeError} step ends are missing for `"process"`.
 *
 * @example
 * ```ts
 * const solution = { prompt: Int32Array.of(1, 2), tokens: Int32Array.of(3, 4, 5), stepEnds: [0, 2] };
 * scoreBatch([solution], "process").places; // [2, 4]
 * scoreBatch([solution], "outcome").places; // [4]
 * ```
 */
export function scoreBatch(solutions: readonly Solution[], supervision: Supervision): SolutionBatch {
  const task = "score solutions";
  const segments = new Int32Array(solutions.length + 1);
  const placeSegments = new Int32Array(solutions.length + 1);
  solutions.forEach(({ prompt, tokens, stepEnds }, i) => {
    const length = prompt.length + tokens.length;
    if (length === 0) throw new RangeError(`Cannot ${task}: prompt and tokens of solution ${i} are both empty`);
    if (supervision === "process") {
      if (stepEnds === undefined)
        throw new TypeError(`Cannot ${task}: solutions[${i}].stepEnds must be there for "process", found undefined`);
      checkStepEnds(task, `solutions[${i}]`, stepEnds, tokens.length);
      if (prompt.length === 0 && stepEnds[0] === -1)
        throw new RangeError(`Cannot ${task}: solutions[${i}] begins with an empty step and has no prompt`);
    }
    segments[i + 1] = segments[i] + length;
    placeSegments[i + 1] = placeSegments[i] + (supervision === "outcome" ? 1 : (stepEnds?.length ?? 0));
  });
  const size = segments[solutions.length];
  const [ids, positions] = [new Int32Array(size), new Int32Array(size)];
  const places = new Int32Array(placeSegments[solutions.length]);
  solutions.forEach(({ prompt, tokens, stepEnds }, i) => {
    const start = segments[i];
    ids.set(prompt, start);
    ids.set(tokens, start + prompt.length);
    for (let t = start; t < segments[i + 1]; t++) positions[t] = t - start;
    for (let p = placeSegments[i]; p < placeSegments[i + 1]; p++) {
      const end = stepEnds?.[p - placeSegments[i]] ?? 0;
      places[p] = supervision === "outcome" ? segments[i + 1] - 1 : start + prompt.length + end;
    }
  });
  return { tokens: ids, positions, segments, places, placeSegments };
}

/** Runs of consecutive items whose tokens together do not exceed `limit` (an item that does, is alone). */
export function chunksOf<T>(items: readonly T[], tokensOf: (item: T) => number, limit: number): T[][] {
  const chunks: T[][] = [];
  let room = 0;
  for (const item of items) {
    const size = tokensOf(item);
    if (chunks.length === 0 || size > room) {
      chunks.push([]);
      room = limit;
    }
    chunks[chunks.length - 1].push(item);
    room -= size;
  }
  return chunks;
}

/** Tokens of a solution with its prompt. */
export function sizeOf({ prompt, tokens }: Solution): number {
  return prompt.length + tokens.length;
}

/** Refuses what a scorer should not have returned. */
export function checkScores(scores: Float32Array, places: Int32Array): Float32Array {
  const problem =
    scores?.length !== places.length
      ? `expected ${places.length} scores, found ${shown(scores)}`
      : !scores.every(Number.isFinite)
        ? `expected finite scores, found ${scores.find((score) => !Number.isFinite(score))}`
        : undefined;
  if (problem) throw new RangeError(`Cannot use the scorer's answer: ${problem}`);
  return scores;
}
