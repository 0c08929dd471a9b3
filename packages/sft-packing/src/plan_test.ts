import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import type { PackingOptions, PackingPlan } from "./plan.ts";
import { planPacking } from "./plan.ts";

const strategies = ["best-fit-decreasing", "best-fit-split", "random-concat", "wrapped"] as const;

/** The contexts of a plan, each as its pieces [sequence, start, length]. */
function contextsOf({ contexts, sequence, start, length }: PackingPlan): number[][][] {
  return Array.from({ length: contexts.length - 1 }, (_, c) =>
    Array.from({ length: contexts[c + 1] - contexts[c] }, (_, p) => {
      const at = contexts[c] + p;
      return [sequence[at], start[at], length[at]];
    }),
  );
}

/** Best-fit decreasing as it is told: for each piece, longest first, look at every context. */
function naiveBestFit(pieces: number[][], contextLength: number): number[][][] {
  const contexts: { free: number; since: number; pieces: number[][] }[] = [];
  let clock = 0;
  for (const piece of pieces.toSorted((a, b) => b[2] - a[2])) {
    let best: (typeof contexts)[number] | undefined;
    for (const context of contexts) {
      if (context.free < piece[2]) continue;
      const better = !best || context.free < best.free || (context.free === best.free && context.since < best.since);
      if (better) best = context;
    }
    if (!best) {
      best = { free: contextLength, since: 0, pieces: [] };
      contexts.push(best);
    }
    best.pieces.push(piece);
    best.free -= piece[2];
    // Of equally full contexts, the one that has been so the longest comes first.
    best.since = clock++;
  }
  return contexts.map((context) => context.pieces);
}

const problem = fc
  .integer({ min: 1, max: 70 })
  .chain((contextLength) =>
    fc.tuple(
      fc.constant(contextLength),
      fc.array(fc.oneof(fc.nat(contextLength), fc.nat(3 * contextLength)), { maxLength: 60 }),
    ),
  );

test("best-fit decreasing makes the same plan as its quadratic twin", () => {
  fc.assert(
    fc.property(problem, ([contextLength, lengths]) => {
      const fitting = lengths.map((length) => Math.min(length, contextLength));
      const pieces = fitting.map((length, i) => [i, 0, length]).filter(([, , length]) => length > 0);
      assert.deepEqual(
        contextsOf(planPacking(fitting, { contextLength, repack: false })),
        naiveBestFit(pieces, contextLength),
      );
    }),
    { numRuns: 300 },
  );
});

test("best-fit split makes the same plan as its quadratic twin", () => {
  fc.assert(
    fc.property(problem, ([contextLength, lengths]) => {
      const pieces: number[][] = [];
      for (const [i, length] of lengths.entries()) {
        for (let at = 0; at < length; at += contextLength) pieces.push([i, at, Math.min(contextLength, length - at)]);
      }
      const plan = planPacking(lengths, { contextLength, strategy: "best-fit-split", repack: false });
      assert.deepEqual(contextsOf(plan), naiveBestFit(pieces, contextLength));
    }),
  );
});

test("best-fit decreasing agrees with its twin over a long context of many words of the bitmap", () => {
  const contextLength = 40_000;
  const lengths = Array.from({ length: 400 }, (_, i) => 1 + ((i * 7919 + i * i * 104_729) % contextLength));
  const pieces = lengths.map((length, i) => [i, 0, length]);
  assert.deepEqual(
    contextsOf(planPacking(lengths, { contextLength, repack: false })),
    naiveBestFit(pieces, contextLength),
  );
});

for (const strategy of strategies) {
  test(`${strategy}: every token is in exactly one context or counted as lost, and no context overflows`, () => {
    const overlong = fc.constantFrom("truncate" as const, "drop" as const);
    fc.assert(
      fc.property(problem, overlong, fc.nat(), ([contextLength, lengths], overlong, seed) => {
        const plan = planPacking(lengths, { contextLength, strategy, overlong, seed });
        const { report } = plan;
        const splits = strategy === "wrapped" || strategy === "best-fit-split";
        const covered = lengths.map(() => [] as number[][]);
        for (const context of contextsOf(plan)) {
          assert.ok(context.length > 0);
          const used = context.reduce((sum, [, , length]) => sum + length, 0);
          assert.ok(used <= contextLength, `${used} tokens in a context of ${contextLength}`);
          for (const [sequence, start, length] of context) {
            assert.ok(length > 0);
            covered[sequence].push([start, length]);
          }
        }
        let lost = 0;
        const lists: Record<string, number[]> = { truncated: [], dropped: [], split: [], empty: [] };
        for (const [i, length] of lengths.entries()) {
          let end = 0;
          for (const [start, piece] of covered[i].sort((a, b) => a[0] - b[0])) {
            assert.equal(start, end, "pieces neither overlap nor leave a gap");
            end += piece;
          }
          lost += length - end;
          if (length === 0) lists.empty.push(i);
          else if (end === 0) lists.dropped.push(i);
          else if (end < length) lists.truncated.push(i);
          if (covered[i].length > 1) lists.split.push(i);
          if (!splits) assert.ok(covered[i].length <= 1);
          if (splits) assert.equal(end, length);
        }
        assert.equal(report.lostTokens, lost);
        assert.equal(
          report.tokens + lost,
          lengths.reduce((a, b) => a + b, 0),
        );
        for (const name of ["truncated", "dropped", "split", "empty"] as const) {
          assert.deepEqual([...report.affected[name]], lists[name], name);
          assert.equal(report[name], lists[name].length);
        }
        const room = report.contexts * contextLength;
        assert.equal(report.efficiency, room === 0 ? 1 : report.tokens / room);
      }),
    );
  });
}

test("wrapping fills every context but the last, in the given order", () => {
  const plan = planPacking([5, 2, 4, 1], { contextLength: 4, strategy: "wrapped" });
  assert.deepEqual(contextsOf(plan), [
    [[0, 0, 4]],
    [
      [0, 4, 1],
      [1, 0, 2],
      [2, 0, 1],
    ],
    [
      [2, 1, 3],
      [3, 0, 1],
    ],
  ]);
});

test("random concatenation is decided by its seed, and starts a new context only when the next does not fit", () => {
  const lengths = Array.from({ length: 200 }, (_, i) => 1 + ((i * 37) % 50));
  const plan = (seed: number) => planPacking(lengths, { contextLength: 100, strategy: "random-concat", seed });
  assert.deepEqual(plan(7), plan(7));
  assert.notDeepEqual(plan(7).sequence, plan(8).sequence);
  const contexts = contextsOf(plan(7));
  for (let c = 0; c + 1 < contexts.length; c++) {
    const used = contexts[c].reduce((sum, [, , length]) => sum + length, 0);
    assert.ok(used + contexts[c + 1][0][2] > 100);
  }
});

test("random concatenation puts every sequence anywhere equally often", () => {
  // Which of four one-token sequences comes first: 1,000 each of 4,000 expected, standard deviation 27.
  const first = [0, 0, 0, 0];
  const options: PackingOptions = { contextLength: 4, strategy: "random-concat" };
  for (let seed = 0; seed < 4000; seed++) first[planPacking([1, 1, 1, 1], { ...options, seed }).sequence[0]]++;
  for (const count of first) assert.ok(Math.abs(count - 1000) < 150, `${first}`);
});

test("best-fit decreasing wastes less than 0.3% of 4,096 on long-tailed lengths", () => {
  // Log-normal by the quantiles of a logistic: median about 150 tokens, a few at the limit.
  const lengths = Array.from({ length: 10_000 }, (_, i) => {
    const u = (i + 0.5) / 10_000;
    return Math.min(4096, Math.ceil(150 * (u / (1 - u)) ** 0.6));
  });
  assert.ok(planPacking(lengths).report.efficiency >= 0.997);
});

const gsm8k = new URL("../../../../shared/data/gsm8k/train.jsonl", import.meta.url);

test("GSM8K takes no more contexts than its tokens need, whatever the tokenizer", { skip: !existsSync(gsm8k) }, () => {
  const rows = readFileSync(gsm8k, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  // As many tokens as tokenizers of large and small vocabularies make of it: 4 to 2.5 characters each.
  for (const characters of [2.5, 3, 3.5, 4]) {
    const lengths = rows.map(({ question, answer }) => Math.ceil((question.length + answer.length) / characters));
    const { tokens, contexts } = planPacking(lengths).report;
    assert.equal(contexts, Math.ceil(tokens / 4096));
  }
});

test("packing loose contexts anew never takes more of them, and leaves those alone that it does not need", () => {
  const many = fc.array(fc.integer({ min: 3, max: 40 }), { minLength: 50, maxLength: 200 });
  let saved = 0;
  fc.assert(
    fc.property(fc.integer({ min: 60, max: 160 }), many, (contextLength, lengths) => {
      const plain = planPacking(lengths, { contextLength, repack: false });
      const plan = planPacking(lengths, { contextLength });
      assert.ok(plan.report.contexts <= plain.report.contexts);
      assert.ok(plan.report.contexts >= Math.ceil(plan.report.tokens / contextLength));
      if (plan.report.contexts === plain.report.contexts) assert.deepEqual(plan, plain);
      else saved++;
      const sorted = [...plan.sequence].sort((a, b) => a - b);
      assert.deepEqual(sorted, [...lengths.keys()], "every sequence once");
      for (const context of contextsOf(plan)) {
        assert.ok(context.reduce((sum, [, , length]) => sum + length, 0) <= contextLength);
        for (const [sequence, , length] of context) assert.equal(length, lengths[sequence]);
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(saved > 0, "in some of them a context is saved");
});

test("a million sequences are planned in about a second", () => {
  const lengths = Int32Array.from({ length: 1_000_000 }, (_, i) => 1 + ((i * 7919 + ((i * i) % 104_729)) % 4096));
  const begin = performance.now();
  planPacking(lengths);
  const elapsed = performance.now() - begin;
  assert.ok(elapsed < 5000, `${elapsed} ms`); // Measured 0.05 s; the bound allows for a busy machine.
});

test("nothing to pack is no context", () => {
  for (const strategy of strategies) {
    for (const lengths of [[], [0, 0]]) {
      const { contexts, report } = planPacking(lengths, { strategy });
      assert.deepEqual([...contexts], [0]);
      assert.equal(report.efficiency, 1);
    }
  }
});

test("errors name the sequence, what was expected and what was found", () => {
  const lengths = Array(18).fill(10);
  lengths[17] = 5120;
  const message = "Cannot pack sequence 17: 5120 tokens exceed the context length 4096";
  for (const strategy of ["best-fit-decreasing", "random-concat"] as const) {
    assert.throws(() => planPacking(lengths, { strategy }), { name: "RangeError", message });
  }
  assert.throws(() => planPacking([1, -1]), /RangeError: .*sequence 1: its length .* found -1/);
  assert.throws(() => planPacking([1.5]), /RangeError: .*sequence 0: its length .* found 1.5/);
  assert.throws(() => planPacking([2 ** 31]), /RangeError: .*sequence 0: its length .* 2147483647, found 2147483648/);
  assert.throws(() => planPacking([Number.NaN]), /RangeError: .*sequence 0: its length .* found NaN/);
  assert.throws(() => planPacking([1], { contextLength: 0 }), /RangeError: .*contextLength .* found 0/);
  assert.throws(() => planPacking([1], { strategy: "bfd" as "wrapped" }), /TypeError: .*strategy .* found "bfd"/);
  assert.throws(() => planPacking([1], { overlong: "cut" as "drop" }), /TypeError: .*overlong .* found "cut"/);
});
