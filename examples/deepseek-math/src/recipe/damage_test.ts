import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { readSafetensors, writeSafetensors } from "@gradus/transformer";
import { writeReport } from "../report/report.ts";
import { assertSameRun } from "../testing/comparison.ts";
import { beginTiny, fileOf, goOn } from "../testing/in_process.ts";
import { inFolder, run, tinyProgram } from "../testing/processes.ts";
import { ask } from "./ask.ts";
import { RunDirectory } from "./run_directory.ts";
import { runRecord } from "./summary.ts";

/** A finished run; tests damage copies of it. */
const whole = join(await mkdtemp(join(tmpdir(), "gradus-whole-")), "run");
before(async () => {
  const directory = await beginTiny(whole);
  const { run: finished } = await goOn(directory);
  await writeReport(directory.report, runRecord([finished], {}));
});
after(() => rm(dirname(whole), { recursive: true }));

/** A copy that has just made its last update: not yet evaluated after the last stage that trains. */
async function inCopy(body: (directory: RunDirectory) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const directory = new RunDirectory(join(folder, "run"));
    await cp(whole, directory.path, { recursive: true });
    for (const name of ["evaluations/iteration.json", "evaluations/full/iteration.json", "stages/iteration.json"])
      await rm(fileOf(directory, name));
    await rm(fileOf(directory, "checkpoints/iteration"), { recursive: true });
    await body(directory);
  });
}

test("after a damaged state the last update is made again, and the end is the same bit for bit", async () => {
  await inCopy(async (directory) => {
    const path = fileOf(directory, "state.safetensors");
    const bytes = await readFile(path);
    bytes[bytes.length - 1000] ^= 4;
    await writeFile(path, bytes);
    await appendFile(directory.journal, '{"stage":"it');
    const { lines } = await goOn(directory);
    assert.match(lines[0], /^Warning: .*state\.safetensors.*one update earlier$/);
    await assertSameRun(directory.path, whole);
  });
});

test("a stage whose evaluation is gone is evaluated by its own checkpoint, not by the policy that has gone on", async () => {
  await inCopy(async (directory) => {
    await rm(fileOf(directory, "evaluations/sft.json"));
    await goOn(directory);
    await assertSameRun(directory.path, whole);
  });
});

test("without its reference a round is not resumed, and the error names it", async () => {
  await inCopy(async (directory) => {
    await rm(fileOf(directory, "iteration/round-2/reference"), { recursive: true });
    await rm(fileOf(directory, "state.safetensors")); // back to the update before, so that one is left to do
    await assert.rejects(goOn(directory), ({ message }: Error) => {
      assert.match(message, /round-2\/reference/);
      assert.ok(!message.includes("\n"), message);
      return true;
    });
  });
});

test("a checkpoint with NaN in its weights does not answer", async () => {
  await inCopy(async (directory) => {
    const path = fileOf(directory, "checkpoints/grpo/model.safetensors");
    const { tensors, metadata } = await readSafetensors(path);
    const [name] = Object.keys(tensors);
    (tensors[name].data as Float32Array)[5] = Number.NaN;
    const { checksum: _, ...rest } = metadata;
    await writeSafetensors(path, tensors, rest);
    await assert.rejects(ask(directory, "1+1", { device: "cpu" }), ({ message }: Error) => {
      assert.match(message, /NaN|not finite|non-finite/i);
      assert.ok(!message.includes("\n"), message);
      return true;
    });
  });
});

test("a damaged checkpoint does not answer, and is named", async () => {
  await inCopy(async (directory) => {
    const path = fileOf(directory, "checkpoints/grpo/model.safetensors");
    await writeFile(path, (await readFile(path)).subarray(0, 5000));
    await assert.rejects(ask(directory, "1+1", { device: "cpu" }), /checkpoints\/grpo/);
  });
});

/** Whether a small file system can be mounted here: the disk is filled for real. */
const canMount = ((): boolean => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const probe = spawnSync("sh", [
    "-c",
    'd=$(mktemp -d) && mount -t tmpfs -o size=64k tmpfs "$d" && umount "$d"; s=$?; rmdir "$d"; exit $s',
  ]);
  return probe.status === 0;
})();

const skip = canMount ? false : "needs root, to mount a small file system";
test("a disk runs full, twice: one line each time, and with more space the run goes on bit for bit", {
  skip,
}, async () => {
  await inFolder(async (folder) => {
    const disk = join(folder, "disk");
    await mkdir(disk);
    const mount = (...args: string[]): void => assert.equal(spawnSync("mount", args).status, 0);
    // At first it holds one state and not two; then it fills up later, while a checkpoint or an evaluation is written.
    mount("-t", "tmpfs", "-o", "size=560k", "tmpfs", disk);
    try {
      const out = join(disk, "run");
      const args = ["--out", out, "--scale", "0.5", "--threads", "1"];
      for (const [i, more] of ["860k", "8m"].entries()) {
        const full = await run(tinyProgram, [...args, ...(i ? ["--resume"] : [])]);
        assert.equal(full.code, 1, full.stderr);
        assert.match(full.stderr, /(^|\n)error: Cannot (write|save) [^\n]*: no space left on the device\n$/);
        assert.ok(new RunDirectory(out).isBegun);
        mount("-o", `remount,size=${more}`, disk);
      }
      const resumed = await run(tinyProgram, [...args, "--resume"]);
      assert.equal(resumed.code, 0, resumed.stderr);
      await assertSameRun(out, whole);
    } finally {
      spawnSync("umount", [disk]);
    }
  });
});
