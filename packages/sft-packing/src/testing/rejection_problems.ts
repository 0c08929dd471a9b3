/** Problems, a sampler and a verifier for the tests of rejection sampling. */
import { stream } from "@gradus/seeds";
import type { RejectionOptions, RejectionRun, SampledExample } from "../rejection/types.ts";

/** A problem whose answer is a number. */
export interface Problem {
  id: string;
  answer: number;
}

/** Twelve of them. */
export const problems: Problem[] = Array.from({ length: 12 }, (_, i) => ({ id: `p${i}`, answer: i }));

/** Answers that are right about half the time, in one of three ways, as the seed decides. */
export function complete({ answer }: Problem, seed: number): string {
  const random = stream(seed, { purpose: "answer" });
  const way = random.integer(0, 3);
  return random.uniform() < 0.5 ? `wrong, ${answer + 1}` : `${answer} + ${way} = ${answer + way}, so ${answer}`;
}

/** Six samples each, two kept. */
export const base: RejectionOptions<Problem> = {
  problems,
  sample: ({ problem, slots }) => slots.map(({ seed }) => complete(problem, seed)),
  verify: ({ answer }, completion) => completion.endsWith(` ${answer}`),
  samplesPerProblem: 6,
  maxPerProblem: 2,
  seed: 7,
  retryDelayMs: 0,
};

/** All that a run gives. */
export async function collect<P>(run: RejectionRun<P>): Promise<SampledExample<P>[]> {
  const examples: SampledExample<P>[] = [];
  for await (const example of run) examples.push(example);
  return examples;
}
