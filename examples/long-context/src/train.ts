/** Trains one model on needles, from short sequences to whole contexts, and can go on after a kill. */
import { Buffer } from "node:buffer";
import { appendFile, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PolicyCore } from "@gradus/transformer";
import { type Kind, modelConfig } from "./model.ts";
import { needleBatch } from "./task.ts";

/** Sequences of `length` tokens, `tokens` of them in a step. */
export interface Stage {
  length: number;
  tokens: number;
  steps: number;
}

/** The same for both models. Needles are found among few first: from 4,096 tokens the beginning would take far longer. */
export const CURRICULUM: readonly Stage[] = [
  { length: 16, tokens: 2048, steps: 80 },
  { length: 64, tokens: 2048, steps: 30 },
  { length: 256, tokens: 2048, steps: 40 },
  { length: 1024, tokens: 4096, steps: 20 },
  { length: 4096, tokens: 4096, steps: 25 },
];

/** One line of a run's record. `right`: questions whose answer got more than half of the probability. */
export interface Entry {
  step: number;
  length: number;
  loss: number;
  right: number;
  seconds: number;
}

/** How a run came out: its steps, and both figures on sequences that it did not see. */
export interface Run {
  kind: Kind;
  parameters: number;
  entries: Entry[];
  held: { loss: number; right: number };
}

const SEED = 1;

function score(logProbs: Float32Array, labels: Int32Array): { loss: number; right: number } {
  const answers = logProbs.filter((_, i) => labels[i] >= 0);
  return {
    loss: -answers.reduce((sum, x) => sum + x, 0) / answers.length,
    right: answers.filter((x) => x > Math.log(0.5)).length / answers.length,
  };
}

async function saveState(core: PolicyCore, directory: string): Promise<void> {
  const { weights, momentum, variance, steps } = core.state();
  const bytes = Buffer.concat(
    [Float64Array.of(steps), weights, momentum, variance].map((x) => Buffer.from(x.buffer, x.byteOffset, x.byteLength)),
  );
  await writeFile(join(directory, "state.new"), bytes);
  await rename(join(directory, "state.new"), join(directory, "state.bin"));
}

async function restoreState(core: PolicyCore, directory: string): Promise<number> {
  const bytes = await readFile(join(directory, "state.bin")).catch(() => undefined);
  if (!bytes) return 0;
  const numbers = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const steps = new Float64Array(numbers.buffer, 0, 1)[0];
  const size = (numbers.length - 2) / 3;
  const [weights, momentum, variance] = [0, 1, 2].map((i) => numbers.slice(2 + i * size, 2 + (i + 1) * size));
  core.restore({ weights, momentum, variance, steps });
  return steps;
}

/** Trains, writing `entries.jsonl` and `state.bin` to a directory; what is there is gone on with. */
export async function train(
  kind: Kind,
  directory: string,
  {
    stages = CURRICULUM,
    heldOut = 4,
    log = console.log,
  }: { stages?: readonly Stage[]; heldOut?: number; log?: (line: string) => void } = {},
): Promise<Run> {
  await mkdir(directory, { recursive: true });
  const core = PolicyCore.create(modelConfig(kind), { seed: SEED });
  const done = await restoreState(core, directory);
  let step = 0;
  for (const { length, tokens, steps } of stages) {
    for (let i = 0; i < steps; i++) {
      if (step++ < done) continue;
      const batch = needleBatch({ count: tokens / length, length }, SEED, step);
      const asked = batch.labels.filter((label) => label >= 0).length;
      const started = performance.now();
      const coefficients = Float32Array.from(batch.labels, (label) => (label >= 0 ? -1 / asked : 0));
      const { logProbs } = await core.backward(batch, coefficients);
      core.step({ learningRate: 2e-3 * Math.min(1, step / 20), weightDecay: 0.01 });
      const seconds = (performance.now() - started) / 1000;
      const entry: Entry = { step, length, ...score(logProbs, batch.labels), seconds };
      await appendFile(join(directory, "entries.jsonl"), `${JSON.stringify(entry)}\n`);
      if (step % 10 === 0) {
        await saveState(core, directory);
        log(
          `${kind} ${step}: ${length} tokens, loss ${entry.loss.toFixed(4)}, ${(100 * entry.right).toFixed(1)}% right, ${seconds.toFixed(2)} s`,
        );
      }
    }
  }
  await saveState(core, directory);
  const { length } = stages[stages.length - 1];
  const held = needleBatch({ count: heldOut, length }, SEED + 1, 0);
  const { logProbs } = await core.logProbs(held);
  const parameters = Object.values(core.weights).reduce((sum, weight) => sum + weight.length, 0);
  await core.dispose();
  // A killed run may have written steps after its last state: of each step the last entry counts.
  const lines = (await readFile(join(directory, "entries.jsonl"), "utf8")).trim().split("\n");
  const entries = [
    ...new Map(lines.map((line) => JSON.parse(line) as Entry).map((entry) => [entry.step, entry])).values(),
  ];
  return { kind, parameters, entries, held: score(logProbs, held.labels) };
}
