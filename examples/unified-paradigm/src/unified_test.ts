import assert from "node:assert/strict";
import { after, test } from "node:test";
import { figure, meanOf } from "./figure.ts";
import { accuracy, budget, fineTune, methods, newPolicy, train } from "./methods.ts";
import { END, outcome, problem, process } from "./task.ts";

const [policy, start] = [await newPolicy(), await newPolicy()];
after(async () => {
  await policy.dispose();
  await start.dispose();
});
const tiny = { ...budget, sftSteps: 40, steps: 2, prompts: 4, samples: 4, heldOut: 50, every: 1 };

test("problems are sums, and practice never shows a held-out one", () => {
  const key = ({ tokens }: { tokens: Int32Array }) => tokens.join(" ");
  const practice = new Set(Array.from({ length: 2000 }, (_, i) => key(problem("practice", i))));
  for (let i = 0; i < 500; i++) {
    const { tokens, solution } = problem("held-out", i);
    const sum = 10 * tokens[0] + tokens[1] + 10 * tokens[3] + tokens[4];
    assert.equal(solution[0] + 10 * solution[1] + 100 * solution[2], sum);
    assert.ok(!practice.has(key({ tokens })));
  }
});

test("an outcome is all or nothing, a process is judged digit by digit", () => {
  const prompt = { tokens: Int32Array.of(0), solution: Int32Array.of(3, 2, 1, END) };
  const at = (...tokens: number[]) => ({ prompt, tokens: Int32Array.from(tokens) });
  assert.deepEqual([outcome(at(3, 2, 1, END)), outcome(at(3, 2, 1)), outcome(at(3, 2, 0, END))], [1, 0, 0]);
  assert.deepEqual(process(at(3, 0, 1)), { stepRewards: [1, 0, 1], stepEnds: [0, 1, 2], outcome: 0 });
});

test("every method starts from the same model and is repeatable", async () => {
  await fineTune(start, tiny);
  const state = await start.state();
  const before = await accuracy(start, tiny);
  for (const method of methods) {
    const curves = [];
    for (let again = 0; again < 2; again++) {
      await policy.restore(state);
      curves.push(await train(method, policy, start, 1, tiny));
    }
    assert.deepEqual(curves[1], curves[0]);
    assert.equal(curves[0][0], before);
    assert.equal(curves[0].length, 3);
  }
});

test("the figure shows every run and every mean", () => {
  const curves = [
    {
      name: "a",
      runs: [
        [0.1, 0.3],
        [0.3, 0.5],
      ],
    },
    { name: "b", runs: [[0.2, 0.2]] },
  ];
  assert.deepEqual(meanOf(curves[1]), [0.2, 0.2]);
  const svg = figure("title", curves, 5);
  assert.equal(svg.match(/opacity="0.25"/g)?.length, 3);
  assert.equal(svg.match(/stroke-width="2.5"/g)?.length, 2);
  assert.ok(!svg.includes("NaN") && svg.includes("a 40.0%"));
});
