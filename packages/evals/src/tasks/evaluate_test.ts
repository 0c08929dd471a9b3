import assert from "node:assert/strict";
import { test } from "node:test";
import { compareEvaluations } from "./compare.ts";
import { type EvaluateOptions, type Evaluation, evaluate } from "./evaluate.ts";
import { formatPage } from "./page.ts";
import { pipelineSampler } from "./pipeline.ts";
import { buildPrompt } from "./prompt.ts";
import type { Sampler } from "./sampler.ts";
import type { Problem } from "./task.ts";
import { tasks } from "./tasks.ts";

const task = tasks.plain;
const problems: Problem[] = Array.from({ length: 10 }, (_, i) => ({
  id: `p${i}`,
  question: `What is ${i} + 1?`,
  gold: String(i + 1),
  subject: i < 4 ? "small" : "large",
  level: String(i % 2),
}));
const questionOf = (prompt: unknown): number =>
  Number(/What is (\d+)/.exec((prompt as { content: string }[]).at(-1)?.content ?? "")?.[1]);
/** Right in even problems; in others its answers are 0, "0.0" and right. */
const halfRight: Sampler = (prompts, { samples }) =>
  prompts.map((prompt) => {
    const i = questionOf(prompt);
    const right = `\\boxed{${i + 1}}`;
    return Array.from({ length: samples }, (_, k) =>
      i % 2 === 0 ? right : ["I think \\boxed{0}", "\\boxed{0.0}", right][k % 3],
    );
  });

test("greedy accuracy with Wilson's interval, by subject and level", async () => {
  const { scores } = await evaluate({ task, problems, sample: halfRight });
  assert.equal(scores.accuracy.value, 0.5);
  assert.ok(Math.abs(scores.accuracy.low - 0.2366) < 1e-4);
  assert.deepEqual([scores.bySubject.small.value, scores.bySubject.small.problems], [0.5, 4]);
  assert.deepEqual([scores.byLevel["0"].value, scores.byLevel["1"].value], [1, 0]);
  assert.equal(scores.weighted, undefined);
});

test("votes count equal answers as one, whatever they look like", async () => {
  const { scores } = await evaluate({ task, problems, sample: halfRight, samples: 3, ks: [1, 3] });
  // Odd problems: 0, 0.0 and the right one. One of three is right, and the vote is wrong.
  assert.ok(Math.abs(scores.accuracy.value - (5 + 5 / 3) / 10) < 1e-12);
  assert.equal(scores.passAtK[1].value, 1);
  assert.equal(scores.majorityAtK[1].value, 0.5);
  assert.ok(Math.abs(scores.majorityAtK[0].value - scores.accuracy.value) < 1e-12);
});

test("a reward model that knows the answer turns the vote", async () => {
  const weigh = (problem: Problem, texts: readonly string[]): number[] =>
    texts.map((text) => (text.includes(problem.gold) ? 1 : 0.1));
  const { scores } = await evaluate({ task, problems, sample: halfRight, samples: 3, weigh });
  assert.equal(scores.weighted?.value, 1);
});

test("answers and seeds do not depend on the batches, and an interrupted evaluation goes on", async () => {
  const seen = new Map<number, number>();
  const recording: Sampler = (prompts, options) => {
    for (const [i, prompt] of prompts.entries()) {
      const known = seen.get(questionOf(prompt));
      if (known !== undefined) assert.equal(options.seeds[i], known);
      seen.set(questionOf(prompt), options.seeds[i]);
    }
    return halfRight(prompts, options);
  };
  const whole = await evaluate({ task, problems, sample: recording, samples: 2 });
  const results: Evaluation["problems"][number][] = [];
  const stop = new AbortController();
  const options: EvaluateOptions = {
    task,
    problems,
    sample: recording,
    samples: 2,
    batchSize: 3,
    signal: stop.signal,
    onResults: (fresh, { finished, total }) => {
      results.push(...fresh);
      assert.deepEqual([finished, total], [results.length, 10]);
      if (finished === 6) stop.abort(new Error("interrupted"));
    },
  };
  await assert.rejects(evaluate(options), /interrupted/);
  assert.equal(results.length, 6);
  const asked = new Set<number>();
  const rest = await evaluate({
    ...options,
    signal: undefined,
    finished: JSON.parse(JSON.stringify(results)),
    onResults: undefined,
    sample: (prompts, o) => {
      for (const prompt of prompts) asked.add(questionOf(prompt));
      return halfRight(prompts, o);
    },
  });
  assert.deepEqual([...asked], [6, 7, 8, 9]);
  assert.deepEqual(JSON.parse(JSON.stringify(rest)), JSON.parse(JSON.stringify(whole)));
  assert.equal(new Set(seen.values()).size, 10);
});

test("in program mode the last printed line is the answer, and failed programs have none", async () => {
  const sample: Sampler = (prompts) =>
    prompts.map((prompt) => [`\`\`\`python\nprint(${questionOf(prompt)} + 1)\n\`\`\``]);
  const execute = async (program: string): Promise<{ output: string; error?: string }> => {
    const i = Number(/\d+/.exec(program)?.[0]);
    return i === 3 ? { output: "4", error: "TimeoutError" } : { output: `adding\n${i + 1}\n` };
  };
  const { scores, problems: results } = await evaluate({ task, problems, sample, execute, mode: "program" });
  assert.equal(scores.accuracy.value, 0.9);
  assert.equal(results[3].samples[0].answer, null);
  assert.equal(scores.unanswered, 0.1);
});

test("two checkpoints are compared problem by problem", async () => {
  const before = await evaluate({ task, problems, sample: halfRight });
  const after = await evaluate({
    task,
    problems: problems.slice(1),
    sample: (prompts) => prompts.map((prompt) => [`\\boxed{${questionOf(prompt) + 1}}`]),
  });
  const { difference, problems: n, test, unmatched } = compareEvaluations(before, after);
  assert.deepEqual([n, test?.onlySecond, test?.onlyFirst, unmatched], [9, 5, 0, ["p0"]]);
  assert.ok(Math.abs(difference - 5 / 9) < 1e-12);
  assert.ok(Math.abs((test?.pValue ?? 0) - 2 * 0.5 ** 5) < 1e-14);
  assert.throws(() => compareEvaluations(before, { ...after, task: "other" }), /of one task, found plain and other/);
  assert.throws(() => compareEvaluations(before, { ...after, problems: [] }), /problems that both have, found none/);
});

test("prompts: chats, shots, harness texts, DeepSeekMath's, Chinese and one's own", () => {
  const problem = { id: "0", question: "2 + 3?", gold: "5" };
  const shot = { id: "1", question: "1 + 1?", gold: "2", solution: "It is 2." };
  const request = "Please reason step by step, and put your final answer within \\boxed{}.";
  assert.deepEqual(buildPrompt(task, problem), [{ role: "user", content: `2 + 3?\n${request}` }]);
  assert.equal(
    buildPrompt(task, problem, { format: "text", shots: [shot] }),
    "Question: 1 + 1?\nAnswer: It is 2.\n#### 2\n\nQuestion: 2 + 3?\nAnswer:",
  );
  assert.equal(buildPrompt(task, problem, { format: "deepseek-math" }), `User: 2 + 3?\n${request}\n\nAssistant:`);
  assert.match(JSON.stringify(buildPrompt(tasks.cmath, problem)), /请通过逐步推理来解答问题/);
  assert.equal(buildPrompt(task, problem, { format: (turns) => `<${turns.length}>` }), "<1>");
  assert.throws(() => buildPrompt(task, problem, { shots: [problem] }), /problem 0 in a prompt: it has no solution/);
  assert.throws(() => buildPrompt(task, problem, { format: "txt" as "text" }), /format must be chat, .* found txt/);
});

test("wrong options and samplers are named with what was found", async () => {
  const base = { task, problems, sample: halfRight };
  await assert.rejects(evaluate({ ...base, samples: 0 }), /samples must be a positive integer, found 0/);
  await assert.rejects(evaluate({ ...base, temperature: -1 }), /temperature must be a number from 0, found -1/);
  await assert.rejects(evaluate({ ...base, rule: "exact" as "verify" }), /rule must be one of verify, .*, found exact/);
  await assert.rejects(evaluate({ ...base, topP: 0 }), /topP must be a number above 0 and at most 1, found 0/);
  const execute = async () => ({ output: "" });
  const misspelt = { ...base, execute, mode: "programm" as "program" };
  await assert.rejects(evaluate(misspelt), /mode must be one of chain-of-thought, program, tool, found programm/);
  await assert.rejects(evaluate({ ...base, shots: 8 as never }), /shots must be a list of problems .*, found 8/);
  await assert.rejects(evaluate({ ...base, mode: "program" }), /mode program needs execute/);
  await assert.rejects(
    evaluate({ ...base, sample: () => [["one"]] }),
    /must give 1 answers for each of 10 prompts, found \[1\]/,
  );
  const nothing = await evaluate({ task, problems: [], sample: halfRight });
  assert.equal(nothing.scores.problems, 0);
});

test("a pipeline's output is read in each of its forms", async () => {
  const options = { samples: 2, temperature: 0.5, topP: 1, maxNewTokens: 8, stop: ["!"], seeds: [0] };
  const outputs: unknown[] = [
    [{ generated_text: "Q 5! 6" }],
    {
      generated_text: [
        { role: "user", content: "Q" },
        { role: "assistant", content: " 5!" },
      ],
    },
    { something: "else" },
  ];
  let calls = 0;
  const sample = pipelineSampler(async () => outputs[calls++]);
  assert.deepEqual(await sample(["Q"], options), [[" 5", " 5"]]);
  await assert.rejects(async () => sample(["Q"], options), /expected generated_text, found \{"something":"else"\}/);
});

test("the page shows figures and answers, escaped, and curves for several samples", async () => {
  const odd = [{ ...problems[1], question: "Is 1 < 2 & <script>?" }, ...problems.slice(2)];
  const sample: Sampler = (prompts, { samples }) => prompts.map(() => new Array<string>(samples).fill("<b>no</b>"));
  const page = formatPage(await evaluate({ task, problems: odd, sample, samples: 4, model: "a<b" }));
  assert.match(page, /a&lt;b on plain/);
  assert.match(page, /Is 1 &lt; 2 &amp; &lt;script&gt;\?/);
  assert.ok(!page.includes("<b>no") && !page.includes("<script"));
  assert.match(page, /<svg[^>]*><title>pass@k: 0\.0% at 1, 0\.0% at 2, 0\.0% at 4/);
  assert.match(page, /maj@4/);
  assert.ok(!/https?:/.test(page));
});
