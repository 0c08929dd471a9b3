import assert from "node:assert/strict";
import { test } from "node:test";
import { batchCalls } from "./batch_calls.ts";

test("what is asked at the same time goes into one call, each gets its own answer", async () => {
  const calls: number[][] = [];
  const double = batchCalls(async (items: number[]) => {
    calls.push(items);
    return items.map((item) => 2 * item);
  });
  assert.deepEqual(await Promise.all([1, 2, 3].map(double)), [2, 4, 6]);
  assert.equal(await double(5), 10);
  assert.deepEqual(calls, [[1, 2, 3], [5]]);
});

test("a failure reaches everybody who asked, and the next call is a new one", async () => {
  let answers = [1];
  const ask = batchCalls(async () => {
    if (answers.length === 0) throw new Error("nothing");
    return answers;
  });
  const failed = await Promise.allSettled([ask(1), ask(2)]);
  for (const each of failed)
    assert.match(String((each as PromiseRejectedResult).reason), /RangeError: .*expected 2 results, found 1/);
  answers = [];
  await assert.rejects(ask(1), /nothing/);
  answers = [7];
  assert.equal(await ask(1), 7);
});
