import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatJsonl } from "./jsonl.ts";
import { pack } from "./pack.ts";
import { fromPackedRow, type PackedRowLike, packedRow } from "./packed_row.ts";
import { promptCompletion } from "./sequence.ts";

const strategies = ["best-fit-decreasing", "best-fit-split", "random-concat", "wrapped"] as const;
const sequence = fc
  .tuple(fc.array(fc.nat(50), { maxLength: 6 }), fc.array(fc.nat(50), { maxLength: 8 }))
  .map(([prompt, completion]) => promptCompletion(prompt, completion));

test("a batch comes back from its row, also through JSON", () => {
  fc.assert(
    fc.property(fc.array(sequence, { maxLength: 12 }), fc.constantFrom(...strategies), (sequences, strategy) => {
      const splits = strategy === "best-fit-split" || strategy === "wrapped";
      for (const batch of pack(sequences, { contextLength: splits ? 9 : 16, strategy })) {
        const row = packedRow(batch, { shiftLabels: splits });
        assert.deepEqual(fromPackedRow(row), batch);
        assert.deepEqual(fromPackedRow(JSON.parse(formatJsonl(row)) as PackedRowLike), batch);
      }
    }),
  );
});

test("a row's labels are those that pack aligns", () => {
  fc.assert(
    fc.property(fc.array(sequence, { maxLength: 12 }), (sequences) => {
      const shifted = pack(sequences, { contextLength: 16 });
      const aligned = pack(sequences, { contextLength: 16, labels: "aligned" });
      assert.deepEqual(
        shifted.map((batch) => packedRow(batch).labels),
        aligned.map(({ labels }) => labels),
      );
    }),
  );
});

test("a prediction that aligned labels cannot say is not dropped silently, nor are aligned labels shifted twice", () => {
  const long = [{ tokens: Int32Array.of(1, 2, 3) }];
  const [first] = pack(long, { contextLength: 2, strategy: "wrapped" });
  assert.throws(() => packedRow(first), /RangeError: .*position 1 ends a piece .* predicts 3.*set shiftLabels/);
  const [aligned] = pack(long, { contextLength: 4, labels: "aligned" });
  assert.throws(() => packedRow(aligned), /RangeError: .*labels\[1\] must be −100 or the next token, 3, found 2/);
});

test("rows that do not fit together are refused", () => {
  assert.throws(() => fromPackedRow({ input_ids: [1, 2], seq_lengths: [1] }), /RangeError: .*sum to 2 tokens, found 1/);
  assert.throws(
    () => fromPackedRow({ input_ids: [1, 2], seq_lengths: [2], labels: [1] }),
    /RangeError: .*expected 2 labels, found 1/,
  );
});
