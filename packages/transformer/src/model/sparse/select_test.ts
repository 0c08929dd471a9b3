import assert from "node:assert/strict";
import { test } from "node:test";
import { sparsityOf } from "../../files/sparsity.ts";
import { sparse } from "../../testing/models.ts";
import { overlap, overlapMatrix } from "./select.ts";

test("at the paper's sizes a block's importance is 1, 2, 2, 2, 1 times the compressed ones that lie in it", () => {
  const sizes = sparsityOf({ ...sparse, sparsity: {} });
  assert.deepEqual(
    [10, 11, 12, 13, 14, 15, 16].map((c) => overlap(c, 3, sizes)),
    [0, 1, 2, 2, 2, 1, 0],
  );
});

test("overlaps are what counting tokens says, for every pattern", () => {
  for (const compressionStride of [1, 2, 3])
    for (const spans of [1, 2, 3])
      for (const more of [0, 1, 2]) {
        const compressionBlock = spans * compressionStride;
        const selectionBlock = (spans + more) * compressionStride;
        const sizes = { ...sparsityOf(sparse), compressionBlock, compressionStride, selectionBlock };
        const matrix = overlapMatrix(20, 6, sizes);
        for (let c = 0; c < 20; c++)
          for (let j = 0; j < 6; j++) {
            let shared = 0;
            for (let i = 0; i < compressionBlock; i++)
              shared += Number(Math.floor((c * compressionStride + i) / selectionBlock) === j);
            assert.equal(matrix[c * 6 + j], shared / compressionStride);
          }
      }
});
