import assert from "node:assert/strict";
import { cp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createInterpreter } from "@gradus/code-interpreter";
import type { Policy } from "@gradus/grpo";
import { parseCommand } from "../cli.ts";
import { programOf } from "../problems/programs.ts";
import { recipeStages } from "../recipe/configuration.ts";
import { withPrograms } from "../recipe/full_evaluation.ts";
import { openProblems } from "../recipe/problem_source.ts";
import { RunDirectory } from "../recipe/run_directory.ts";
import { runNamedStages } from "../recipe/session.ts";
import { runRecord } from "../recipe/summary.ts";
import { trainTokenizer } from "../recipe/tokenizer.ts";
import type { ToolSolution } from "../recipe/tool_solutions.ts";
import { runStages } from "../recipe/train.ts";
import { writeReport } from "../report/report.ts";
import { assertSameRun } from "../testing/comparison.ts";
import { beginTiny, fileOf, goOn, silentProgress } from "../testing/in_process.ts";
import { inFolder } from "../testing/processes.ts";
import { tinyConfiguration, withTools } from "../testing/tiny.ts";

test("stages run alone, one after the other, make what a whole run makes, and each says what it consumed and produced", async () => {
  await inFolder(async (folder) => {
    const whole = await beginTiny(join(folder, "whole"));
    const { run } = await goOn(whole);
    await writeReport(whole.report, runRecord([run], {}));
    const parts = await beginTiny(join(folder, "parts"));
    for (const name of recipeStages) {
      const lines: string[] = [];
      const options = { device: "cpu" as const, threads: 1, progress: silentProgress(lines) };
      await runStages(parts, options, [name]);
      assert.match(lines.at(-1) ?? "", /: consumed .+; produced .+/, name);
      await runStages(parts, options, [name]);
      assert.equal(lines.filter((line) => line.includes("; produced ")).length, 1, `${name} is done once`);
    }
    await cp(whole.report, parts.report);
    await assertSameRun(parts.path, whole.path);
    // What a stage made is gone: it makes it again, from the same files.
    for (const name of ["tokenizer.json", "evaluations/full/sft.json", "reward-model"])
      await rm(fileOf(parts, name), { recursive: true });
    await goOn(parts);
    await assertSameRun(parts.path, whole.path);
  });
});

test("a stage whose files are missing names the stage that makes them", async () => {
  await inFolder(async (folder) => {
    const options = parseCommand(["stage", "grpo", "--out", join(folder, "run"), "--scale", "0.5"]);
    assert.ok(options.name === "stage");
    await assert.rejects(
      runNamedStages(options, silentProgress, tinyConfiguration),
      /^Error: Cannot run the stage grpo: .*run\/tokenizer\.json is missing; the stage tokenizer makes it$/,
    );
  });
});

test("a stage that was done says so, and is not done again", async () => {
  await inFolder(async (folder) => {
    const options = parseCommand(["stage", "corpus", "--out", join(folder, "run"), "--scale", "0.5"]);
    assert.ok(options.name === "stage");
    const [first, second]: string[][] = [[], []];
    await runNamedStages(options, () => silentProgress(first), tinyConfiguration);
    assert.match(first.join("\n"), /^Corpus.*: consumed .*$/m);
    await runNamedStages(options, () => silentProgress(second), tinyConfiguration);
    assert.deepEqual(second, [`Corpus: was done, its files in ${options.out} are as they were`]);
  });
});

test("with tools, SFT learns from what Python printed, and a checkpoint is asked with programs", async () => {
  await inFolder(async (folder) => {
    const directory = new RunDirectory(join(folder, "run"));
    const request = { seed: 1, scale: 0.5 };
    const configuration = withTools(tinyConfiguration(request));
    await directory.begin({ request, configuration, startedAt: new Date(0).toISOString() });
    const options = { device: "cpu" as const, threads: 1, progress: silentProgress() };
    await runStages(directory, options, ["corpus", "tokenizer", "pretraining", "sft"]);
    const lines = (await readFile(directory.toolSolutions, "utf8")).trimEnd().split("\n");
    const solutions: ToolSolution[] = lines.map((line) => JSON.parse(line));
    assert.ok(solutions.length >= 5, `${solutions.length} of 6`);
    for (const { pieces } of solutions) {
      const output = pieces
        .findLast(({ trained }) => !trained)
        ?.text.trim()
        .split("\n")[0];
      assert.equal(pieces[pieces.length - 1].text, `#### ${output}`);
    }
    const account = await directory.loadStage("sft");
    assert.equal(account?.consumed.programs, solutions.filter(({ mode }) => mode === "program").length);
  });
});

test("where a policy calls Python, the answer is what it printed; a program that fails is counted", async () => {
  const configuration = withTools(tinyConfiguration({ seed: 1, scale: 1 }));
  const problems = await openProblems(configuration);
  const tokens = await trainTokenizer(configuration, problems);
  const asked = problems.heldOut.slice(0, 3);
  const programs = [programOf(asked[0]), "print(1/0)", programOf(asked[2])];
  /** Writes its program, then repeats the last number that it read. */
  const sample: Policy["sample"] = async (prompts) =>
    prompts.map((prompt, i) => {
      const text = tokens.decode(prompt);
      const output = /```output\n(.*)\n```\n$/.exec(text)?.[1];
      const which = asked.findIndex(({ question }) => text.startsWith(`${question}\n`));
      const said = output === undefined ? `\`\`\`python\n${programs[which]}\n\`\`\`\n\`\`\`output` : `#### ${output}`;
      const ids = output === undefined ? tokens.encode(said) : tokens.encodeSolution(said);
      return { prompt: i, sample: 0, tokens: ids, logProbs: new Float32Array(ids.length), finishReason: "stop" };
    });
  const python = await createInterpreter();
  try {
    const settings = { ...configuration.evaluation, toolProblems: 3, maxNewTokens: 200 };
    const parts = { policy: { sample }, tokens, problems: asked, settings, seed: 1, run: python.run };
    const found = await withPrograms(parts, "program");
    assert.equal(found.record.accuracy, 2 / 3);
    assert.deepEqual([found.programs, found.failures], [3, 1]);
  } finally {
    python.close();
  }
});
