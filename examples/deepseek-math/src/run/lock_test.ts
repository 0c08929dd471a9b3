import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { inFolder, run, start, tinyProgram } from "../testing/processes.ts";
import { lockDirectory, unlockDirectory } from "./lock.ts";

const threads = ["--threads", "1"];

test("a second program says in one line which process is there; after kill -9 --resume works at once", async () => {
  await inFolder(async (folder) => {
    const out = join(folder, "run");
    const first = start(tinyProgram, ["--out", out, ...threads]);
    while (!first.stderr().includes("Pre-training:")) await new Promise((resolve) => setTimeout(resolve, 2));
    const { pid } = first.child;
    process.kill(pid!, "SIGSTOP"); // or it would be done before the second one begins
    try {
      for (const flags of [[], ["--resume"]]) {
        const { code, stderr } = await run(tinyProgram, ["--out", out, ...threads, ...flags]);
        assert.equal(code, 1, stderr);
        assert.match(stderr, /^error: Cannot use [^\n]*run: process \d+ has been using it since [^\n]*\n$/);
        assert.ok(stderr.includes(`process ${pid} `), stderr);
      }
    } finally {
      process.kill(pid!, "SIGKILL"); // whatever happens: a stopped process never ends
    }
    await first.ended;
    assert.ok(existsSync(join(out, ".lock")), "a killed process leaves its lock");
    const resumed = await run(tinyProgram, ["--out", out, ...threads, "--resume"]);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.ok(!existsSync(join(out, ".lock")), "a program that ends takes its lock along");
  });
});

test("a lock counts while its process lives: not when its number belongs to another one, not in a copy, not half written", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, ".lock");
    await lockDirectory(folder);
    await lockDirectory(folder); // again
    const own = JSON.parse(await readFile(path, "utf8"));
    assert.equal(own.pid, process.pid);
    unlockDirectory(folder);
    assert.deepEqual(readdirSync(folder), []);
    /** Puts a lock there as another process would have written it. */
    const put = async (holder: object): Promise<void> => {
      await writeFile(path, "");
      const { ino } = await stat(path, { bigint: true });
      await writeFile(path, JSON.stringify({ ...own, file: String(ino), ...holder }));
    };
    const stale = [
      () => put({ pid: 2 ** 22 + 1 }),
      ...(own.began ? [() => put({ began: "1" })] : []),
      () => put({ file: "1" }), // a copy
      () => writeFile(path, '{"pid":'),
    ];
    for (const leave of stale) {
      await leave();
      await lockDirectory(folder);
      assert.deepEqual(readdirSync(folder), [".lock"]);
      unlockDirectory(folder);
    }
    await put({});
    await assert.rejects(lockDirectory(folder), { message: new RegExp(`process ${process.pid} has been using it`) });
    await put({ host: "elsewhere", pid: 7 });
    await assert.rejects(lockDirectory(folder), /process 7 on elsewhere .* remove .*\.lock$/);
    assert.deepEqual(readdirSync(folder), [".lock"]);
  });
});

/** Whether a file system can be mounted here. */
const canMount = ((): boolean => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const probe = spawnSync("sh", [
    "-c",
    'd=$(mktemp -d) && mount -t tmpfs tmpfs "$d" && umount "$d"; s=$?; rmdir "$d"; exit $s',
  ]);
  return probe.status === 0;
})();

test("an --out that cannot be written to is one line, whether its run is new, begun or in a folder above", {
  skip: canMount ? false : "needs root, to mount a read-only file system",
}, async () => {
  await inFolder(async (folder) => {
    const disk = join(folder, "disk");
    await mkdir(disk);
    assert.equal(spawnSync("mount", ["-t", "tmpfs", "tmpfs", disk]).status, 0);
    try {
      const begun = join(disk, "begun");
      const first = start(tinyProgram, ["--out", begun, ...threads]);
      while (!first.stderr().includes("SFT:")) await new Promise((resolve) => setTimeout(resolve, 2));
      first.child.kill("SIGKILL");
      await first.ended;
      assert.equal(spawnSync("mount", ["-o", "remount,ro", disk]).status, 0);
      for (const args of [[begun, "--resume"], [disk], [join(disk, "new")]]) {
        const { code, stderr } = await run(tinyProgram, ["--out", ...args, ...threads]);
        assert.equal(code, 1, stderr);
        assert.match(stderr, /^error: Cannot [^\n]*: the file system is read-only\n$/);
      }
    } finally {
      spawnSync("umount", [disk]);
    }
  });
});
