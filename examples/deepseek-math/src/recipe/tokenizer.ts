/**
 * The run's tokenizer: trained on passages of the corpus, programs, and solutions of all kinds, then kept in the run's folder.
 *
 * @module
 */

import { stream } from "@gradus/seeds";
import { codeDocument, modeSuffix, modes, programOf } from "../problems/programs.ts";
import { ProblemTokens } from "../problems/tokens.ts";
import type { Configuration } from "./configuration.ts";
import type { ProblemSource } from "./problem_source.ts";

/** Trains on the first passages and as many problems' solutions. The same configuration and passages give the same tokens. */
export async function trainTokenizer(
  { seed, tokenizer, model }: Configuration,
  problems: Pick<ProblemSource, "pretraining">,
  passages: readonly string[] = [],
): Promise<ProblemTokens> {
  const texts = function* (): Generator<string> {
    yield* passages.slice(0, tokenizer.passages);
    for (let index = 0; index < tokenizer.passages / 4; index++) {
      const problem = problems.pretraining(index);
      for (const solution of Object.values(problem.solutions)) yield `${problem.question}\n${solution}`;
      const mode = modes[1 + (index % 2)];
      yield `${problem.question}${modeSuffix[mode]}\n\`\`\`python\n${programOf(problem)}\n\`\`\`\n\`\`\`output\n\`\`\`\n`;
      yield codeDocument(stream(seed, { purpose: "tokenizer programs", step: index }));
    }
  };
  return await ProblemTokens.train(texts(), model.vocabSize);
}
