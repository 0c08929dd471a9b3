import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "@gradus/seeds";
import fc from "fast-check";
import { type PackedBatch, pack } from "./pack.ts";
import { planPacking } from "./plan.ts";
import { promptCompletion, type TokenSequence } from "./sequence.ts";
import { type PackStreamOptions, packStream } from "./stream.ts";

const strategies = ["best-fit-decreasing", "best-fit-split", "random-concat", "wrapped"] as const;

/** Prompts and completions whose tokens are all different, so that each token tells where it came from. */
const problem = fc.array(fc.tuple(fc.nat(8), fc.nat(16)), { maxLength: 60 }).map((sizes) => {
  let next = 1;
  return sizes.map(([prompt, completion]) => {
    const fresh = (count: number) => Array.from({ length: count }, () => next++);
    return promptCompletion(fresh(prompt), fresh(completion));
  });
});

async function collect(sequences: Iterable<TokenSequence>, options: PackStreamOptions) {
  const packed = packStream(sequences, options);
  const batches: PackedBatch[] = [];
  for await (const batch of packed) batches.push(batch);
  return { batches, report: packed.report };
}

/** What each token learns to predict, over all contexts. */
function predictions(batches: readonly PackedBatch[]): Map<number, number> {
  const found = new Map<number, number>();
  for (const { tokens, labels } of batches) for (const [t, label] of labels.entries()) found.set(tokens[t], label);
  return found;
}

for (const strategy of strategies) {
  test(`${strategy}: a stream teaches what packing all at once teaches, whatever the window, and reports the same losses`, async () => {
    const overlong = fc.constantFrom("truncate" as const, "drop" as const);
    await fc.assert(
      fc.asyncProperty(
        problem,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 70 }),
        overlong,
        fc.nat(),
        async (sequences, contextLength, window, overlong, seed) => {
          const options = { contextLength, strategy, overlong, seed };
          const { batches, report } = await collect(sequences, { ...options, window });
          const lengths = sequences.map(({ tokens }) => tokens.length);
          const whole = planPacking(lengths, options).report;
          assert.deepEqual(predictions(batches), predictions(pack(sequences, options)));
          assert.equal(report.tokens, whole.tokens);
          assert.equal(report.lostTokens, whole.lostTokens);
          assert.equal(report.sequences, sequences.length);
          assert.equal(report.contexts, batches.length);
          assert.deepEqual(report.affected, whole.affected);
          for (const { tokens, positions, segments } of batches) {
            assert.ok(tokens.length > 0 && tokens.length <= contextLength);
            for (let s = 0; s + 1 < segments.length; s++)
              for (let t = segments[s]; t < segments[s + 1]; t++) assert.equal(positions[t], t - segments[s]);
          }
        },
      ),
    );
  });
}

test("a wrapped stream gives the same contexts as wrapping all at once", async () => {
  await fc.assert(
    fc.asyncProperty(
      problem,
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 70 }),
      async (sequences, contextLength, window) => {
        const options = { contextLength, strategy: "wrapped" as const };
        assert.deepEqual((await collect(sequences, { ...options, window })).batches, pack(sequences, options));
      },
    ),
  );
});

test("a window that holds everything gives the contexts of packing all at once", async () => {
  await fc.assert(
    fc.asyncProperty(problem, fc.constantFrom(...strategies), async (sequences, strategy) => {
      const options = { contextLength: 24, strategy };
      assert.deepEqual((await collect(sequences, { ...options, window: 61 })).batches, pack(sequences, options));
    }),
  );
});

test("windows of 2,000 sequences still fill 99.7% of 4,096 on long-tailed lengths", async () => {
  const random = stream(5, { purpose: "lengths" });
  const sequences = Array.from({ length: 10_000 }, () => ({
    tokens: new Int32Array(Math.min(4096, Math.ceil(Math.exp(random.normal(5, 1))))),
  }));
  const { report } = await collect(sequences, { window: 2000 });
  assert.ok(report.efficiency >= 0.997, `${report.efficiency}`);
});

test("contexts come while the source is still being read, and leaving the loop closes the source", async () => {
  let [given, closed] = [0, false];
  function* endless(): Generator<TokenSequence> {
    try {
      for (;;) yield { tokens: new Int32Array(5).fill(++given) };
    } finally {
      closed = true;
    }
  }
  const packed = packStream(endless(), { contextLength: 10, window: 8 });
  for await (const _ of packed) break;
  assert.equal(given, 8);
  assert.ok(closed);
});

test("errors name the sequence as numbered in the stream", async () => {
  const fine = { tokens: Int32Array.of(1, 2) };
  const read = (sequences: TokenSequence[]) => collect(sequences, { contextLength: 4, window: 2 });
  await assert.rejects(
    read([fine, fine, fine, { tokens: new Int32Array(5) }]),
    /RangeError: Cannot pack sequence 3: 5 tokens exceed the context length 4/,
  );
  await assert.rejects(
    read([fine, fine, { tokens: Int32Array.of(1), labels: Int32Array.of(2) }]),
    /RangeError: Cannot pack sequence 2: labels\[0\]/,
  );
  assert.throws(() => packStream([], { window: 0 }), /RangeError: .*window .* found 0/);
});
