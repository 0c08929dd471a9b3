import {
  formatJsonl,
  pack,
  packStream,
  parseJsonl,
  planPacking,
  promptCompletion,
  rejectionSample,
} from "@gradus/sft-packing";
import { readPacked, writePacked } from "@gradus/sft-packing/parquet";

const sequences = Array.from({ length: 60 }, (_, i) =>
  promptCompletion(
    [i, i + 1],
    Array.from({ length: 1 + ((i * 37) % 29) }, (_, j) => i + j),
  ),
);
const strategies = ["best-fit-decreasing", "best-fit-split", "random-concat", "wrapped"];

async function collect(items) {
  const all = [];
  for await (const item of items) all.push(item);
  return all;
}

export default {
  "packed batches by every strategy": () =>
    strategies.map((strategy) => pack(sequences, { contextLength: 64, strategy, seed: 7 })),
  "a plan of 10,000 lengths": () => {
    const lengths = Int32Array.from({ length: 10_000 }, (_, i) => 1 + ((i * 7919) % 2500));
    return planPacking(lengths, { contextLength: 4096 }).report;
  },
  "a packed stream": async () => {
    const packed = packStream(sequences, { contextLength: 64, window: 20 });
    return { contexts: await collect(packed), report: packed.report };
  },
  "rejection sampling": async () => {
    const run = rejectionSample({
      problems: [1, 2, 3].map((id) => ({ id, gold: id * 2 })),
      sample: ({ problem, slots }) =>
        slots.map(({ seed }) => `${problem.id} + ${problem.id} = ${(seed % 3) + problem.id}`),
      verify: ({ gold }, completion) => completion.endsWith(` ${gold}`),
      seed: 5,
    });
    return { accepted: await collect(run), rejected: run.rejected, report: run.report };
  },
  JSONL: () => collect(parseJsonl(new Blob([1, 2, 3].map((a) => formatJsonl({ a, ids: Int32Array.of(a) }))).stream())),
  Parquet: async () => {
    const bytes = [];
    const batches = pack(sequences, { contextLength: 64 });
    await writePacked(batches, (chunk) => void bytes.push(...chunk));
    const file = Uint8Array.from(bytes);
    return { bytes: file, read: await collect(readPacked(file.buffer)) };
  },
};
