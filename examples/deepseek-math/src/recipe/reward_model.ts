/**
 * A reward model: what it learns from (solutions of a policy, which the rule has judged), and rewards by it.
 *
 * @module
 */

import type { Policy, ProcessReward } from "@gradus/grpo";
import {
  aggregate,
  batchCalls,
  outcomeLabels,
  type RewardExample,
  RewardModel,
  type Solution,
  splitSteps,
  stepEnds,
  stepLabelsOf,
} from "@gradus/reward-model";
import type { PolicyOptions } from "@gradus/transformer";
import { loadScorer } from "@gradus/transformer/reward";
import type { ProblemTokens } from "../problems/tokens.ts";
import { reward } from "../verify.ts";
import type { RewardModelSettings } from "./configuration.ts";
import type { RecipeProblem } from "./problem_source.ts";

/** Rewards completions: with the outcome model a number, with the process model one for each line. */
export interface Judge {
  judge(prompt: Int32Array, tokens: Int32Array): Promise<number | ProcessReward>;
  dispose(): Promise<void>;
}

/** What a judge is made with. */
export interface JudgeOptions {
  readonly kind: RewardModelSettings["kind"];
  readonly tokens: ProblemTokens;
  readonly vocabSize: number;
  readonly engine: PolicyOptions;
}

/** Opens a reward model's checkpoint. */
export async function openJudge(directory: string, { kind, tokens, vocabSize, engine }: JudgeOptions): Promise<Judge> {
  const ends = lineEnds(tokens, vocabSize);
  const scorer = await loadScorer(directory, engine);
  const model = new RewardModel({ scorer, supervision: kind });
  const score = batchCalls((solutions: Solution[]) => model.scoreSteps(solutions));
  return {
    async judge(prompt, solution) {
      const stepEnds = kind === "process" ? endsOf(solution, ends) : undefined;
      const probabilities = Array.from(await score({ prompt, tokens: solution, stepEnds }));
      if (stepEnds === undefined) return probabilities[0];
      return { stepRewards: probabilities, stepEnds, outcome: aggregate(probabilities, "min") };
    },
    dispose: () => scorer.dispose(),
  };
}

/** What judged solutions are sampled with. */
export interface JudgedParts {
  readonly policy: Pick<Policy, "sample">;
  readonly tokens: ProblemTokens;
  readonly vocabSize: number;
  readonly problems: readonly RecipeProblem[];
  readonly settings: RewardModelSettings;
  readonly sampling: { readonly temperature: number; readonly maxNewTokens: number };
  readonly seed: number;
  /** Which policy it is: 0 after SFT, then one more for each round. */
  readonly iteration: number;
  onProgress?(detail: string): void;
}

/** Solutions of the policy with the rule's labels, for their lines too where the process model wants them. */
export async function judgedSolutions(parts: JudgedParts): Promise<RewardExample[]> {
  const { policy, tokens: codec, problems, settings, seed, iteration, onProgress } = parts;
  const ends = lineEnds(codec, parts.vocabSize);
  const { kind, samples, completions } = settings;
  const prompts = problems.map(({ question }) => codec.encodePrompt(question));
  onProgress?.("sampling");
  const sampling = { ...parts.sampling, seed };
  const found = await policy.sample(prompts, { ...sampling, samplesPerPrompt: samples, step: 2 * iteration });
  const isRight = (problem: number, solution: Int32Array) =>
    reward(codec.decode(solution), problems[problem].answer) === 1;
  const { labels } = await outcomeLabels({ solutions: found, verify: (each) => isRight(each.prompt, each.tokens) });
  const examples = found.map(({ prompt, tokens }, i) => ({
    ...{ problem: problems[prompt].question, prompt: prompts[prompt], tokens, label: labels[i] },
    ...{ iteration, seed },
  }));
  if (kind === "outcome") return examples;
  onProgress?.("completing lines");
  const steps = found.map(({ tokens }) => splitSteps(tokens, { separator: ends }));
  const report = await stepLabelsOf<Int32Array>({
    solutions: steps.map((lines, i) => ({ problem: `${found[i].prompt}`, steps: lines })),
    ...{ seed, estimate: "soft", completionsPerPrefix: completions },
    verify: (problem, solution) => isRight(Number(problem), solution),
    complete: async (requests) => {
      const continued = await policy.sample(
        requests.map(({ problem, prefix }) => Int32Array.of(...prompts[Number(problem)], ...prefix)),
        { ...sampling, samplesPerPrompt: completions, step: 2 * iteration + 1 },
      );
      const continuations = requests.map((): Int32Array[] => []);
      for (const { prompt, tokens } of continued) continuations[prompt].push(tokens);
      return continuations;
    },
  });
  return examples.map((example, i) => ({
    ...example,
    stepEnds: stepEnds(steps[i]),
    stepLabels: report.solutions[i].labels,
  }));
}

/** The same solutions with the places where their lines end. */
export function withLineEnds(
  examples: readonly RewardExample[],
  codec: ProblemTokens,
  vocabSize: number,
): RewardExample[] {
  const ends = lineEnds(codec, vocabSize);
  return examples.map((example) => ({ ...example, stepEnds: endsOf(example.tokens, ends) }));
}

/** Tokens that end a line: those with a line break, though the next line's mark may be in the same token. */
function lineEnds(codec: ProblemTokens, vocabSize: number): number[] {
  return Array.from({ length: vocabSize }, (_, id) => id).filter((id) =>
    codec.decode(Int32Array.of(id)).includes("\n"),
  );
}

function endsOf(tokens: Int32Array, ends: readonly number[]): number[] {
  return stepEnds(splitSteps(tokens, { separator: ends }));
}
