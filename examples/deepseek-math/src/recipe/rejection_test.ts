import assert from "node:assert/strict";
import { readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Completion, Policy } from "@gradus/grpo";
import { defaultConfiguration } from "../configuration/load.ts";
import { inFolder } from "../testing/processes.ts";
import type { Configuration } from "./configuration.ts";
import { openProblems } from "./problem_source.ts";
import { type OwnSolution, ownSolutions } from "./rejection.ts";
import { sftContexts } from "./supervised.ts";
import { trainTokenizer } from "./tokenizer.ts";

const base = defaultConfiguration({ seed: 1 });
const rejection = { problems: 70, samples: 4, maxPerProblem: 2, temperature: 1, maxNewTokens: 192 };
const configuration: Configuration = { ...base, sft: { ...base.sft, problems: 80, contextLength: 600, rejection } };
const problems = await openProblems(configuration);
const tokens = await trainTokenizer(configuration, problems);

/** Knows each problem's solutions: gives them in turn, with a wrong answer, and one that goes on after its answer. */
function knowing(calls: number[]): Pick<Policy, "sample"> {
  const solutions = new Map(problems.sft.map(({ question, solutions }) => [question, solutions]));
  return {
    async sample(prompts, { samplesPerPrompt = 1 }) {
      calls.push(prompts.length);
      return prompts.flatMap((prompt) => {
        const known = solutions.get(tokens.decode(prompt).trimEnd());
        assert.ok(known);
        const { steps, terse, direct } = known;
        return [`${direct}7`, steps, `${direct}\n1`, terse]
          .slice(0, samplesPerPrompt)
          .map((text) => ({ tokens: tokens.encodeSolution(text) }) as Completion);
      });
    },
  };
}

async function run(folder: string, calls: number[]): Promise<OwnSolution[]> {
  const path = (name: string) => join(folder, "rejection", name);
  return await ownSolutions({
    configuration,
    problems: problems.sft,
    tokens,
    files: { samples: path("samples.jsonl"), accepted: path("accepted.jsonl"), report: path("report.json") },
    policy: async () => knowing(calls),
  });
}

test("right and different solutions that end in their answer are kept, at most so many of a problem, with where they came from", async () => {
  await inFolder(async (folder) => {
    const calls: number[] = [];
    const own = await run(folder, calls);
    assert.deepEqual(calls, [64, 6], "whole blocks");
    const bySolution = new Map(problems.sft.map(({ question, solutions }) => [question, solutions]));
    for (const { question, solution } of own) {
      const { steps, terse } = bySolution.get(question) as { steps: string; terse: string };
      assert.ok(solution === steps || solution === terse, solution);
    }
    const lines = (await readFile(join(folder, "rejection/accepted.jsonl"), "utf8")).trim().split("\n");
    const accepted = lines.map((line) => JSON.parse(line));
    assert.deepEqual(
      accepted.map(({ question, solution }) => ({ question, solution })),
      own,
    );
    assert.ok(own.length > 70 && own.length <= 140, `${own.length}`);
    for (const { problem, sample, answer, temperature } of accepted) {
      assert.equal(answer, problems.sft[problem].answer);
      assert.ok(sample === 1 || sample === 3);
      assert.equal(temperature, 1);
    }
    const report = JSON.parse(await readFile(join(folder, "rejection/report.json"), "utf8"));
    assert.deepEqual([report.samples, report.correct, report.accepted], [280, 140, own.length]);
  });
});

test("what is in the journal is not sampled again, and half of a block makes the whole of it again", async () => {
  await inFolder(async (folder) => {
    const calls: number[] = [];
    const whole = await run(folder, calls);
    assert.deepEqual(await run(folder, calls), whole);
    assert.deepEqual(calls, [64, 6], "a complete journal needs no policy");
    const path = join(folder, "rejection/samples.jsonl");
    const journal = await readFile(path);
    await truncate(path, Math.floor(journal.length / 2));
    assert.deepEqual(await run(folder, calls), whole);
    assert.deepEqual(calls, [64, 6, 64, 6]);
    assert.ok((await readFile(path)).equals(journal));
  });
});

test("a policy that fails ends the stage with its reason", async () => {
  await inFolder(async (folder) => {
    const files = { samples: join(folder, "s"), accepted: join(folder, "a"), report: join(folder, "r") };
    const policy = async () => ({ sample: () => Promise.reject(new Error("out of memory")) });
    const parts = { configuration, problems: problems.sft, tokens, files, policy };
    await assert.rejects(ownSolutions(parts), /^Error: Cannot sample problem 0: out of memory$/);
  });
});

test("SFT reads its own solutions beside the given ones, once an epoch", () => {
  const [{ question }] = problems.sft;
  const own = [{ question, solution: "1+1=2\n#### own" }];
  const contexts = sftContexts(configuration, problems, tokens, own);
  const texts: string[] = [];
  for (let step = 0; texts.length < 81; step++) {
    const { segments, tokens: packed } = contexts(step).batch;
    for (let s = 0; s + 1 < segments.length; s++)
      texts.push(tokens.decode(packed.subarray(segments[s], segments[s + 1])));
  }
  assert.equal(texts.length, 81);
  assert.equal(texts.filter((text) => text === `${question}\n${own[0].solution}`).length, 1);
});
