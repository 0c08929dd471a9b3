/** A configuration that runs in a second: enough to exercise every stage, far too little to learn anything. */
import { defaultConfiguration } from "../configuration/load.ts";
import type { Configuration } from "../recipe/configuration.ts";
import type { RunRequest } from "../recipe/run_directory.ts";

/** So little is trained that nothing is accepted; the samples are kept all the same. */
const tinyRejection = { problems: 6, samples: 2, maxPerProblem: 1, temperature: 1, maxNewTokens: 4 };

/** The default run, shrunk. `scale` multiplies the steps, as it does there. */
export function tinyConfiguration({ seed, data, scale, reward }: RunRequest): Configuration {
  const { model, ...rest } = defaultConfiguration({ seed, data, reward });
  const { tools: _, ...sft } = rest.sft; // starting Python takes longer than all the rest: `withTools` asks for it
  const steps = (count: number) => Math.max(1, Math.round(count * scale));
  const exploration = { warmup: 1, prompts: 2, samples: 4, maxNewTokens: 8, programShare: 0 };
  return {
    ...rest,
    model: {
      ...model,
      hiddenSize: 16,
      layers: 1,
      heads: 2,
      keyValueHeads: 1,
      headSize: 8,
      intermediateSize: 32,
    },
    corpus: {
      ...rest.corpus,
      pages: 80,
      problemsPerPage: 6,
      classifier: { ...rest.corpus.classifier, dimension: 16, buckets: 500 },
    },
    tokenizer: { passages: 40 },
    pretraining: { ...rest.pretraining, steps: steps(4), codeSteps: 1, warmup: 1, tokensPerStep: 100 },
    sft: {
      ...sft,
      ...{ steps: steps(4), warmup: 1, problems: 8, contextLength: 320, rejection: tinyRejection },
    },
    rewardModel: { ...rest.rewardModel, problems: 6, samples: 2, completions: 2 },
    grpo: { ...rest.grpo, ...exploration, steps: steps(4) },
    iteration: { ...rest.iteration, ...exploration, steps: steps(4) },
    evaluation: { ...rest.evaluation, problems: 24, maxNewTokens: 12, sampledProblems: 4, samples: 2, toolProblems: 0 },
  };
}

/** The same with solutions that call Python. */
export function withTools(configuration: Configuration): Configuration {
  const { sft, evaluation } = configuration;
  return {
    ...configuration,
    sft: { ...sft, tools: { program: 3, toolIntegrated: 3 } },
    grpo: { ...configuration.grpo, programShare: 0.5 },
    iteration: { ...configuration.iteration, programShare: 0.5 },
    evaluation: { ...evaluation, toolProblems: 3 },
  };
}
