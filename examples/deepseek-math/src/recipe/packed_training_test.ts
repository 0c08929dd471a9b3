import assert from "node:assert/strict";
import { after, test } from "node:test";
import { stream } from "@gradus/seeds";
import { type PackedBatch, pack, promptCompletion } from "@gradus/sft-packing";
import { PolicyCore, type TransformerConfig } from "@gradus/transformer";
import { supervisedCoefficients, supervisedLoss } from "./supervised.ts";

const config: TransformerConfig = {
  vocabSize: 61,
  hiddenSize: 32,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  headSize: 8,
  intermediateSize: 48,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  tieEmbeddings: false,
  qkvBias: true,
  maxPositions: 128,
};
const random = stream(11, { purpose: "sequences" });
const tokens = (count: number) => Array.from({ length: count }, () => random.integer(0, config.vocabSize));
const sequences = Array.from({ length: 24 }, () =>
  promptCompletion(tokens(random.integer(1, 20)), tokens(random.integer(1, 40))),
);
const core = PolicyCore.create(config, { seed: 3 });
// Matrices three times as large: weights as they begin have too weak opinions to tell neighbours apart.
for (const weight of Object.values(core.weights))
  for (let i = 0; i < weight.length; i++) if (weight[i] !== 1) weight[i] *= 3;
after(() => core.dispose());

/** Mean loss over all trained tokens, and its gradient, batch by batch. */
async function train(batches: readonly PackedBatch[]) {
  const counts = batches.map(({ labels }) => labels.filter((label) => label >= 0).length);
  const trained = counts.reduce((sum, count) => sum + count, 0);
  let loss = 0;
  for (const [b, batch] of batches.entries()) {
    const { logProbs } = await core.backward(batch, supervisedCoefficients({ batch, trained }));
    if (counts[b] > 0) loss += (supervisedLoss({ batch, trained }, logProbs) * counts[b]) / trained;
  }
  const gradients = Object.fromEntries(Object.entries(core.gradients).map(([name, data]) => [name, data.slice()]));
  core.step({ learningRate: 0 }); // Clears the gradients and changes no weight.
  return { loss, gradients };
}

/** Largest difference of any entry, relative to the largest gradient. */
function difference(a: Record<string, Float32Array>, b: Record<string, Float32Array>): number {
  let [most, scale] = [0, 0];
  for (const [name, values] of Object.entries(b)) {
    for (const [i, value] of values.entries()) {
      scale = Math.max(scale, Math.abs(value));
      most = Math.max(most, Math.abs(value - a[name][i]));
    }
  }
  assert.ok(scale > 0, "gradients are zero");
  return most / scale;
}

// Each example in a context of its own.
const alone = await train(sequences.map((sequence) => pack([sequence])[0]));

for (const strategy of ["best-fit-decreasing", "random-concat"] as const) {
  test(`${strategy}: loss and gradients of packed contexts are those of the examples one by one`, async (context) => {
    const batches = pack(sequences, { contextLength: 128, strategy, seed: 5 });
    assert.ok(batches.length < sequences.length / 2, "most contexts hold several examples");
    const packed = await train(batches);
    const [loss, gradients] = [Math.abs(packed.loss - alone.loss), difference(packed.gradients, alone.gradients)];
    context.diagnostic?.(`loss differs by ${loss.toExponential(1)}, gradients by ${gradients.toExponential(1)}`);
    assert.ok(loss <= 1e-5, `losses ${packed.loss} and ${alone.loss}`);
    assert.ok(gradients <= 1e-5, `gradients differ by ${gradients} of the largest`);
  });
}

test("splitting only where an example is longer than the context changes nothing while none is", async () => {
  const packed = await train(pack(sequences, { contextLength: 128, strategy: "best-fit-split" }));
  assert.ok(Math.abs(packed.loss - alone.loss) <= 1e-5);
  assert.ok(difference(packed.gradients, alone.gradients) <= 1e-5);
});

test("attention across the boundaries would be seen: the same contexts as one segment each differ", async () => {
  const joined = pack(sequences, { contextLength: 128 }).map((batch) => ({
    ...batch,
    positions: batch.positions.map((_, t) => t),
    segments: Int32Array.of(0, batch.tokens.length),
  }));
  const wrong = await train(joined);
  assert.ok(difference(wrong.gradients, alone.gradients) > 1e-2);
});
