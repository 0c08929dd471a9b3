import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseCommand } from "./cli.ts";
import { runProgram } from "./program.ts";
import { unlockDirectory } from "./run/lock.ts";
import { beginTiny } from "./testing/in_process.ts";
import { type Ended, inFolder, program, run, tinyProgram } from "./testing/processes.ts";
import { tinyConfiguration } from "./testing/tiny.ts";

const floating = fileURLToPath(new URL("./testing/floating.ts", import.meta.url));

/** Runs command lines two at a time, in a folder. */
async function runAll<Case extends { args: readonly string[] }>(
  file: string,
  cwd: string,
  cases: readonly Case[],
  check: (ended: Ended, one: Case) => void,
): Promise<void> {
  const queue = [...cases];
  const worker = async (): Promise<void> => {
    for (let one = queue.shift(); one; one = queue.shift()) check(await run(file, one.args, { cwd }), one);
  };
  await Promise.all([worker(), worker()]);
}

test("bad input is refused in one line on stderr, with an exit code that is not 0", async () => {
  await inFolder(async (folder) => {
    const row = (question: string) => `${JSON.stringify({ question, answer: "1+1=<<1+1=2>>2\n#### 2" })}\n`;
    const data = async (name: string, train: string) => {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, "train.jsonl"), train);
      await writeFile(join(folder, name, "test.jsonl"), row("a"));
    };
    await data("broken", `${row("a")}{"question": "b", "answ\n${row("c")}`);
    await data("empty", "");
    await data("half", row("a"));
    await writeFile(join(folder, "file"), "");
    await beginTiny(join(folder, "unfinished"));
    unlockDirectory(join(folder, "unfinished")); // other processes shall find it
    await writeFile(join(folder, "unfinished", "state.safetensors"), "not really");
    await mkdir(join(folder, "bad-json"));
    await writeFile(join(folder, "bad-json", "run.json"), '{"conf');

    const broken = /^error: broken\/train\.jsonl:2: not valid JSON \(/;
    const processes: { args: string[]; message: RegExp; code: number }[] = [
      { args: ["--sed", "3"], message: /^error: Unknown flag --sed, did you mean --seed\?/, code: 2 },
      { args: ["trian"], message: /^error: Unknown command "trian", did you mean train\?/, code: 2 },
      { args: ["--data", "nowhere"], message: /^error: Bad --data: there is no directory nowhere$/, code: 2 },
      { args: ["--data", "broken"], message: broken, code: 1 },
      { args: ["--out", "file"], message: /^error: Bad --out: file is not a directory$/, code: 2 },
      { args: ["--out", "unfinished", "--resume"], message: /^error: Cannot resume: .*state\.safetensors/, code: 1 },
      { args: ["ask", "1+1", "--out", "none"], message: /^error: Cannot ask: there is no checkpoint in none/, code: 1 },
    ];
    await runAll(program, folder, processes, ({ code, stderr }, { args, message, code: expected }) => {
      const lines = stderr.trimEnd().split("\n");
      assert.equal(lines.length, 1, `${args.join(" ")}: ${stderr}`);
      assert.match(lines[0], message);
      assert.equal(code, expected, args.join(" "));
    });

    // The rest in this process, which spares the starts.
    const at = (name: string): string => join(folder, name);
    const refused: [args: string[], message: RegExp][] = [
      [["--data", at("empty")], /^Cannot use .*empty: it has no calculator annotations/],
      [["--data", at("half")], /^Cannot use .*half: /],
      [["--out", at("file/run")], /^Cannot make the directory .*file\/run: a part of the path is not a directory/],
      [["--out", at("none"), "--resume"], /^Cannot resume: there is no run in .*none$/],
      [["--out", at("none"), "--resume", "--seeds", "2"], /^Cannot resume: there is no run/],
      [["--out", at("unfinished")], /unfinished holds an unfinished run: add --resume/],
      [["--out", at("unfinished"), "--resume", "--seed", "9"], /with another --seed: it was begun with 1/],
      [["--out", at("unfinished"), "--resume", "--scale", "9"], /another --scale: it was begun with scale 0\.5/],
      [["--out", at("bad-json"), "--resume"], /^Cannot read .*run\.json: it is not valid JSON$/],
      [["ask", " = ?", "--out", at("unfinished")], /^Cannot ask: /],
    ];
    for (const [args, message] of refused) {
      const out = args.includes("--out") ? [] : ["--out", at(`out-${args[1].length}`)];
      await assert.rejects(runProgram(parseCommand([...args, ...out]), tinyConfiguration), (error: Error) => {
        assert.match(error.message, message);
        assert.ok(!error.message.includes("\n"), error.message);
        return true;
      });
    }
  });
});

test("--device webgpu without a GPU says so, after what the graphics library has to say", async () => {
  await inFolder(async (folder) => {
    const { code, stderr } = await run(tinyProgram, ["--device", "webgpu", "--scale", "0.1"], { cwd: folder });
    if (code === 0) return; // there is one
    assert.equal(code, 1);
    assert.match(stderr, /\nerror: Cannot run with --device webgpu: no GPU that it can use was found; [^\n]*\n$/);
  });
});

test("--debug adds the stack", async () => {
  const { code, stderr } = await run(program, ["--sed", "--debug"]);
  assert.equal(code, 2);
  assert.match(stderr, /Unknown flag --sed[\s\S]*\n {4}at .*cli\.ts/);
});

test("help and version go to stdout", async () => {
  const [help, version] = await Promise.all([run(program, ["--help"]), run(program, ["--version"])]);
  assert.deepEqual([help.code, help.stderr, version.code, version.stderr], [0, "", 0, ""]);
  assert.match(help.stdout, /^Trains a small language model/);
  assert.match(version.stdout, /^gradus \d+\.\d+\.\d+\n$/);
});

test("what goes wrong where nobody waits for it is told in one line too", async () => {
  for (const what of ["rejection", "exception"]) {
    const { code, signal, stderr } = await run(floating, [what]);
    assert.equal(stderr, "error: left alone\n");
    assert.deepEqual([code, signal], [null, "SIGTERM"], what);
  }
});

// Deno counts a listener for signals as something to wait for, so that there is no such moment.
const skip = "Deno" in globalThis ? "Deno waits for signals" : false;
test("a program with nothing left to wait for says so instead of ending as if it were done", { skip }, async () => {
  const { code, stderr } = await run(floating, ["silence"]);
  assert.equal(stderr, "error: Stopped: the engine ended without an answer\n");
  assert.equal(code, 1);
});

test("a run with several seeds reports their mean, is resumed without naming them, and answers questions", async () => {
  await inFolder(async (folder) => {
    const args = ["--out", "runs", "--scale", "0.3", "--threads", "1"];
    const made = await run(tinyProgram, [...args, "--seeds", "2"], { cwd: folder });
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /Held-out accuracy \(mean of 2 seeds, 95% interval\)/);
    assert.match(made.stdout, /Ask it {6}npm start -- ask "17\*23" --out runs\/seed-1\n/);
    const again = await run(tinyProgram, [...args, "--resume"], { cwd: folder });
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /Seed 1\n[\s\S]*Seed 2\n/);
    assert.match(again.stdout, /mean of 2 seeds/);

    const asked: { args: string[]; code: number; stderr: RegExp }[] = [
      { args: ["ask", "é∑😀\t\u0001 17 × 23", "--out", "runs/seed-2"], code: 0, stderr: /^$/ },
      {
        args: ["ask", "1".repeat(500), "--out", "runs/seed-1"],
        code: 1,
        stderr: /^error: Cannot ask: the question has 500 tokens, the model reads at most 318\n$/,
      },
    ];
    await runAll(tinyProgram, folder, asked, ({ code, stdout, stderr }, expected) => {
      assert.equal(code, expected.code, stderr);
      assert.match(stderr, expected.stderr);
      if (code === 0) assert.match(stdout, /checkpoint after Iterative GRPO\)\n$/);
    });
  });
});
