// An output head on @gradus/autodiff for @gradus/grpo/head, and what it costs in memory. As a program, `node grpo_head.mjs CHUNK`
// prints the memory that forward and backward of 4,096 tokens add to the process, in bytes.
import { resourceUsage } from "node:process";
import { fileURLToPath } from "node:url";
import { buildModel, input, openSession, pullback, tokenLogProbs } from "@gradus/autodiff";
import { grpo } from "@gradus/grpo";
import { streamedObjective } from "@gradus/grpo/head";
import { uniforms } from "./lib/random.mjs";

/** Sizes of the published figure. */
export const SIZES = { tokens: 4096, width: 256, vocabulary: 32_768 };

/** A head that computes each chunk in one graph; `gradient` gathers that of its weights, [width, vocabulary]. */
export async function autodiffHead(weight, width) {
  const vocabulary = weight.length / width;
  const hidden = input("hidden", "float32", ["n", width]);
  const matrix = input("weight", "float32", [width, vocabulary]);
  const targets = input("targets", "int32", ["n"]);
  const cotangent = input("cotangent", "float32", ["n"]);
  const { logProbs } = tokenLogProbs(hidden, matrix, targets);
  const [dHidden, dWeight] = pullback([{ output: logProbs, cotangent }], [hidden, matrix]);
  const forward = await openSession(buildModel({ outputs: { logProbs } }));
  const backward = await openSession(buildModel({ outputs: { dHidden, dWeight } }));
  const gradient = new Float32Array(weight.length);
  const feeds = (hidden, targets) => ({
    hidden: { data: hidden, shape: [targets.length, width] },
    weight: { data: weight, shape: [width, vocabulary] },
    targets: { data: targets, shape: [targets.length] },
  });
  return {
    gradient,
    logProbs: async (hidden, targets) => (await forward.run(feeds(hidden, targets))).logProbs.data,
    backward: async (hidden, targets, coefficients) => {
      const shape = [targets.length];
      const results = await backward.run({ ...feeds(hidden, targets), cotangent: { data: coefficients, shape } });
      const own = results.dWeight.data;
      for (let i = 0; i < own.length; i++) gradient[i] += own[i];
      return results.dHidden.data;
    },
    dispose: async () => {
      await forward.dispose();
      await backward.dispose();
    },
  };
}

/** Hidden states, targets, and the rest of a batch of one sequence whose sampler was a uniform distribution. */
export function headBatch({ tokens, width, vocabulary }) {
  const rest = {
    mask: new Uint8Array(tokens).fill(1),
    segments: Int32Array.of(0, tokens),
    oldLogProbs: new Float32Array(tokens).fill(-Math.log(vocabulary)),
    advantages: Float32Array.of(1),
  };
  const targets = Int32Array.from({ length: tokens }, (_, t) => (t * 7919) % vocabulary);
  return { batch: { hidden: uniforms(tokens * width, 0.1, 1), targets, mask: rest.mask }, rest };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { batch, rest } = headBatch(SIZES);
  const head = await autodiffHead(uniforms(SIZES.width * SIZES.vocabulary, 0.02, 2), SIZES.width);
  const peak = () => resourceUsage().maxRSS * 1024;
  const before = peak();
  const objective = (logProbs) => grpo({ ...rest, logProbs }, { beta: 0 });
  const start = performance.now();
  await streamedObjective(head, batch, objective, { chunk: Number(process.argv[2]) });
  console.log(JSON.stringify({ added: peak() - before, milliseconds: performance.now() - start }));
  await head.dispose();
}
