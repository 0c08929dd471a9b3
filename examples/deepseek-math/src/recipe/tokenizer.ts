/**
 * The run's tokenizer: trained on the text of pre-training before anything else, then kept in the run's folder.
 *
 * @module
 */

import { ProblemTokens } from "../problems/tokens.ts";
import type { Configuration } from "./configuration.ts";
import type { ProblemSource } from "./problem_source.ts";

/** Trains on the first problems of pre-training, with all of their solutions. The same configuration gives the same tokens. */
export async function trainTokenizer(
  { tokenizer, model }: Configuration,
  problems: Pick<ProblemSource, "pretraining">,
): Promise<ProblemTokens> {
  const texts = function* (): Generator<string> {
    for (let index = 0; index < tokenizer.problems; index++) {
      const { question, solutions } = problems.pretraining(index);
      for (const solution of Object.values(solutions)) yield `${question}\n${solution}`;
    }
  };
  return await ProblemTokens.train(texts(), model.vocabSize);
}
