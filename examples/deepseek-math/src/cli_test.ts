import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { describeError, helpText, parseCommand, UsageError } from "./cli.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

/** The message that a command line is refused with. */
function refusal(...argv: string[]): string {
  try {
    parseCommand(argv);
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    assert.ok(!error.message.includes("\n"), error.message);
    return error.message;
  }
  throw new Error(`${argv.join(" ")} was accepted`);
}

test("without arguments it trains with the defaults", () => {
  const defaults = {
    name: "train",
    seed: 1,
    out: "runs/default",
    data: undefined,
    reward: "rule",
    config: undefined,
    dryRun: false,
    resume: false,
    device: "cpu",
    minutes: undefined,
    scale: 1,
    seeds: 1,
    given: [],
    threads: undefined,
    debug: false,
  };
  assert.deepEqual(parseCommand([]), defaults);
  assert.deepEqual(parseCommand(["train"]), defaults);
});

test("every flag is read", () => {
  const argv = [
    "train",
    "--seed",
    "0",
    "--out=x",
    "--data",
    here,
    "--resume",
    "--device",
    "webgpu",
    "--minutes",
    "2.5",
  ];
  const command = parseCommand([
    ...argv,
    "--seeds",
    "3",
    "--threads",
    "2",
    "--debug",
    "--reward",
    "process",
    "--config",
    here,
    "--dry-run",
  ]);
  assert.deepEqual(command, {
    name: "train",
    seed: 0,
    out: "x",
    data: here,
    reward: "process",
    config: here,
    dryRun: true,
    resume: true,
    device: "webgpu",
    minutes: 2.5,
    scale: 1,
    seeds: 3,
    given: [
      "seed",
      "out",
      "data",
      "resume",
      "device",
      "minutes",
      "seeds",
      "threads",
      "debug",
      "reward",
      "config",
      "dry-run",
    ],
    threads: 2,
    debug: true,
  });
});

test("ask takes one question, flags before or after it", () => {
  const expected = {
    name: "ask",
    question: "17*23",
    seed: 3,
    out: "runs/default",
    device: "cpu",
    threads: undefined,
    debug: false,
  };
  assert.deepEqual(parseCommand(["ask", "17*23", "--seed", "3"]), expected);
  assert.deepEqual(parseCommand(["--seed", "3", "ask", "17*23"]), expected);
  assert.match(refusal("ask"), /one question, found 0/);
  assert.match(refusal("ask", " "), /takes a question, found an empty one/);
  assert.match(refusal("ask", "17", "*", "23"), /one question, found 3/);
  assert.match(refusal("ask", "17*23", "--resume"), /^--resume does not belong to ask$/);
});

test("help and version win over everything else", () => {
  assert.deepEqual(parseCommand(["ask", "--help", "--seed", "x"]), { name: "help" });
  assert.deepEqual(parseCommand(["-h"]), { name: "help" });
  assert.deepEqual(parseCommand(["--version"]), { name: "version" });
  for (const flag of [
    "seed",
    "out",
    "data",
    "resume",
    "device",
    "minutes",
    "scale",
    "seeds",
    "reward",
    "config",
    "dry-run",
    "threads",
    "debug",
    "version",
  ]) {
    assert.ok(helpText.includes(`--${flag}`), flag);
  }
});

test("stages are named, and claims have seeds and a folder of their own", () => {
  const command = parseCommand(["stage", "sft", "reward-model", "--out", "x"]);
  assert.ok(command.name === "stage");
  assert.deepEqual([command.stages, command.out], [["sft", "reward-model"], "x"]);
  assert.match(refusal("stage"), /takes the names of stages, found none: there are corpus, tokenizer/);
  assert.match(refusal("stage", "grop"), /^Unknown stage "grop", did you mean grpo\?; there are corpus/);
  const claims = parseCommand(["claims", "--scale", "0.5"]);
  assert.ok(claims.name === "claims");
  assert.deepEqual([claims.seeds, claims.scale, claims.out], [3, 0.5, "runs/claims"]);
  assert.equal(refusal("claims", "--resume"), "--resume does not belong to claims");
  assert.equal(refusal("--from", "runs/default"), "--from belongs to claims");
  assert.equal(refusal("--config", "no/such.json"), "Bad --config: there is no file no/such.json");
});

test("a reward is the rule or a kind of model", () => {
  assert.match(refusal("--reward", "human"), /Bad --reward: expected rule, outcome or process, found "human"/);
  assert.match(refusal("ask", "17*23", "--reward", "rule"), /^--reward does not belong to ask$/);
});

test("a mistyped flag or command gets the nearest known one", () => {
  assert.equal(refusal("--sed", "3"), "Unknown flag --sed, did you mean --seed?; --help lists all");
  assert.equal(refusal("--resmue"), "Unknown flag --resmue, did you mean --resume?; --help lists all");
  assert.equal(refusal("--something=4"), "Unknown flag --something; --help lists all");
  assert.match(refusal("-x"), /Unknown flag -x/);
  assert.match(refusal("tain"), /Unknown command "tain", did you mean train\?/);
  assert.match(refusal("train", "now"), /takes no arguments, found "now"/);
});

test("a bad value is named with what was expected", () => {
  assert.equal(refusal("--seed", "x"), 'Bad --seed: expected a whole number of at least 0, found "x"');
  assert.match(refusal("--seed=-1"), /of at least 0, found "-1"/);
  assert.match(refusal("--seed", "1.5"), /whole number/);
  assert.match(refusal("--seed", "0x10"), /found "0x10"/);
  assert.match(refusal("--seed", "99999999999999999999"), /whole number/);
  assert.match(refusal("--minutes", "0"), /a number above 0, found "0"/);
  assert.match(refusal("--scale", "Infinity"), /a number above 0/);
  assert.match(refusal("--seeds", "0"), /at least 1/);
  assert.match(refusal("--threads", ""), /at least 1, found ""/);
  assert.match(refusal("--device", "gpu"), /expected cpu or webgpu, found "gpu"/);
  assert.match(refusal("--minutes", "3", "--scale", "2"), /exclude each other/);
  assert.match(refusal("--out", ""), /--out needs one/);
  assert.match(refusal("--seed"), /--seed needs one/);
  assert.match(refusal("--resume=yes"), /--resume takes no value/);
});

test("a data directory that is not there is named", () => {
  assert.equal(refusal("--data", "no/such"), "Bad --data: there is no directory no/such");
  assert.match(refusal("--data", fileURLToPath(import.meta.url)), /is not a directory/);
});

test("an error is told in one line, and with --debug by its stack", () => {
  const error = new RangeError("first\n  second");
  assert.equal(describeError(error, false), "error: first second");
  assert.match(describeError(error, true), /RangeError: first[\s\S]*cli_test\.ts/);
  assert.equal(describeError("thrown text", true), "error: thrown text");
});
