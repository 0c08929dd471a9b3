/**
 * What is fixed before the seeds exist: code, configuration, data, weights, the number of seeds, the pulse that will make them.
 *
 * @module
 */

import { toHex } from "@gradus/beacon";
import { sha3_256 } from "@noble/hashes/sha3.js";

/** A question with the answer that counts as right. */
export interface Question {
  readonly question: string;
  readonly answer: string;
}

/** How answers are sampled. */
export interface Sampling {
  readonly temperature: number;
  readonly maxNewTokens: number;
}

/** The plan of an evaluation. Hashes are SHA3-256, hexadecimal. */
export interface Preregistration {
  readonly version: 1;
  /** Hash of the program that evaluates. */
  readonly code: string;
  /** Hash of the run's own configuration, `run.json`. */
  readonly configuration: string;
  /** Root of the tree over all questions, {@link dataRoot}. */
  readonly data: string;
  /** Hash of the weights. */
  readonly weights: string;
  readonly questions: number;
  /** K. All of them are reported. */
  readonly seeds: number;
  readonly sampling: Sampling;
  /** What is measured. */
  readonly metric: "accuracy";
  /** SHA3-512 of the key of the beacon that is relied on. */
  readonly beacon: string;
  /** The pulse that will give the seeds. */
  readonly targetPulse: number;
}

/** SHA3-256 of bytes or text. */
export function hashOf(content: Uint8Array | string): string {
  return toHex(sha3_256(typeof content === "string" ? new TextEncoder().encode(content) : content));
}

/** The commitment: the hash of the plan, its fields in the order above. */
export function commitmentOf(plan: Preregistration): string {
  const { version, code, configuration, data, weights, questions, seeds, sampling, metric, beacon, targetPulse } = plan;
  const { temperature, maxNewTokens } = sampling;
  const fields = [
    version,
    code,
    configuration,
    data,
    weights,
    questions,
    seeds,
    temperature,
    maxNewTokens,
    metric,
    beacon,
  ];
  return hashOf(`gradus preregistration ${JSON.stringify([...fields, targetPulse])}`);
}

/** Root of a binary tree of hashes over the questions, in order; an odd one out moves up as it is. */
export function dataRoot(questions: readonly Question[]): string {
  if (questions.length === 0) throw new RangeError("Cannot preregister: expected at least one question, found none");
  let level = questions.map(({ question, answer }) => hashOf(`leaf ${JSON.stringify([question, answer])}`));
  while (level.length > 1) {
    const pairs = Array.from({ length: Math.ceil(level.length / 2) }, (_, i) => level.slice(2 * i, 2 * i + 2));
    level = pairs.map((pair) => (pair.length === 2 ? hashOf(`node ${pair[0]} ${pair[1]}`) : pair[0]));
  }
  return level[0];
}
