/**
 * The rules of a configuration, key by key, and those that no single key can break.
 *
 * @module
 */

import { styles } from "../problems/solve.ts";
import type { Configuration } from "../recipe/configuration.ts";
import { ConfigurationError, flag, number, object, oneOf, optional, text, texts, weights, whole } from "./rules.ts";

const styleWeights = weights(styles);
const supervised = { steps: whole(1), learningRate: number(0), warmup: whole(0), weightDecay: number(0) };
const exploration = {
  ...{ steps: whole(1), learningRate: number(0), warmup: whole(0), prompts: whole(1), samples: whole(2) },
  ...{ temperature: number(0), maxNewTokens: whole(1), beta: number(0) },
  programShare: number(0, 1),
};

const rule = object({
  seed: whole(0),
  data: optional(text),
  model: object({
    ...{ vocabSize: whole(257), hiddenSize: whole(1), layers: whole(1), heads: whole(1), keyValueHeads: whole(1) },
    ...{ headSize: whole(2), intermediateSize: whole(1), ropeTheta: number(1), normEpsilon: number(0) },
    ...{ tieEmbeddings: flag, qkvBias: flag, maxPositions: whole(2), eosToken: whole(0) },
    otherEosTokens: optional(() => {}),
  }),
  levels: weights(["1", "2", "3", "4"]),
  corpus: object({
    ...{ pages: whole(1), mathShare: number(0, 1), problemsPerPage: whole(1), styles: styleWeights },
    ...{ keepShare: number(0, 1), iterations: whole(1), inputs: optional(texts), seedFiles: optional(texts) },
    classifier: object({
      ...{ dimension: whole(1), learningRate: number(0), wordNgrams: whole(1), minCount: whole(1) },
      ...{ epochs: whole(1), buckets: whole(0) },
    }),
  }),
  tokenizer: object({ passages: whole(1) }),
  pretraining: object({
    ...supervised,
    ...{ schedule: oneOf("two-stage", "one-stage"), codeSteps: whole(0), codeShare: number(0, 1) },
    tokensPerStep: whole(1),
  }),
  sft: object({
    ...supervised,
    ...{ problems: whole(1), contextLength: whole(1), contextsPerStep: whole(1), styles: styleWeights },
    rejection: optional(
      object({
        ...{ problems: whole(0), samples: whole(1), maxPerProblem: whole(1), temperature: number(0) },
        maxNewTokens: whole(1),
      }),
    ),
    tools: optional(object({ program: whole(0), toolIntegrated: whole(0) })),
  }),
  rewardModel: object({
    ...{ kind: oneOf("outcome", "process"), problems: whole(1), samples: whole(1), completions: whole(0) },
    ...{ epochs: whole(1), learningRate: number(0) },
  }),
  grpo: object({ ...exploration, reward: oneOf("rule", "outcome", "process") }),
  iteration: object({
    ...exploration,
    rounds: whole(1),
    ending: oneOf("rule", "model"),
    historyShare: number(0, 0.99),
  }),
  evaluation: object({
    ...{ problems: whole(1), maxNewTokens: whole(1), sampledProblems: whole(1), samples: whole(1) },
    ...{ temperature: number(0), toolProblems: whole(0), toolRounds: whole(1) },
  }),
  hardware: object({
    ...{ name: text, devices: whole(1), memoryGB: number(0), trainingFlops: number(1), samplingFlops: number(1) },
  }),
  text: object({ questionTokens: number(1), solutionTokens: number(1) }),
});

/**
 * Fails unless the value is a configuration.
 *
 * @throws {ConfigurationError} `Unknown key grpo.setps, did you mean steps?`, or what a value should have been.
 */
export function validateConfiguration(value: unknown): asserts value is Configuration {
  rule(value, "");
  const { pretraining, rewardModel, grpo, sft, corpus } = value as Configuration;
  const refuse = (message: string): never => {
    throw new ConfigurationError(message);
  };
  if (pretraining.codeSteps > pretraining.steps)
    refuse(
      `pretraining.codeSteps: expected at most pretraining.steps, ${pretraining.steps}, found ${pretraining.codeSteps}`,
    );
  if (rewardModel.kind === "process" && rewardModel.completions === 0)
    refuse("rewardModel.completions: expected at least 1 for the kind process, found 0");
  if (grpo.reward !== "rule" && grpo.reward !== rewardModel.kind)
    refuse(`grpo.reward: expected rule or ${rewardModel.kind}, as rewardModel.kind says, found ${grpo.reward}`);
  for (const key of ["program", "toolIntegrated"] as const)
    if ((sft.tools?.[key] ?? 0) > sft.problems)
      refuse(`sft.tools.${key}: expected at most sft.problems, ${sft.problems}, found ${sft.tools?.[key]}`);
  if ((corpus.inputs === undefined) !== (corpus.seedFiles === undefined))
    refuse("corpus: expected both inputs and seedFiles, or none, found one of them");
}
