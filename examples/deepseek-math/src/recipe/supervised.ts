/**
 * Pre-training and SFT: both descend −log π of given text. Pre-training reads everything, SFT only what comes after the
 * question, packed to contexts.
 *
 * @module
 */

import { sft as sftObjective } from "@gradus/grpo";
import { permutation } from "@gradus/seeds";
import { type PackedBatch, pack, promptCompletion, type TokenSequence } from "@gradus/sft-packing";
import type { ProblemTokens } from "../problems/tokens.ts";
import type { Configuration } from "./configuration.ts";
import { drawSolution, type ProblemSource } from "./problem_source.ts";
import type { OwnSolution } from "./rejection.ts";

/** What a supervised step needs to know of a batch. */
export interface SupervisedBatch {
  readonly batch: PackedBatch;
  /** Entries that are trained. */
  readonly trained: number;
}

function counted(batch: PackedBatch): SupervisedBatch {
  let trained = 0;
  for (const label of batch.labels) if (label >= 0) trained++;
  return { batch, trained };
}

/** The text of one pre-training step: fresh problems with solutions in mixed styles, end to end. */
export function pretrainingBatch(
  { seed, pretraining }: Configuration,
  problems: ProblemSource,
  tokens: ProblemTokens,
  step: number,
): SupervisedBatch {
  const { problemsPerStep, styles } = pretraining;
  const sequences: TokenSequence[] = Array.from({ length: problemsPerStep }, (_, i) => {
    const index = step * problemsPerStep + i;
    const problem = problems.pretraining(index);
    const solution = drawSolution(problem, seed, "pretraining", index, styles);
    return { tokens: Int32Array.of(...tokens.encodePrompt(problem.question), ...tokens.encodeSolution(solution)) };
  });
  const contextLength = sequences.reduce((total, sequence) => total + sequence.tokens.length, 0);
  return counted(pack(sequences, { contextLength, strategy: "random-concat", seed })[0]);
}

/**
 * The contexts of SFT: each epoch packs all sequences anew, in an order of its own.
 *
 * @param own Solutions that the policy found, besides those that are given with the problems.
 */
export function sftContexts(
  { seed, sft }: Configuration,
  problems: ProblemSource,
  tokens: ProblemTokens,
  own: readonly OwnSolution[] = [],
): (step: number) => SupervisedBatch {
  const given = problems.sft.map((problem, index) => ({
    question: problem.question,
    solution: drawSolution(problem, seed, "sft", index, sft.styles),
  }));
  const sequences = [...given, ...own].map(({ question, solution }) =>
    promptCompletion(tokens.encodePrompt(question), tokens.encodeSolution(solution)),
  );
  const epochs: PackedBatch[][] = [];
  const epoch = (number: number) => {
    epochs[number] ??= pack(
      Array.from(permutation(sequences.length, seed, { purpose: "sft order", step: number }), (i) => sequences[i]),
      { contextLength: sft.contextLength, strategy: "random-concat", seed: seed + number },
    );
    return epochs[number];
  };
  // Epochs may differ by a context, so the step is counted through them.
  return (step) => {
    let [number, left] = [0, step];
    while (left >= epoch(number).length) left -= epoch(number++).length;
    return counted(epoch(number)[left]);
  };
}

/** Gradient coefficients of mean −log π over the trained tokens of the batch. */
export function supervisedCoefficients({ batch, trained }: SupervisedBatch): Float32Array {
  return Float32Array.from(batch.labels, (label) => (label >= 0 ? -1 / trained : 0));
}

/** The same mean as a number, from the log-probabilities that the backward pass gave. */
export function supervisedLoss({ batch }: SupervisedBatch, logProbs: Float32Array): number {
  const mask = Uint8Array.from(batch.labels, (label) => Number(label >= 0));
  return sftObjective({ logProbs, mask, segments: batch.segments }).loss;
}
