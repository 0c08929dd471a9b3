import assert from "node:assert/strict";
import { test } from "node:test";
import { preferencePairs } from "./preference.ts";

const example = (problemId: string, sample: number) => ({
  problem: problemId.toUpperCase(),
  problemId,
  sample,
  seed: 0,
  temperature: 1,
  completion: `${problemId}${sample}`,
});

test("pairs are of one problem, and every completion is used at most once", () => {
  const accepted = [example("a", 0), example("a", 1), example("b", 0), example("c", 0)];
  const rejected = [example("c", 5), example("a", 7), example("c", 6), example("d", 1)];
  assert.deepEqual(preferencePairs(accepted, rejected), [
    { problem: "A", problemId: "a", chosen: "a0", rejected: "a7" },
    { problem: "C", problemId: "c", chosen: "c0", rejected: "c5" },
  ]);
});
