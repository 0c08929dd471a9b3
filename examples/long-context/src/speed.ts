/** Where sparse attention pays: times of a training step and of a decoded token for contexts of several lengths. */
import { PolicyCore } from "@gradus/transformer";
import { type Kind, modelConfig } from "./model.ts";
import { needleBatch } from "./task.ts";

/** Milliseconds. */
export interface Speed {
  kind: Kind;
  time: number;
  step: number;
  token: number;
}

/** Best of `runs` steps on one sequence of `time` tokens, and the time of a token after a prompt of `time` − 64. */
export async function measure(kind: Kind, time: number, runs = 3): Promise<Speed> {
  const core = PolicyCore.create(modelConfig(kind, time), { seed: 1, maxTokens: time });
  const batch = needleBatch({ count: 1, length: time }, 1, 0);
  const coefficients = Float32Array.from(batch.labels, (label) => (label >= 0 ? -2 / time : 0));
  let step = Number.POSITIVE_INFINITY;
  for (let run = 0; run <= runs; run++) {
    const started = performance.now();
    await core.backward(batch, coefficients);
    if (run > 0) step = Math.min(step, performance.now() - started);
  }
  const prompt = batch.tokens.subarray(0, time - 64);
  let token = Number.POSITIVE_INFINITY;
  let before = 0;
  for (let run = 0; run < 2; run++) {
    // Each report is a token later than the one before; the first comes with the prompt.
    const onProgress = () => {
      const now = performance.now();
      if (before > 0) token = Math.min(token, now - before);
      before = now;
    };
    await core.sample([prompt], { maxNewTokens: 40, stop: [], seed: 1 }, { onProgress });
    before = 0;
  }
  await core.dispose();
  return { kind, time, step, token };
}
