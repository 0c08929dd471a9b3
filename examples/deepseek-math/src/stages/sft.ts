/**
 * SFT: given solutions as chains of thought, programs and reasoning with programs, and the pre-trained policy's own right
 * ones (rejection sampling), packed to contexts.
 *
 * @module
 */

import type { TransformerPolicy } from "@gradus/transformer";
import { type OwnSolution, ownSolutions } from "../recipe/rejection.ts";
import { sftContexts, supervisedCoefficients, supervisedLoss } from "../recipe/supervised.ts";
import { type ToolSolution, toolSolutions } from "../recipe/tool_solutions.ts";
import {
  producedBy,
  programRunner,
  type Training,
  trainingAccount,
  trainPolicy,
  type Update,
} from "./policy_training.ts";
import type { RecipeStage, StageContext } from "./stage.ts";

export const sft: RecipeStage = {
  name: "sft",
  consumes: () => ["tokenizer.json", "checkpoints/pretraining"],
  produces: ({ sft: { rejection } }) => [
    ...producedBy("sft"),
    "sft/tool_solutions.jsonl",
    ...(rejection?.problems ? ["rejection/accepted.jsonl"] : []),
  ],
  async run(context) {
    const own = await rejectionSampled(context);
    const withTools = await withPython(context);
    const { sft: settings } = context.configuration;
    const trained = await trainPolicy(context, {
      ...{ stage: "sft", steps: settings.steps },
      updates: (training) => updates(context, training, own, withTools),
    });
    const of = (mode: string) => withTools.filter((each) => each.mode === mode).length;
    return {
      consumed: {
        "given chains of thought": context.problems.sft.length,
        "own solutions": own.length,
        programs: of("program"),
        "tool-integrated solutions": of("tool-integrated"),
        tokens: trained.totals.tokens,
      },
      produced: trainingAccount(trained),
    };
  },
};

async function* updates(
  context: StageContext,
  { policy, learningRate, from }: Training,
  own: readonly OwnSolution[],
  withTools: readonly ToolSolution[],
): AsyncGenerator<Update, void> {
  const { configuration, problems } = context;
  const { steps, contextsPerStep, weightDecay } = configuration.sft;
  const contextOf = sftContexts(configuration, problems, await context.tokens(), own, withTools);
  for (let step = from; step < steps; step++) {
    const contexts = Array.from({ length: contextsPerStep }, (_, i) => contextOf(step * contextsPerStep + i));
    // The mean over the trained tokens of all contexts together.
    const trained = contexts.reduce((sum, context) => sum + context.trained, 0);
    let [loss, tokens] = [0, 0];
    for (const context of contexts) {
      const { logProbs } = await policy.backward(context.batch, supervisedCoefficients({ ...context, trained }));
      loss += (supervisedLoss(context, logProbs) * context.trained) / trained;
      tokens += context.batch.tokens.length;
    }
    const { gradientNorm } = await policy.step({ learningRate: learningRate(step), weightDecay });
    yield { tokens, gradientNorm, metrics: { loss } };
  }
}

/** Right solutions of the policy as pre-training left it. */
async function rejectionSampled(context: StageContext): Promise<OwnSolution[]> {
  const { configuration, problems, directory, progress } = context;
  const total = Math.min(configuration.sft.rejection?.problems ?? 0, problems.sft.length);
  if (total === 0) return [];
  const bar = progress.stage("  rejection sampling", total, { unit: "problems", transient: true });
  let policy: TransformerPolicy | undefined;
  try {
    return await ownSolutions({
      ...{ configuration, problems: problems.sft, tokens: await context.tokens(), files: directory.rejection },
      policy: async () => (policy ??= await context.policies.take("pretraining")),
      onProgress: (done, detail) => bar.update({ done, detail }),
    });
  } finally {
    bar.finish();
    context.policies.giveBack(policy);
  }
}

async function withPython(context: StageContext): Promise<ToolSolution[]> {
  const { configuration, problems, directory, progress } = context;
  const { tools } = configuration.sft;
  const total = (tools?.program ?? 0) + (tools?.toolIntegrated ?? 0);
  const bar = progress.stage("  solutions with programs", total, { unit: "problems", transient: true });
  try {
    return await toolSolutions(tools, problems.sft, directory.toolSolutions, programRunner(context), (done) =>
      bar.update({ done }),
    );
  } finally {
    bar.finish();
  }
}
