/** Where sparse attention pays: times of a training step and of a decoded token for contexts of several lengths. */
import process from "node:process";
import { PolicyCore } from "@gradus/transformer";
import { type Kind, modelConfig } from "./model.ts";
import { needleBatch } from "./task.ts";

/**
 * Medians in milliseconds of processor time, which hardly depends on what else the machine does: of a step on one sequence
 * of `time` tokens, of a token after a prompt of `time` − 64.
 */
export interface Speed {
  kind: Kind;
  time: number;
  step: number;
  token: number;
}

/** Measures both kinds in turns, `rounds` times and once more before, which is not counted. */
export async function measure(time: number, rounds = 3): Promise<Speed[]> {
  const contenders = (["full", "nsa"] as const).map((kind) => ({
    kind,
    core: PolicyCore.create(modelConfig(kind, time), { seed: 1, maxTokens: time, threads: 1 }),
    steps: [] as number[],
    tokens: [] as number[],
  }));
  const batch = needleBatch({ count: 1, length: time }, 1, 0);
  const coefficients = Float32Array.from(batch.labels, (label) => (label >= 0 ? -1 / time : 0));
  const prompt = batch.tokens.subarray(0, time - 64);
  for (let round = 0; round <= rounds; round++) {
    for (const { core, steps } of contenders) {
      const started = process.cpuUsage();
      await core.backward(batch, coefficients);
      if (round > 0) steps.push(milliseconds(started));
    }
  }
  for (let round = 0; round <= rounds; round++) {
    for (const { core, tokens } of contenders) {
      let started: NodeJS.CpuUsage | undefined;
      let [reports, spent] = [0, 0];
      // Each report is a token later than the one before; the first comes with the prompt.
      const onProgress = () => {
        started ??= process.cpuUsage();
        spent = milliseconds(started) / Math.max(1, reports++);
      };
      await core.sample([prompt], { maxNewTokens: 40, stop: [], seed: 1 }, { onProgress });
      if (round > 0) tokens.push(spent);
    }
  }
  for (const { core } of contenders) await core.dispose();
  return contenders.map(({ kind, steps, tokens }) => ({ kind, time, step: median(steps), token: median(tokens) }));
}

function milliseconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
