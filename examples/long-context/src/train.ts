/** Trains one model on needles, from short sequences to whole contexts, and can go on after a kill. */
import { Buffer } from "node:buffer";
import { appendFile, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PolicyCore } from "@gradus/transformer";
import { type Kind, modelConfig } from "./model.ts";
import { type Held, held, type Score, score } from "./score.ts";
import { needleBatch } from "./task.ts";

/** Sequences of `length` tokens, `tokens` of them in a step; `rate` is the learning rate, default 2e-3. */
export interface Stage {
  length: number;
  tokens: number;
  steps: number;
  rate?: number;
}

/** The same for both models. Needles are found among few first: from 4,096 tokens the beginning would take far longer. */
export const CURRICULUM: readonly Stage[] = [
  { length: 16, tokens: 2048, steps: 110 },
  { length: 64, tokens: 2048, steps: 30 },
  { length: 256, tokens: 2048, steps: 35 },
  { length: 512, tokens: 2048, steps: 35 },
  { length: 1024, tokens: 2048, steps: 50 },
  { length: 2048, tokens: 2048, steps: 40 },
  { length: 4096, tokens: 4096, steps: 20 },
  { length: 4096, tokens: 4096, steps: 15, rate: 5e-4 },
];

/** One line of a run's record; `tokens` were seen up to and with this step. */
export interface Entry extends Score {
  step: number;
  length: number;
  tokens: number;
  seconds: number;
}

/** How a run came out: its steps, and how it does on sequences that it did not see. */
export interface Run {
  kind: Kind;
  seed: number;
  parameters: number;
  entries: Entry[];
  held: Held;
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
    seed = 1,
    threads,
    stages = CURRICULUM,
    heldOut = 32,
    log = console.log,
  }: {
    seed?: number;
    threads?: number;
    stages?: readonly Stage[];
    heldOut?: number;
    log?: (line: string) => void;
  } = {},
): Promise<Run> {
  await mkdir(directory, { recursive: true });
  const core = PolicyCore.create(modelConfig(kind), { seed, threads });
  const done = await restoreState(core, directory);
  let [step, seen] = [0, 0];
  for (const { length, tokens, steps, rate = 2e-3 } of stages) {
    for (let i = 0; i < steps; i++) {
      seen += tokens;
      if (step++ < done) continue;
      const batch = needleBatch({ count: tokens / length, length }, seed, step);
      const known = batch.labels.filter((label) => label >= 0).length;
      const started = performance.now();
      const coefficients = Float32Array.from(batch.labels, (label) => (label >= 0 ? -1 / known : 0));
      const { logProbs } = await core.backward(batch, coefficients);
      core.step({ learningRate: rate * Math.min(1, step / 20), weightDecay: 0.01 });
      const seconds = (performance.now() - started) / 1000;
      const entry: Entry = { step, length, tokens: seen, ...score(logProbs, batch.labels), seconds };
      await appendFile(join(directory, "entries.jsonl"), `${JSON.stringify(entry)}\n`);
      if (step % 10 === 0) {
        await saveState(core, directory);
        log(
          `${kind} ${seed}, step ${step}: ${length} tokens, loss ${entry.loss.toFixed(4)}, ${(100 * entry.right).toFixed(1)}% right, ${seconds.toFixed(2)} s`,
        );
      }
    }
  }
  await saveState(core, directory);
  const { length } = stages[stages.length - 1];
  const figures = await held(core, needleBatch({ count: heldOut, length }, seed + 1000, 0), length);
  const parameters = Object.values(core.weights).reduce((sum, weight) => sum + weight.length, 0);
  await core.dispose();
  // A killed run may have written steps after its last state: of each step the last entry counts.
  const lines = (await readFile(join(directory, "entries.jsonl"), "utf8")).trim().split("\n");
  const entries = [
    ...new Map(lines.map((line) => JSON.parse(line) as Entry).map((entry) => [entry.step, entry])).values(),
  ];
  return { kind, seed, parameters, entries, held: figures };
}
