/**
 * The text of pre-training: documents of several sources, mixed by `@gradus/math-corpus` so that the tokens of each keep
 * their share. First code and then mathematics, or the same tokens of both mixed from the beginning.
 *
 * @module
 */

import { type Mixture, type MixtureState, mixture } from "@gradus/math-corpus";
import { stream } from "@gradus/seeds";
import { pack, type TokenSequence } from "@gradus/sft-packing";
import { codeDocument } from "../problems/programs.ts";
import type { ProblemTokens } from "../problems/tokens.ts";
import type { Configuration } from "./configuration.ts";
import { drawSolution, type ProblemSource } from "./problem_source.ts";
import { countedBatch, type SupervisedBatch } from "./supervised.ts";

/** Different programs that there are. */
const PROGRAMS = 50_000;

/** A step's batch, and the mixture's state after it. */
export interface TextBatch {
  readonly batch: SupervisedBatch;
  readonly after: MixtureState;
}

/** Draws the batches of pre-training, in order. */
export class PretrainingText {
  readonly #configuration: Configuration;
  readonly #problems: ProblemSource;
  readonly #passages: readonly string[];
  readonly #tokens: ProblemTokens;
  readonly #mixture: Mixture;

  /** @param from The state after the batches that were drawn before. */
  constructor(
    parts: {
      configuration: Configuration;
      problems: ProblemSource;
      passages: readonly string[];
      tokens: ProblemTokens;
    },
    from?: MixtureState,
  ) {
    this.#configuration = parts.configuration;
    this.#problems = parts.problems;
    this.#passages = parts.passages;
    this.#tokens = parts.tokens;
    const { given } = parts.problems;
    const { seed, pretraining } = parts.configuration;
    const sources = { math: parts.passages.length, code: PROGRAMS, ...(given > 0 ? { given } : {}) };
    this.#mixture = mixture({ sources, stages: stagesOf(pretraining, given > 0), seed }, from);
  }

  /** Documents end to end, as many as make a step's tokens. */
  next(): TextBatch {
    const { seed, pretraining, model } = this.#configuration;
    const sequences: TokenSequence[] = [];
    let total = 0;
    while (total < pretraining.tokensPerStep) {
      let tokens: Int32Array = new Int32Array();
      const drawn = this.#mixture.next(({ source, index }) => {
        tokens = this.#document(source, index).subarray(0, model.maxPositions);
        return tokens.length;
      });
      if (drawn === undefined) break;
      sequences.push({ tokens });
      total += tokens.length;
    }
    const [batch] = pack(sequences, { contextLength: total, strategy: "random-concat", seed });
    return { batch: countedBatch(batch), after: structuredClone(this.#mixture.state) };
  }

  #document(source: string, index: number): Int32Array {
    const { seed, corpus } = this.#configuration;
    if (source === "math") return this.#tokens.encodeSolution(this.#passages[index]);
    if (source === "code")
      return this.#tokens.encodeSolution(codeDocument(stream(seed, { purpose: "programs", step: index })));
    const problem = this.#problems.pretraining(2 * index + 1);
    const solution = drawSolution(problem, seed, "pretraining", index, corpus.styles);
    return this.#tokens.encodeSolution(`${problem.question}\n${solution}`);
  }
}

/** Both schedules read the same tokens of each source. */
function stagesOf(
  { schedule, steps, codeSteps, codeShare, tokensPerStep }: Configuration["pretraining"],
  hasGiven: boolean,
): { tokens: number; weights: Record<string, number> }[] {
  const math = (share: number): Record<string, number> =>
    hasGiven ? { math: share / 2, given: share / 2 } : { math: share };
  const weightsOf = (code: number) => ({
    ...(code < 1 ? math(1 - code) : {}),
    ...(code > 0 ? { code } : {}),
  });
  // The last stage must not end before the last step, whose documents do not end with its last token.
  const rest = { tokens: 2 * steps * tokensPerStep, weights: weightsOf(codeShare) };
  const mathSteps = steps - codeSteps;
  if (schedule === "one-stage") {
    const code = (codeSteps + mathSteps * codeShare) / steps;
    return [{ ...rest, weights: weightsOf(code) }];
  }
  if (codeSteps === 0) return [rest];
  const first = { tokens: codeSteps * tokensPerStep, weights: { code: 1 } };
  return mathSteps === 0 ? [{ ...first, tokens: rest.tokens }] : [first, rest];
}
