import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { transposeBlock } from "./transpose.ts";

test("a transposed block equals the plain double loop and leaves everything beside it alone", () => {
  const size = fc.nat(70);
  fc.assert(
    fc.property(size, size, fc.nat(5), fc.nat(5), fc.nat(5), fc.nat(5), (rows, columns, left, right, before, after) => {
      const sourceStride = left + columns + right;
      const targetStride = before + rows + after;
      const source = Float32Array.from({ length: rows * sourceStride }, (_, i) => i + 1);
      const target = new Float32Array(columns * targetStride);
      const expected = target.slice();
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) expected[c * targetStride + before + r] = source[r * sourceStride + left + c];
      }
      transposeBlock(source, sourceStride, left, rows, columns, target, targetStride, before);
      assert.deepEqual(target, expected);
    }),
  );
});
