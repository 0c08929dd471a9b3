import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { figure } from "./figure.ts";
import { HAY, isAnswer, KEYS, NEEDLES, needleBatch, VALUES, VOCABULARY } from "./task.ts";
import { train } from "./train.ts";

test("every question has one needle before it, and its answer is the needle's value", () => {
  for (const length of [8, 64, 1024]) {
    const { tokens, labels, segments, positions } = needleBatch({ count: 3, length }, 5, 2);
    assert.deepEqual([...segments], [0, length, 2 * length, 3 * length]);
    assert.ok(tokens.every((token) => token >= 0 && token < VOCABULARY - VALUES));
    let [asked, straws] = [0, 0];
    labels.forEach((label, t) => {
      assert.equal(positions[t], t % length);
      if (label >= 0 && !isAnswer(label)) {
        straws++;
        assert.equal(label, tokens[t + 1]);
      }
      if (!isAnswer(label)) return;
      asked++;
      const key = tokens[t] - KEYS * VALUES;
      const before = tokens.subarray(t - (t % length), t);
      const needles = before.filter((token) => token < KEYS * VALUES && Math.floor(token / VALUES) === key);
      assert.equal(needles.length, 1);
      assert.equal(label, KEYS * VALUES + KEYS + HAY + (needles[0] % VALUES));
    });
    assert.equal(asked, (3 * length) / 2);
    const needles = Math.min(NEEDLES, length / 8);
    assert.ok(straws >= 3 * (length / 2 - needles - 1) && straws <= 3 * (length / 2 - needles));
  }
  assert.deepEqual(needleBatch({ count: 2, length: 64 }, 5, 2), needleBatch({ count: 2, length: 64 }, 5, 2));
  assert.throws(() => needleBatch({ count: 1, length: 12 }, 1, 1), { name: "RangeError", message: /12 tokens/ });
});

test("a run that was cut off goes on to the same end, and is drawn", async () => {
  const parent = await mkdtemp(join(tmpdir(), "gradus-long-context-"));
  const stage = { length: 16, tokens: 128 };
  const options = { heldOut: 2, log: () => {} };
  const whole = await train("nsa", join(parent, "whole"), { ...options, stages: [{ ...stage, steps: 8 }] });
  await train("nsa", join(parent, "cut"), { ...options, stages: [{ ...stage, steps: 4 }] });
  const rest = await train("nsa", join(parent, "cut"), { ...options, stages: [{ ...stage, steps: 8 }] });
  const timeless = ({ entries, ...run }: typeof whole) => [run, entries.map(({ seconds: _, ...entry }) => entry)];
  assert.deepEqual(timeless(rest), timeless(whole));
  assert.equal(whole.entries.length, 8);
  assert.ok(whole.entries[7].loss < whole.entries[0].loss);
  assert.equal((await readFile(join(parent, "cut", "entries.jsonl"), "utf8")).trim().split("\n").length, 8);
  const speeds = (["full", "nsa"] as const).flatMap((kind) =>
    [1024, 2048].map((time) => ({ kind, time, step: time, token: 2 })),
  );
  const svg = figure({ runs: [whole], speeds });
  assert.match(svg, /A training step/);
  assert.equal(whole.held.byDepth.length, 8);
  assert.doesNotMatch(svg, /NaN|undefined/);
  await rm(parent, { recursive: true });
});
