import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Cache } from "./cache.ts";

/** The plain twin: [row][head][position] → vector. */
type Naive = number[][][][];

const operations = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("write" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("keep" as const), seed: fc.nat() }) },
  ),
  { minLength: 1, maxLength: 90 },
);

test("after any writes, growths and drops of rows the cache reads as a four-dimensional array", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 100 }),
      operations,
      (rows, keyValueHeads, headSize, longest, steps) => {
        const cache = new Cache({ rows, keyValueHeads, headSize }, longest);
        let naive: Naive = Array.from({ length: rows }, () => Array.from({ length: keyValueHeads }, () => []));
        let [used, value] = [0, 1];
        for (const step of steps) {
          if (step.kind === "write") {
            if (used === longest) break;
            if (used === cache.capacity) cache.grow(used);
            const entries = Float32Array.from({ length: naive.length * keyValueHeads * headSize }, () => value++);
            naive.flat().forEach((head, i) => {
              head.push([...entries.subarray(i * headSize, (i + 1) * headSize)]);
            });
            cache.write(used++, entries);
          } else {
            // Ascending rows, as many as the seed's bits say; the last one may be followed by an empty slot.
            const kept = naive.map((_, row) => row).filter((row) => (step.seed >> row) & 1);
            if (kept.length === 0) continue;
            const empty = kept.length < naive.length && step.seed % 3 === 0;
            cache.keepRows(Int32Array.from(empty ? [...kept, -1] : kept));
            naive = kept.map((row) => naive[row]);
            if (empty) cache.keepRows(Int32Array.from(kept.keys()));
          }
        }
        const { data, shape } = cache.tensor;
        assert.deepEqual(shape, [naive.length, keyValueHeads, cache.capacity, headSize]);
        assert.equal(data.length, naive.length * keyValueHeads * cache.capacity * headSize);
        naive.forEach((heads, row) => {
          heads.forEach((positions, head) => {
            positions.forEach((vector, position) => {
              const from = ((row * keyValueHeads + head) * cache.capacity + position) * headSize;
              assert.deepEqual([...data.subarray(from, from + headSize)], vector, `row ${row}, position ${position}`);
            });
          });
        });
      },
    ),
    { numRuns: 300 },
  );
});

test("the cache grows by 32 positions at a time, up to the longest completion", () => {
  const cache = new Cache({ rows: 1, keyValueHeads: 1, headSize: 1 }, 70);
  const capacities = [];
  for (let position = 0; position < 70; position++) {
    if (position === cache.capacity) cache.grow(position);
    cache.write(position, Float32Array.of(position));
    capacities.push(cache.capacity);
  }
  assert.deepEqual(
    [capacities[0], capacities[31], capacities[32], capacities[63], capacities[69]],
    [32, 32, 64, 64, 96],
  );
  assert.deepEqual([...cache.tensor.data.subarray(0, 70)], [...capacities.keys()]);
});
