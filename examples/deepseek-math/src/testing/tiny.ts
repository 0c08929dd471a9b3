/** A configuration that runs in a second: enough to exercise every stage, far too little to learn anything. */
import { type Configuration, defaultConfiguration } from "../recipe/configuration.ts";
import type { RunRequest } from "../recipe/run_directory.ts";

/** So little is trained that nothing is accepted; the samples are kept all the same. */
const tinyRejection = { problems: 6, samples: 2, maxPerProblem: 1, temperature: 1, maxNewTokens: 4 };

/** The default run, shrunk. `scale` multiplies the steps, as it does there. */
export function tinyConfiguration({ seed, data, scale, reward }: RunRequest): Configuration {
  const { model, ...rest } = defaultConfiguration({ seed, data, reward });
  const { rewardModel } = rest.grpo;
  const steps = (count: number) => Math.max(1, Math.round(count * scale));
  const tinyModel = rewardModel && { rewardModel: { ...rewardModel, problems: 6, samples: 2 } };
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
    tokenizer: { problems: 20 },
    pretraining: { ...rest.pretraining, steps: steps(4), warmup: 1, problemsPerStep: 2 },
    sft: { ...rest.sft, steps: steps(4), warmup: 1, problems: 8, contextLength: 320, rejection: tinyRejection },
    grpo: { ...rest.grpo, steps: steps(4), warmup: 1, prompts: 2, samples: 4, maxNewTokens: 8, ...tinyModel },
    evaluation: { problems: 24, maxNewTokens: 12 },
  };
}
