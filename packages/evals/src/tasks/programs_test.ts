import assert from "node:assert/strict";
import { test } from "node:test";
import { type Execute, withTools } from "./programs.ts";
import type { ChatMessage, Prompt, Sampler, SamplerOptions } from "./sampler.ts";

const settings: SamplerOptions = { samples: 1, temperature: 0, topP: 1, maxNewTokens: 64, stop: [], seeds: [1] };
const fence = "```";
/** Sums what stands in `print(a + b)`. */
const execute: Execute = async (program) => {
  const sum = /print\((\d+) \+ (\d+)\)/.exec(program);
  return sum ? { output: `${Number(sum[1]) + Number(sum[2])}\n` } : { output: "", error: "SyntaxError: no sum" };
};
/** A model that says these texts in turn, whatever it is asked. */
function saying(...texts: string[]): { sample: Sampler; asked: Prompt[] } {
  const asked: Prompt[] = [];
  const sample: Sampler = (prompts, { samples }) =>
    prompts.map((prompt) => Array.from({ length: samples }, () => texts[asked.push(prompt) - 1]));
  return { sample, asked };
}
const sum = (a: number, b: number): string => `Sum:\n${fence}python\nprint(${a} + ${b})\n${fence}\n`;

test("the model goes on after the output of its program", async () => {
  const { sample, asked } = saying(`${sum(2, 3)}${fence}output\n99`, "So \\boxed{5}.");
  const [[answer]] = await withTools(sample, execute)(["Q:"], settings);
  const first = `${sum(2, 3)}\n${fence}output\n5\n${fence}\n`;
  assert.deepEqual(asked, ["Q:", `Q:${first}`]);
  assert.equal(answer, `${first}So \\boxed{5}.`);
});

test("an error is shown to the model, and a chat goes on in its own turn", async () => {
  const { sample, asked } = saying(`${fence}python\nnonsense\n${fence}\n`, "It failed.");
  const [[answer]] = await withTools(sample, execute)([[{ role: "user", content: "Q" }]], settings);
  assert.match(answer, /```output\nSyntaxError: no sum\n```\nIt failed\.$/);
  assert.deepEqual(
    (asked[1] as readonly ChatMessage[]).map(({ role }) => role),
    ["user", "assistant"],
  );
});

test("no more programs are run than allowed, and words after a program end the answer", async () => {
  const { sample, asked } = saying(sum(1, 1), sum(2, 2), sum(3, 3), "never");
  const [[answer]] = await withTools(sample, execute, { rounds: 2 })(["Q"], settings);
  assert.equal(asked.length, 3);
  assert.equal(answer.match(/```output/g)?.length, 2);

  const done = saying(`${sum(1, 1)}It is clear: 2.`);
  await withTools(done.sample, execute)(["Q"], settings);
  assert.equal(done.asked.length, 1);
});

test("each answer of a prompt goes on by itself, with a seed of its own", async () => {
  const seeds: (readonly number[])[] = [];
  const counts: number[] = [];
  const sample: Sampler = (prompts, options) => {
    seeds.push(options.seeds);
    counts.push(options.samples);
    return prompts.map((prompt) =>
      Array.from({ length: options.samples }, (_, i) =>
        String(prompt).includes("output") ? "done" : i === 1 ? "plain" : sum(i, i),
      ),
    );
  };
  const answers = await withTools(sample, execute)(["Q", "R"], { ...settings, samples: 3, seeds: [10, 20] });
  assert.deepEqual(counts, [3, 1]);
  assert.equal(new Set(seeds[1]).size, 4);
  assert.deepEqual(
    answers.map((texts) => texts.map((text) => text.endsWith("done"))),
    [
      [true, false, true],
      [true, false, true],
    ],
  );
  assert.match(answers[1][2], /output\n4\n/);
});
