import assert from "node:assert/strict";
import { after, test } from "node:test";
import { budget } from "./budget.ts";
import { arms, heldOutProblems } from "./experiment.ts";
import { figure, meanOf } from "./figure.ts";
import { labelQuality } from "./labels.ts";
import { judgedSamples, newPolicy } from "./models.ts";
import { runAll, type SeedResult } from "./run.ts";
import { tables } from "./tables.ts";
import { ANSWER, chances, exampleOf, isRight, nameOf, problem, VOCABULARY } from "./task.ts";

const policy = await newPolicy();
after(() => policy.dispose());
const tiny = {
  ...{ ...budget, sftSteps: 80, rewardProblems: 24, rewardEpochs: 1, retrainEpochs: 1, iterations: 2, steps: 2 },
  ...{ prompts: 4, samples: 2, heldOut: 6, sampled: 6, every: 1 },
};

test("problems are sorted digits, and practice never shows a held-out one", () => {
  const practice = new Set(Array.from({ length: 3000 }, (_, i) => nameOf(problem("practice", i))));
  for (let i = 0; i < 300; i++) {
    const heldOut = problem("held-out", i);
    assert.ok(!practice.has(nameOf(heldOut)));
    assert.deepEqual([...heldOut.solution].slice(0, -1), [...heldOut.tokens].slice(0, -1).toSorted());
    assert.ok(isRight(heldOut, heldOut.solution) && !isRight(heldOut, heldOut.solution.subarray(1)));
  }
});

test("an example's steps are good until the first wrong token", () => {
  const asked = problem("practice", 1);
  const wrong = asked.solution.with(3, (asked.solution[3] + 1) % 10);
  const { label, stepLabels } = exampleOf(asked, wrong, { iteration: 2, seed: 3 });
  assert.deepEqual([label, stepLabels], [0, [1, 1, 1, 0, 0, 0, 0]]);
});

test("the chance of a prefix is the sum over all its continuations", async () => {
  const asked = problem("practice", 5);
  const [exact] = await chances(policy, [asked]);
  // All continuations of two tokens of the prefix that lacks two.
  const prefix = [...asked.tokens, ...asked.solution.subarray(0, ANSWER - 2)];
  const sequences = Array.from({ length: VOCABULARY ** 2 }, (_, i) => [
    ...[...prefix, Math.floor(i / VOCABULARY), i % VOCABULARY],
  ]);
  const size = prefix.length + 2;
  const { logProbs } = await policy.logProbs({
    tokens: Int32Array.from(sequences.flat()),
    labels: Int32Array.from(
      sequences.flatMap((ids) => ids.map((_, t) => (t + 1 >= prefix.length && t + 1 < size ? ids[t + 1] : -100))),
    ),
    positions: Int32Array.from(sequences.flatMap((ids) => [...ids.keys()])),
    segments: Int32Array.from({ length: sequences.length + 1 }, (_, s) => s * size),
  });
  let [all, right] = [0, 0];
  sequences.forEach((ids, s) => {
    const chance = Math.exp(logProbs[s * size + size - 3] + logProbs[s * size + size - 2]);
    all += chance;
    if (isRight(asked, Int32Array.from(ids.slice(asked.tokens.length)))) right += chance;
  });
  assert.ok(Math.abs(all - 1) < 1e-4, `${all}`);
  assert.ok(Math.abs(right - exact[ANSWER - 2]) < 1e-5, `${right}, ${exact}`);
});

test("labels share prefixes, and what they agree with is counted", async () => {
  const problems = heldOutProblems(tiny).slice(0, 4);
  const found = await labelQuality(policy, problems, { samples: 8, count: 2, seed: 1 });
  assert.ok(found.completions < found.withoutSharing);
  for (const share of [found.hard, found.soft]) assert.ok(share > 0 && share <= 1);
});

test("a seed runs all arms from one first iteration, and is not run again once it is known", async () => {
  const saved: SeedResult[] = [];
  const results = await runAll([1], tiny, { save: (result) => void saved.push(result) });
  assert.deepEqual(saved, results);
  const { curves } = results[0];
  for (const arm of Object.keys(arms) as (keyof typeof arms)[]) {
    assert.deepEqual(
      curves[arm].map(({ step }) => step),
      [0, 1, 2, 2, 3, 4],
    );
    assert.deepEqual(curves[arm].slice(0, 3), curves.frozen.slice(0, 3));
  }
  // Without retraining nothing changes where the others retrain.
  assert.deepEqual(curves.frozen[3], curves.frozen[2]);
  assert.notEqual(curves["replay 10%"][3].reward, curves["replay 10%"][2].reward);
  const known = await runAll([1], tiny, { load: () => results[0] });
  assert.equal(known[0], results[0]);

  const runs = Object.fromEntries(Object.entries(curves).map(([arm, curve]) => [arm, [curve]]));
  const drawn = figure("A title", runs as unknown as Parameters<typeof figure>[1]);
  assert.equal(drawn.match(/<path d="M/g)?.length, 3 * 5 + 1 * 3 + 3 * 3 * 2 + 3);
  assert.ok(!drawn.includes("NaN"));
  const text = tables(results);
  assert.match(text, /\| frozen, at the end \|/);
  assert.ok(!/NaN|undefined/.test(text));
});

test("a mean leaves out seeds that have no value", () => {
  const point = (pairs: number | null) => ({ step: 0, greedy: 0, right: 0, reward: 0, accuracy: 0, pairs });
  assert.deepEqual(
    meanOf([[point(null)], [point(0.5)]], ({ pairs }) => pairs),
    [0.5],
  );
  assert.deepEqual(
    meanOf([[point(null)]], ({ pairs }) => pairs),
    [null],
  );
});

test("samples carry where they came from", async () => {
  const options = { split: "practice", first: 7, count: 3, samples: 2, iteration: 4, seed: 9 } as const;
  const examples = await judgedSamples(policy, options);
  assert.equal(examples.length, 6);
  assert.ok(examples.every(({ iteration, seed }) => iteration === 4 && seed === 9));
});
