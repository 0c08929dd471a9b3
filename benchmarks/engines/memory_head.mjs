// Forward and backward of the output head alone, for its memory: logits held, or streamed in chunks.
import { buildModel, input, openSession, pullback, streamedLogProbs, tokenLogProbs } from "@gradus/autodiff";
import { peakMemory, serve } from "../lib/engine.mjs";
import { integers, uniforms } from "../lib/random.mjs";

await serve(async ({ tokens, width, vocabulary, chunk, threads }) => {
  const hidden = input("hidden", "float32", [tokens, width]);
  const weight = input("weight", "float32", [width, vocabulary]);
  const targets = input("targets", "int32", [tokens]);
  const cotangent = input("cotangent", "float32", [tokens]);
  const { logProbs } =
    chunk > 0 ? streamedLogProbs(hidden, weight, targets, { chunk }) : tokenLogProbs(hidden, weight, targets);
  const [hiddenGradient, weightGradient] = pullback([{ output: logProbs, cotangent }], [hidden, weight]);
  const session = await openSession(buildModel({ outputs: { logProbs, hiddenGradient, weightGradient } }), { threads });
  const feeds = {
    hidden: { data: uniforms(tokens * width, 1, 1), shape: [tokens, width] },
    weight: { data: uniforms(width * vocabulary, 0.02, 2), shape: [width, vocabulary] },
    targets: { data: integers(tokens, vocabulary, 3), shape: [tokens] },
    cotangent: { data: new Float32Array(tokens).fill(-1 / tokens), shape: [tokens] },
  };
  const before = peakMemory();
  const start = performance.now();
  const results = await session.run(feeds);
  const seconds = (performance.now() - start) / 1000;
  const norm = Math.sqrt(results.weightGradient.data.reduce((sum, g) => sum + g * g, 0));
  return { before, seconds, loss: -results.logProbs.data.reduce((sum, value) => sum + value / tokens, 0), norm };
});
