import assert from "node:assert/strict";
import { test } from "node:test";
import { input } from "../ir/tensor.ts";
import { logSumExp } from "../ops/mod.ts";
import { openSession } from "../session/session.ts";
import { buildModel } from "./encode.ts";

test("ln Σ eˣ does not overflow, and infinities stay what they are", async () => {
  const x = input("x", "float32", ["rows", 2]);
  const outputs = {
    row: logSumExp(x, { axes: [1] }),
    kept: logSumExp(x, { axes: [-1], keep: true }),
    all: logSumExp(x, { axes: [0, 1] }),
  };
  const session = await openSession(buildModel({ outputs }));
  const cases: [number, number, number][] = [
    [0, 0, Math.log(2)],
    [1000, 1000, 1000 + Math.log(2)],
    [-1000, -1001, -1000 + Math.log1p(Math.exp(-1))],
    [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
    [Number.NEGATIVE_INFINITY, 3, 3],
    [3e38, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ];
  const data = Float32Array.from(cases.flatMap(([a, b]) => [a, b]));
  const found = await session.run({ x: { data, shape: [cases.length, 2] } });
  assert.deepEqual(found.row.shape, [cases.length]);
  assert.deepEqual(found.kept.shape, [cases.length, 1]);
  assert.deepEqual(found.all.shape, []);
  assert.equal(found.all.data[0], Number.POSITIVE_INFINITY);
  cases.forEach(([, , expected], i) => {
    for (const value of [found.row.data[i], found.kept.data[i]]) {
      if (Number.isFinite(expected)) assert.ok(Math.abs(Number(value) - expected) <= 1e-6 * Math.abs(expected) + 1e-7);
      else assert.equal(value, expected);
    }
  });
  await session.dispose();
});
