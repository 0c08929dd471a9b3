/**
 * A reward model in the place of the rule: trained on solutions of the policy after SFT, which the rule has judged, before
 * GRPO begins, and kept in the run's folder. A run that was killed trains it again from the same checkpoint, or finds it.
 *
 * @module
 */

import { existsSync } from "node:fs";
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
import type { PolicyOptions, TransformerPolicy } from "@gradus/transformer";
import { createScorer, loadScorer, type TransformerScorer } from "@gradus/transformer/reward";
import type { ProblemTokens } from "../problems/tokens.ts";
import { reward } from "../verify.ts";
import type { Configuration, RewardModelSettings } from "./configuration.ts";
import type { ProblemSource } from "./problem_source.ts";

/** Where the reward model's problems begin among those for practice: GRPO does not come so far. */
const STRETCH = 2 ** 29;

/** What the reward model is made of. */
export interface JudgeParts {
  readonly configuration: Configuration;
  readonly problems: ProblemSource;
  readonly tokens: ProblemTokens;
  /** Folder of its checkpoint. */
  readonly directory: string;
  readonly engine: PolicyOptions;
  /** The policy after SFT; asked for only where there is no checkpoint. It is disposed of. */
  policy(): Promise<TransformerPolicy>;
  onProgress?(done: number, detail: string): void;
}

/** Rewards completions: with the outcome model a number, with the process model one for each line. */
export interface Judge {
  judge(prompt: Int32Array, tokens: Int32Array): Promise<number | ProcessReward>;
  dispose(): Promise<void>;
}

/** Opens the reward model that `grpo.rewardModel` describes; trains it where it is not in its folder yet. */
export async function openJudge(parts: JudgeParts): Promise<Judge> {
  const { configuration, directory, engine, tokens } = parts;
  const { kind } = configuration.grpo.rewardModel as RewardModelSettings;
  const ends = lineEnds(tokens, configuration.model.vocabSize);
  const scorer = existsSync(directory) ? await loadScorer(directory, engine) : await train(parts, ends);
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

async function train(parts: JudgeParts, ends: readonly number[]): Promise<TransformerScorer> {
  const { configuration, directory, engine } = parts;
  const { kind, epochs, learningRate } = configuration.grpo.rewardModel as RewardModelSettings;
  const policy = await parts.policy();
  let scorer: TransformerScorer | undefined;
  try {
    const examples = await judged(parts, policy, ends);
    scorer = await createScorer(configuration.model, { ...engine, weights: await policy.weights() });
    const model = new RewardModel({ scorer, supervision: kind });
    const report = await model.update(examples, { learningRate, epochs, seed: configuration.seed });
    if (report.skipped) throw new Error(`Cannot train the reward model: ${report.skipped}; train longer before GRPO`);
    await scorer.save(directory);
    return scorer;
  } catch (error) {
    await scorer?.dispose();
    throw error;
  } finally {
    await policy.dispose();
  }
}

/** Solutions of the policy with the rule's labels, for their lines too where the process model wants them. */
async function judged(
  { configuration, problems, tokens: codec, onProgress }: JudgeParts,
  policy: Pick<Policy, "sample">,
  ends: readonly number[],
): Promise<RewardExample[]> {
  const { seed, grpo } = configuration;
  const { kind, problems: count, samples, completions } = grpo.rewardModel as RewardModelSettings;
  const asked = Array.from({ length: count }, (_, i) => problems.practice(STRETCH + i));
  const prompts = asked.map(({ question }) => codec.encodePrompt(question));
  const { temperature, maxNewTokens } = grpo;
  onProgress?.(0, "sampling");
  const sampling = { maxNewTokens, temperature, seed };
  const found = await policy.sample(prompts, { ...sampling, samplesPerPrompt: samples, step: STRETCH });
  const isRight = (problem: number, solution: Int32Array) =>
    reward(codec.decode(solution), asked[problem].answer) === 1;
  const { labels } = await outcomeLabels({ solutions: found, verify: (each) => isRight(each.prompt, each.tokens) });
  const examples = found.map(({ prompt, tokens }, i) => ({
    ...{ problem: `${prompt}`, prompt: prompts[prompt], tokens, label: labels[i] },
    ...{ iteration: 0, seed },
  }));
  if (kind === "outcome") return examples;
  onProgress?.(0, "completing lines");
  const steps = found.map(({ tokens }) => splitSteps(tokens, { separator: ends }));
  const report = await stepLabelsOf<Int32Array>({
    solutions: steps.map((lines, i) => ({ problem: examples[i].problem, steps: lines })),
    ...{ seed, estimate: "soft", completionsPerPrefix: completions },
    verify: (problem, solution) => isRight(Number(problem), solution),
    complete: async (requests) => {
      const continued = await policy.sample(
        requests.map(({ problem, prefix }) => Int32Array.of(...prompts[Number(problem)], ...prefix)),
        { ...sampling, samplesPerPrompt: completions, step: STRETCH + 1 },
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

/** Tokens that end a line: those with a line break, though the next line's mark may be in the same token. */
function lineEnds(codec: ProblemTokens, vocabSize: number): number[] {
  return Array.from({ length: vocabSize }, (_, id) => id).filter((id) =>
    codec.decode(Int32Array.of(id)).includes("\n"),
  );
}

function endsOf(tokens: Int32Array, ends: readonly number[]): number[] {
  return stepEnds(splitSteps(tokens, { separator: ends }));
}
