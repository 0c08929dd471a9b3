/**
 * Pre-training and SFT: both descend −log π of given text. Pre-training (`text.ts`) learns everything that it reads, SFT only
 * what the model itself should write: neither questions nor what Python answered.
 *
 * @module
 */

import { sft as sftObjective } from "@gradus/grpo";
import { permutation } from "@gradus/seeds";
import { IGNORE, type PackedBatch, pack, promptCompletion, type TokenSequence } from "@gradus/sft-packing";
import type { ProblemTokens } from "../problems/tokens.ts";
import type { Configuration } from "./configuration.ts";
import { drawSolution, type ProblemSource } from "./problem_source.ts";
import type { OwnSolution } from "./rejection.ts";
import type { ToolSolution } from "./tool_solutions.ts";

/** What a supervised step needs to know of a batch. */
export interface SupervisedBatch {
  readonly batch: PackedBatch;
  /** Entries that are trained. */
  readonly trained: number;
}

/** A batch with the number of its trained entries. */
export function countedBatch(batch: PackedBatch): SupervisedBatch {
  let trained = 0;
  for (const label of batch.labels) if (label >= 0) trained++;
  return { batch, trained };
}

/**
 * The contexts of SFT: each epoch packs all sequences anew, in an order of its own.
 *
 * @param own Solutions that the policy found, besides those that are given with the problems.
 * @param withTools Solutions with programs.
 */
export function sftContexts(
  { seed, sft }: Configuration,
  problems: ProblemSource,
  tokens: ProblemTokens,
  own: readonly OwnSolution[] = [],
  withTools: readonly ToolSolution[] = [],
): (step: number) => SupervisedBatch {
  const given = problems.sft.map((problem, index) => ({
    question: problem.question,
    solution: drawSolution(problem, seed, "sft", index, sft.styles),
  }));
  const sequences = [
    ...[...given, ...own].map(({ question, solution }) =>
      promptCompletion(tokens.encodePrompt(question), tokens.encodeSolution(solution)),
    ),
    ...withTools.map((each) => toolSequence(tokens, each)),
  ].filter(({ tokens: { length } }) => length <= sft.contextLength);
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
    return countedBatch(epoch(number)[left]);
  };
}

/** The tokens of a solution with programs: piece by piece, as the tool loop joins them; what Python said is not learnt. */
function toolSequence(tokens: ProblemTokens, { question, mode, pieces }: ToolSolution): TokenSequence {
  const encoded = pieces.map(({ text, trained }, i) => ({
    ids: i === pieces.length - 1 ? tokens.encodeSolution(text) : tokens.encode(text),
    trained,
  }));
  const prompt = tokens.encodePrompt(question, mode);
  const sequence = promptCompletion(prompt, Int32Array.from(encoded.flatMap(({ ids }) => [...ids])));
  let at = prompt.length;
  for (const { ids, trained } of encoded) {
    if (!trained) sequence.labels?.fill(IGNORE, at, at + ids.length);
    at += ids.length;
  }
  return sequence;
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
