// One optimiser step of a policy on a single segment, for its memory. Arguments: configuration and options as JSON.
import { createPolicy } from "@gradus/transformer";
import { peakMemory, serve } from "../lib/engine.mjs";
import { integers } from "../lib/random.mjs";

const [config, options] = process.argv.slice(2).map((argument) => JSON.parse(argument));

await serve(async ({ context, steps }) => {
  const before = peakMemory();
  const policy = await createPolicy(config, { seed: 1, ...options });
  const tokens = integers(context, config.vocabSize, 1);
  const labels = Int32Array.from(tokens, (_, i) => (i + 1 < context ? tokens[i + 1] : -100));
  const batch = { tokens, labels, positions: Int32Array.from(tokens.keys()), segments: Int32Array.of(0, context) };
  const coefficients = new Float32Array(context).fill(-1 / (context - 1));
  const losses = [];
  const start = performance.now();
  for (let step = 0; step < steps; step++) {
    const { logProbs } = await policy.backward(batch, coefficients);
    await policy.step({ learningRate: 1e-3 });
    losses.push(-logProbs.reduce((a, b) => a + b) / (context - 1));
  }
  const seconds = (performance.now() - start) / 1000;
  await policy.dispose();
  return { before, losses, seconds };
});
