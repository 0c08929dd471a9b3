import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { batchOf, llama } from "../testing/models.ts";
import { arrangeRows, checkBatch, rowLength } from "./rows.ts";

const batches = fc
  .array(fc.array(fc.integer({ min: 0, max: 28 }), { maxLength: 150 }), { maxLength: 20 })
  .map((sequences) => batchOf(sequences));

test("every token stands in exactly one row, its segment whole and in order", () => {
  fc.assert(
    fc.property(batches, fc.integer({ min: 1, max: 600 }), (batch, maxTokens) => {
      const seen = new Map<number, number>();
      for (const rows of arrangeRows(batch, maxTokens)) {
        assert.equal(rows.tokens.length, rows.count * rows.time);
        assert.ok(rows.count === 1 || rows.count * rows.time <= maxTokens, "group too large");
        rows.source.forEach((source, at) => {
          if (source < 0) {
            assert.equal(rows.segments[at], 0);
            return;
          }
          seen.set(source, (seen.get(source) ?? 0) + 1);
          assert.equal(rows.tokens[at], batch.tokens[source]);
          assert.equal(rows.positions[at], batch.positions[source]);
          assert.equal(rows.labels[at], Math.max(0, batch.labels[source]));
          assert.ok(rows.segments[at] > 0);
          // The neighbour within a segment is the neighbour in the row, under the same id; another segment has another.
          const begins = batch.segments.includes(source);
          const sameRow = at % rows.time > 0;
          if (!begins) {
            assert.equal(rows.source[at - 1], source - 1);
            assert.equal(rows.segments[at - 1], rows.segments[at]);
          } else if (sameRow) assert.notEqual(rows.segments[at - 1], rows.segments[at]);
        });
      }
      assert.equal(seen.size, batch.tokens.length);
      assert.ok([...seen.values()].every((times) => times === 1));
    }),
  );
});

test("segments begin at multiples of the alignment, in rows of such a length", () => {
  fc.assert(
    fc.property(batches, fc.integer({ min: 1, max: 600 }), fc.constantFrom(16, 48, 64), (batch, maxTokens, align) => {
      let tokens = 0;
      for (const { time, source } of arrangeRows(batch, maxTokens, align)) {
        assert.equal(time % align, 0);
        source.forEach((from, at) => {
          if (from < 0) return;
          tokens++;
          if (batch.segments.includes(from)) assert.equal((at % time) % align, 0);
          else assert.equal(source[at - 1], from - 1);
        });
      }
      assert.equal(tokens, batch.tokens.length);
    }),
  );
});

test("a row length holds what it is for and wastes less than a third beyond the shortest", () => {
  for (let length = 1; length < 5000; length++) {
    const time = rowLength(length);
    assert.ok(time >= length);
    assert.ok(time === 32 || time * 2 < length * 3, `${time} for ${length}`);
  }
  assert.deepEqual(
    [1, 32, 33, 48, 49, 65, 97, 129].map((length) => rowLength(length)),
    [32, 32, 48, 48, 64, 96, 128, 192],
  );
});

test("a batch whose parts do not belong together is refused by name and place", () => {
  const batch = () => batchOf([[1, 2, 3], [4]]);
  checkBatch(batch(), llama);
  const refused: [Partial<ReturnType<typeof batch>>, RegExp][] = [
    [{ labels: Int32Array.of(1) }, /labels has 1 entries, expected 4/],
    [{ positions: Int32Array.of(1, 2) }, /positions has 2 entries, expected 4/],
    [{ segments: Int32Array.of(0, 3) }, /segments must run from 0 to 4, found 0 to 3/],
    [{ segments: Int32Array.of(0, 3, 2, 4) }, /segments\[2\] = 2 is less than the one before/],
    [{ tokens: Int32Array.of(1, 29, 3, 4) }, /tokens\[1\] = 29, expected 0 to 28/],
    [{ tokens: Int32Array.of(1, 2, -1, 4) }, /tokens\[2\] = -1/],
    [{ labels: Int32Array.of(1, 29, 3, 4) }, /labels\[1\] = 29, expected less than 29/],
    [{ positions: Int32Array.of(0, 1, 192, 0) }, /positions\[2\] = 192, expected 0 to 191/],
  ];
  for (const [change, message] of refused)
    assert.throws(() => checkBatch({ ...batch(), ...change }, llama), { name: "RangeError", message });
});
