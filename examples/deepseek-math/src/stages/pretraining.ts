/**
 * Pre-training: code and then mathematics, or both mixed (`pretraining.schedule`), from random weights.
 *
 * @module
 */

import { supervisedCoefficients, supervisedLoss } from "../recipe/supervised.ts";
import { PretrainingText } from "../recipe/text.ts";
import { readPassages } from "./corpus.ts";
import { producedBy, type Training, trainingAccount, trainPolicy, type Update } from "./policy_training.ts";
import type { RecipeStage, StageContext } from "./stage.ts";

export const pretraining: RecipeStage = {
  name: "pretraining",
  consumes: () => ["corpus/passages.jsonl", "tokenizer.json"],
  produces: () => producedBy("pretraining"),
  async run(context) {
    const { steps, schedule } = context.configuration.pretraining;
    const trained = await trainPolicy(context, {
      ...{ stage: "pretraining", steps },
      updates: (training) => updates(context, training),
    });
    const { tokens } = trained.totals;
    return { consumed: { schedule, tokens }, produced: trainingAccount(trained) };
  },
};

async function* updates(context: StageContext, training: Training): AsyncGenerator<Update, void> {
  const { configuration, directory, problems } = context;
  const { steps, weightDecay } = configuration.pretraining;
  const { policy, learningRate, from } = training;
  const parts = { configuration, problems, tokens: await context.tokens() };
  const text = new PretrainingText({ ...parts, passages: await readPassages(directory.passages) }, training.mixture);
  let next = text.next();
  for (let step = from; step < steps; step++) {
    const { batch, after } = next;
    const learning = policy.backward(batch.batch, supervisedCoefficients(batch));
    // The policy works on another thread: the next batch is made meanwhile.
    if (step + 1 < steps) next = text.next();
    const { logProbs } = await learning;
    const { gradientNorm } = await policy.step({ learningRate: learningRate(step), weightDecay });
    const metrics = { loss: supervisedLoss(batch, logProbs) };
    yield { tokens: batch.batch.tokens.length, gradientNorm, metrics, mixture: after };
  }
}
