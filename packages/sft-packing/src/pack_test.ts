import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pack, packContext } from "./pack.ts";
import { planPacking } from "./plan.ts";
import { promptCompletion, type TokenSequence } from "./sequence.ts";

const strategies = ["best-fit-decreasing", "best-fit-split", "random-concat", "wrapped"] as const;
const ids = (...tokens: number[]) => Int32Array.from(tokens);
// The sequences and context length of the packing tests of TRL (tests/test_data_utils.py).
const trl = [ids(1, 2, 3, 4, 5), ids(6, 7), ids(8, 9, 10, 11), ids(12)].map((tokens) => ({ tokens }));

/** Prompts and completions whose tokens are all different, so that each token tells where it came from. */
const problem = fc.array(fc.tuple(fc.nat(6), fc.nat(12)), { maxLength: 20 }).map((sizes) => {
  let next = 1;
  return sizes.map(([prompt, completion]) => {
    const fresh = (count: number) => Array.from({ length: count }, () => next++);
    return promptCompletion(fresh(prompt), fresh(completion));
  });
});

/** What each token should learn to predict when its sequence stands alone. */
function predictions(sequences: readonly TokenSequence[]): Map<number, number> {
  const next = new Map<number, number>();
  for (const { tokens, labels = tokens } of sequences) {
    for (let i = 0; i + 1 < tokens.length; i++) if (labels[i + 1] !== -100) next.set(tokens[i], tokens[i + 1]);
  }
  return next;
}

function assertSound(batch: ReturnType<typeof pack>[number], contextLength: number): void {
  const { tokens, labels, positions, segments } = batch;
  assert.ok(tokens.length > 0 && tokens.length <= contextLength);
  assert.equal(labels.length, tokens.length);
  assert.equal(positions.length, tokens.length);
  assert.equal(segments[0], 0);
  assert.equal(segments[segments.length - 1], tokens.length);
  for (let s = 0; s + 1 < segments.length; s++) {
    assert.ok(segments[s + 1] > segments[s], "no segment is empty");
    for (let t = segments[s]; t < segments[s + 1]; t++) assert.equal(positions[t], t - segments[s]);
  }
}

for (const strategy of strategies) {
  test(`${strategy}: packed sequences teach exactly what they teach one by one`, () => {
    fc.assert(
      fc.property(problem, fc.integer({ min: 18, max: 64 }), fc.nat(), (sequences, contextLength, seed) => {
        const found = new Map<number, number>();
        let tokens = 0;
        for (const batch of pack(sequences, { contextLength, strategy, seed })) {
          assertSound(batch, contextLength);
          tokens += batch.tokens.length;
          batch.labels.forEach((label, t) => {
            if (label !== -100) found.set(batch.tokens[t], label);
          });
        }
        assert.deepEqual(found, predictions(sequences));
        assert.equal(
          tokens,
          sequences.reduce((sum, sequence) => sum + sequence.tokens.length, 0),
        );
      }),
    );
  });
}

test("splitting loses no prediction, even across contexts of one token", () => {
  fc.assert(
    fc.property(problem, fc.integer({ min: 1, max: 9 }), (sequences, contextLength) => {
      for (const strategy of ["wrapped", "best-fit-split"] as const) {
        const found = new Map<number, number>();
        for (const batch of pack(sequences, { contextLength, strategy })) {
          assertSound(batch, contextLength);
          batch.labels.forEach((label, t) => {
            if (label !== -100) found.set(batch.tokens[t], label);
          });
        }
        assert.deepEqual(found, predictions(sequences));
      }
    }),
  );
});

test("a truncated sequence is packed as if it had been given that short", () => {
  fc.assert(
    fc.property(problem, fc.integer({ min: 1, max: 12 }), (sequences, contextLength) => {
      const cut = sequences.map(({ tokens, labels }) => ({
        tokens: tokens.slice(0, contextLength),
        labels: labels?.slice(0, contextLength),
      }));
      for (const strategy of ["best-fit-decreasing", "random-concat"] as const) {
        const truncated = pack(sequences, { contextLength, strategy, overlong: "truncate" });
        assert.deepEqual(truncated, pack(cut, { contextLength, strategy }));
      }
    }),
  );
});

test("TRL's bins for best-fit decreasing with truncation", () => {
  const batches = pack(trl, { contextLength: 4, overlong: "truncate" });
  assert.deepEqual(
    batches.map(({ tokens }) => [...tokens]),
    [
      [1, 2, 3, 4],
      [8, 9, 10, 11],
      [6, 7, 12],
    ],
  );
});

test("TRL's bins for best-fit decreasing with splitting", () => {
  const batches = pack(trl, { contextLength: 4, strategy: "best-fit-split" });
  assert.deepEqual(
    batches.map(({ tokens }) => [...tokens]),
    [
      [1, 2, 3, 4],
      [8, 9, 10, 11],
      [6, 7, 5, 12],
    ],
  );
  assert.deepEqual([...batches[2].segments], [0, 2, 3, 4]);
});

// The other published cases of the same file: sequences, context length, strategy, bins, their segments' lengths.
const published = [
  [
    "wrapped",
    [[1, 2, 3], [4, 5, 6, 7], [8]],
    3,
    "wrapped",
    [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8],
    ],
    [[3], [3], [1, 1]],
  ],
  [
    "plain",
    [[1, 2, 3], [4, 5, 6, 7], [8]],
    4,
    "best-fit-decreasing",
    [
      [4, 5, 6, 7],
      [1, 2, 3, 8],
    ],
    [[4], [3, 1]],
  ],
  [
    "two columns (first)",
    [
      [1, -2, 3, -4, 5, -6],
      [7, -8, 9],
      [-10, 11, -12],
      [13, -14, 15, -16],
    ],
    4,
    "best-fit-split",
    [
      [1, -2, 3, -4],
      [13, -14, 15, -16],
      [7, -8, 9],
      [-10, 11, -12],
      [5, -6],
    ],
    [[4], [4], [3], [3], [2]],
  ],
  [
    "not a power of two",
    [[1, 2, 3, 4, 5], [6], [7, 8, 9, 10], [11, 12, 13]],
    5,
    "best-fit-split",
    [
      [1, 2, 3, 4, 5],
      [7, 8, 9, 10, 6],
      [11, 12, 13],
    ],
    [[5], [4, 1], [3]],
  ],
  [
    "empty sequences",
    [[1, 2], [], [3, 4, 5], [], [6]],
    4,
    "best-fit-split",
    [
      [3, 4, 5, 6],
      [1, 2],
    ],
    [[3, 1], [2]],
  ],
] as const;

for (const [name, sequences, contextLength, strategy, bins, lengths] of published) {
  test(`TRL's bins: ${name}`, () => {
    const batches = pack(
      sequences.map((tokens) => ({ tokens: ids(...tokens) })),
      { contextLength, strategy },
    );
    assert.deepEqual(
      batches.map(({ tokens }) => [...tokens]),
      bins,
    );
    assert.deepEqual(
      batches.map(({ segments }) => [...segments.slice(1)].map((end, s) => end - segments[s])),
      lengths,
    );
  });
}

test("aligned labels are each token itself where it is learnt, never a segment's first", () => {
  const sequences = [promptCompletion([1, 2], [3, 4]), { tokens: ids(5, 6) }];
  const [batch] = pack(sequences, { contextLength: 8, labels: "aligned" });
  assert.deepEqual(batch.labels, ids(-100, -100, 3, 4, -100, 6));
  assert.throws(() => pack(sequences, { labels: "both" as "aligned" }), /TypeError: .*labels .* found both/);
});

test("the prompt is read but not learnt, and neither is the first token of a sequence", () => {
  const [batch] = pack([promptCompletion([1, 2], [3, 4]), { tokens: ids(5, 6) }], { contextLength: 8 });
  assert.deepEqual(batch, {
    tokens: ids(1, 2, 3, 4, 5, 6),
    labels: ids(-100, 3, 4, -100, 6, -100),
    positions: ids(0, 1, 2, 3, 0, 1),
    segments: ids(0, 4, 6),
  });
});

test("one context can be built without the others", () => {
  const plan = planPacking([5, 2, 4, 1], { contextLength: 4, strategy: "wrapped" });
  const all = pack(trl, { contextLength: 4, strategy: "wrapped" });
  assert.deepEqual(packContext(trl, plan, 1), all[1]);
  assert.throws(() => packContext(trl, plan, 3), /RangeError: Cannot pack context 3: the plan has 3/);
});

test("a plan for other sequences is refused", () => {
  const plan = planPacking([2, 2], { contextLength: 4 });
  assert.throws(
    () => packContext([{ tokens: ids(1, 2) }], plan, 0),
    /RangeError: .*sequence 1: .*plan.* found 1 sequences/,
  );
  const short = [{ tokens: ids(1, 2) }, { tokens: ids(1) }];
  assert.throws(() => packContext(short, plan, 0), /RangeError: .*sequence 1: .*at least 2 tokens.* found 1/);
});

test("labels that are shifted already, or do not match their tokens, are refused", () => {
  const shifted = { tokens: ids(1, 2, 3), labels: ids(2, 3, -100) };
  assert.throws(
    () => pack([shifted]),
    /RangeError: .*sequence 0: labels\[0\] must be −100 or the token there, 1, found 2/,
  );
  const short = { tokens: ids(1, 2, 3), labels: ids(1) };
  assert.throws(() => pack([short]), /RangeError: .*sequence 0: expected 3 labels, found 1/);
});
