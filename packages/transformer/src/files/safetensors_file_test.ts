import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { encodeSafetensors, type Tensor } from "./safetensors.ts";
import { readSafetensors, writeSafetensors } from "./safetensors_file.ts";

const numbers = (count: number, first = 0): Record<string, Tensor> => ({
  w: { shape: [count], dtype: "F32", data: Float32Array.from({ length: count }, (_, i) => first + i) },
});

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "gradus-safetensors-"));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Run `body` in a small file system of its own, or skip where we may not mount one. */
async function inSmallFileSystem(context: TestContext, body: (folder: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "pipe" });
    } catch {
      context.skip("needs the right to mount a tmpfs");
      return;
    }
    try {
      await body(folder);
    } finally {
      execFileSync("umount", [folder]);
    }
  });
}

test("what is written to a file is what encoding gives, and comes back", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.safetensors");
    const half: Tensor = { shape: [1, 3], dtype: "BF16", data: Uint16Array.of(1, 2, 3) };
    const tensors = { ...numbers(1000), half };
    await writeSafetensors(path, tensors, { format: "pt" });
    assert.deepEqual(new Uint8Array(await readFile(path)), encodeSafetensors(tensors, { format: "pt" }));
    assert.deepEqual(await readSafetensors(path), { tensors, metadata: { format: "pt" } });
    assert.deepEqual(await readdir(folder), ["a.safetensors"]);
  }));

test("corruption is reported with the file's name", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.safetensors");
    await writeSafetensors(path, numbers(100));
    const bytes = await readFile(path);
    bytes[bytes.length - 5] ^= 4;
    await writeFile(path, bytes);
    await assert.rejects(readSafetensors(path), /^Error: Cannot read .*a\.safetensors: the content has checksum/);
    assert.equal((await readSafetensors(path, { verify: false })).tensors.w.data.length, 100);
    await writeFile(path, bytes.subarray(0, 300));
    await assert.rejects(readSafetensors(path), /Cannot read .*a\.safetensors: tensor "w" ends at byte 400/);
  }));

test("missing files and folders are one clear error", () =>
  inFolder(async (folder) => {
    await assert.rejects(readSafetensors(join(folder, "none")), /Cannot read .*none: no such file or directory$/);
    const path = join(folder, "none", "a.safetensors");
    await assert.rejects(
      writeSafetensors(path, numbers(1)),
      /Cannot write .*a\.safetensors: no such file or directory$/,
    );
  }));

test("a full disk keeps the last good file and leaves nothing behind", (context) =>
  inSmallFileSystem(context, async (folder) => {
    const path = join(folder, "a.safetensors");
    await writeSafetensors(path, numbers(100_000));
    await assert.rejects(writeSafetensors(path, numbers(200_000, 1)), /Cannot write .*: no space left on the device$/);
    assert.deepEqual((await readSafetensors(path)).tensors, numbers(100_000));
    assert.deepEqual(await readdir(folder), ["a.safetensors"]);
    await writeSafetensors(path, numbers(1000, 1));
    assert.deepEqual((await readSafetensors(path)).tensors, numbers(1000, 1));
  }));

test("a read-only file system keeps the last good file", (context) =>
  inSmallFileSystem(context, async (folder) => {
    const path = join(folder, "a.safetensors");
    await writeSafetensors(path, numbers(10));
    execFileSync("mount", ["-o", "remount,ro", folder]);
    await assert.rejects(writeSafetensors(path, numbers(10, 1)), /Cannot write .*: the file system is read-only$/);
    assert.deepEqual((await readSafetensors(path)).tensors, numbers(10));
  }));

test("a folder that may not be written keeps the last good file", async (context) => {
  const root = process.getuid?.() === 0;
  if (process.getuid === undefined || (root && process.seteuid === undefined)) {
    context.skip("cannot give up the right to write everywhere");
    return;
  }
  await inFolder(async (folder) => {
    const path = join(folder, "a.safetensors");
    await writeSafetensors(path, numbers(10));
    execFileSync("chmod", ["555", folder]);
    if (root) process.seteuid!(65534);
    try {
      await assert.rejects(writeSafetensors(path, numbers(10, 1)), /Cannot write .*: permission denied$/);
      assert.deepEqual((await readSafetensors(path)).tensors, numbers(10));
    } finally {
      if (root) process.seteuid!(0);
      execFileSync("chmod", ["755", folder]);
    }
  });
});
