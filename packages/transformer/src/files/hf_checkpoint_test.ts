import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { findDirectory, replaceDirectory } from "./directory_swap.ts";
import { float32ToBfloat16 } from "./half.ts";
import { loadCheckpoint, saveCheckpoint } from "./hf_checkpoint.ts";
import { readSafetensors, writeSafetensors } from "./safetensors_file.ts";
import type { CheckpointTensor } from "./weights.ts";

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "gradus-checkpoint-"));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A checkpoint all of whose numbers are `version`, in four shards. */
function version(version: number, size = 64): Parameters<typeof saveCheckpoint>[1] {
  const tensor = (): CheckpointTensor => ({ shape: [size], data: new Float32Array(size).fill(version) });
  return {
    config: { version },
    tensors: { a: tensor(), b: tensor(), c: tensor(), d: tensor() },
    maxShardBytes: 4 * size,
    files: { "optimizer.bin": Uint8Array.of(version & 255), "sub/note.txt": "hello" },
  };
}

/** The version of a complete and consistent checkpoint. */
async function loadedVersion(directory: string): Promise<number> {
  const { config, tensors, directory: found } = await loadCheckpoint(directory);
  assert.deepEqual(Object.keys(tensors), ["a", "b", "c", "d"]);
  for (const { data } of Object.values(tensors)) assert.ok(data.every((x) => x === config.version));
  assert.deepEqual([...(await readFile(join(found, "optimizer.bin")))], [(config.version as number) & 255]);
  return config.version as number;
}

test("a checkpoint comes back as it was, in one file or in shards", () =>
  inFolder(async (folder) => {
    const tensor = fc.array(fc.nat(5), { maxLength: 3 }).chain((shape) => {
      const count = shape.reduce((a, b) => a * b, 1);
      const data = fc.float32Array({ minLength: count, maxLength: count, noNaN: true, noDefaultInfinity: true });
      return data.map((data): CheckpointTensor => ({ shape, data }));
    });
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.stringMatching(/^[a-z][a-z.]*$/), tensor),
        fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined }),
        async (tensors, maxShardBytes) => {
          const config = { architectures: ["LlamaForCausalLM"], other: { kept: [1, null] } };
          await saveCheckpoint(join(folder, "model"), { config, tensors, maxShardBytes });
          const loaded = await loadCheckpoint(join(folder, "model"));
          assert.deepEqual(loaded.config, { ...config, torch_dtype: "float32" });
          assert.deepEqual(Object.keys(loaded.tensors).sort(), Object.keys(tensors).sort());
          for (const [name, tensor] of Object.entries(loaded.tensors)) {
            assert.deepEqual(tensor.data, tensors[name].data);
            assert.deepEqual(tensor.shape, tensors[name].shape);
          }
        },
      ),
      { numRuns: 30 },
    );
  }));

test("the files are those of Hugging Face: shards, index, generation config, format", () =>
  inFolder(async (folder) => {
    const directory = join(folder, "deep", "model");
    const content = version(1);
    await saveCheckpoint(directory, {
      ...content,
      config: { bos_token_id: 256, eos_token_id: 257, pad_token_id: null },
      maxShardBytes: 512,
    });
    assert.deepEqual((await readdir(directory)).sort(), [
      "config.json",
      "generation_config.json",
      "model-00001-of-00002.safetensors",
      "model-00002-of-00002.safetensors",
      "model.safetensors.index.json",
      "optimizer.bin",
      "sub",
    ]);
    const parse = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(directory, name), "utf8"));
    const [first, second] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    assert.deepEqual(await parse("model.safetensors.index.json"), {
      metadata: { total_size: 1024 },
      weight_map: { a: first, b: first, c: second, d: second },
    });
    assert.deepEqual(await parse("generation_config.json"), {
      _from_model_config: true,
      bos_token_id: 256,
      eos_token_id: 257,
    });
    assert.deepEqual((await readSafetensors(join(directory, first))).metadata, { format: "pt" });
    await saveCheckpoint(directory, {
      config: {},
      tensors: content.tensors,
      files: { "generation_config.json": "{}" },
    });
    assert.deepEqual((await readdir(directory)).sort(), ["config.json", "generation_config.json", "model.safetensors"]);
    assert.deepEqual(await parse("generation_config.json"), {});
    assert.deepEqual(await readdir(join(folder, "deep")), ["model"]);
  }));

test("weights are stored in half the space on request, rounded to nearest", () =>
  inFolder(async (folder) => {
    const data = Float32Array.of(0.1, 1, -3.3, 1e-3);
    for (const [dtype, name] of [
      ["float16", "F16"],
      ["bfloat16", "BF16"],
    ] as const) {
      await saveCheckpoint(join(folder, "m"), { config: {}, tensors: { w: { shape: [4], data } }, dtype });
      const { tensors } = await readSafetensors(join(folder, "m", "model.safetensors"));
      assert.equal(tensors.w.dtype, name);
      const { config, tensors: loaded } = await loadCheckpoint(join(folder, "m"));
      assert.equal(config.torch_dtype, dtype);
      loaded.w.data.forEach((x, i) => {
        assert.ok(Math.abs(x - data[i]) <= Math.abs(data[i]) * (dtype === "float16" ? 2 ** -11 : 2 ** -8));
      });
    }
  }));

test("a checkpoint in bfloat16 by another writer, without checksum, is read", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "config.json"), `{"model_type":"llama"}`);
    const header = `{"w":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}`.padEnd(64);
    const bytes = new Uint8Array(8 + 64 + 4);
    bytes[0] = 64;
    bytes.set(new TextEncoder().encode(header), 8);
    bytes.set(new Uint8Array(float32ToBfloat16(Float32Array.of(1, -2)).buffer), 72);
    await writeFile(join(folder, "model.safetensors"), bytes);
    assert.deepEqual((await loadCheckpoint(folder)).tensors.w, { shape: [2], data: Float32Array.of(1, -2) });
  }));

test("NaN and infinite weights are named, in loading and in saving, where they would replace a good checkpoint", () =>
  inFolder(async (folder) => {
    const directory = join(folder, "m");
    await saveCheckpoint(directory, version(1));
    const bad = {
      config: {},
      tensors: { "model.norm.weight": { shape: [3], data: Float32Array.of(1, Number.NaN, 2) } },
    };
    await assert.rejects(saveCheckpoint(directory, bad), /Cannot save the weights: model\.norm\.weight\[1\] is NaN$/);
    const large = {
      config: {},
      tensors: { w: { shape: [1], data: Float32Array.of(70000) } },
      dtype: "float16" as const,
    };
    await assert.rejects(saveCheckpoint(directory, large), /w\[0\] is 70000, too large for float16$/);
    assert.equal(await loadedVersion(directory), 1);
    assert.deepEqual(await readdir(folder), ["m"]);
    await saveCheckpoint(directory, { ...bad, checkFinite: false });
    await assert.rejects(
      loadCheckpoint(directory),
      /Cannot read .*model\.safetensors: model\.norm\.weight\[1\] is NaN$/,
    );
    assert.equal((await loadCheckpoint(directory, { checkFinite: false })).tensors["model.norm.weight"].data[2], 2);
  }));

test("what is missing or broken is one clear error", () =>
  inFolder(async (folder) => {
    const directory = join(folder, "m");
    await assert.rejects(loadCheckpoint(directory), /Cannot load a checkpoint from .*m: there is no such directory$/);
    await mkdir(directory);
    await assert.rejects(loadCheckpoint(directory), /it has no config\.json$/);
    await writeFile(join(directory, "config.json"), "{}");
    await assert.rejects(loadCheckpoint(directory), /neither model\.safetensors nor model\.safetensors\.index\.json$/);
    await writeFile(join(directory, "config.json"), "{");
    await assert.rejects(loadCheckpoint(directory), { name: "SyntaxError", message: /Cannot read .*config\.json: / });
    await writeFile(join(directory, "config.json"), "[]");
    await assert.rejects(loadCheckpoint(directory), /config\.json: it must hold a JSON object$/);

    await saveCheckpoint(directory, version(1));
    await rm(join(directory, "model-00003-of-00004.safetensors"));
    await assert.rejects(loadCheckpoint(directory), /model-00003-of-00004\.safetensors: no such file or directory$/);
    await writeSafetensors(join(directory, "model-00003-of-00004.safetensors"), {});
    await assert.rejects(loadCheckpoint(directory), /model-00003-of-00004\.safetensors: c is missing/);
    await writeFile(join(directory, "model.safetensors.index.json"), `{"weight_map":{"a":"../a"}}`);
    await assert.rejects(loadCheckpoint(directory), /a must be in a file beside it, found "\.\.\/a"$/);
    await writeFile(join(directory, "model.safetensors.index.json"), "{}");
    await assert.rejects(loadCheckpoint(directory), /weight_map is missing$/);
    await assert.rejects(
      loadCheckpoint(join(directory, "config.json")),
      /Cannot load a checkpoint from .*config\.json: /,
    );
  }));

test("impossible requests to save are refused before anything is written", () =>
  inFolder(async (folder) => {
    const good = version(1);
    const refuse = (change: object, message: RegExp): Promise<void> =>
      assert.rejects(saveCheckpoint(join(folder, "m"), { ...good, ...change }), message);
    await refuse({ dtype: "float64" }, /dtype must be one of float32, float16, bfloat16, found float64$/);
    await refuse({ maxShardBytes: 0 }, /maxShardBytes must be positive, found 0$/);
    await refuse({ files: { "../x": "" } }, /files must lie inside the directory, found "\.\.\/x"$/);
    await refuse({ files: { "/x": "" } }, /files must lie inside/);
    await refuse({ files: { "model.safetensors": "" } }, /must not contain what is written/);
    await refuse(
      { tensors: { w: { shape: [2], data: new Float32Array(3) } } },
      /"w" of shape \[2\] must have 2 elements/,
    );
    assert.deepEqual(await readdir(folder), []);
  }));

test("a directory that is not a checkpoint is not replaced", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "thesis.txt"), "years of work");
    await assert.rejects(saveCheckpoint(folder, version(1)), /holds other files \(thesis\.txt\) and no config\.json/);
    await assert.rejects(
      saveCheckpoint(join(folder, "thesis.txt"), version(1)),
      /a part of the path is not a directory$/,
    );
    assert.equal(await readFile(join(folder, "thesis.txt"), "utf8"), "years of work");
    await mkdir(join(folder, "empty"));
    await saveCheckpoint(join(folder, "empty"), version(2));
    assert.equal(await loadedVersion(join(folder, "empty")), 2);
  }));

test("a link to a checkpoint stays a link, also after a kill", () =>
  inFolder(async (folder) => {
    await saveCheckpoint(join(folder, "step-1"), version(1));
    await symlink("step-1", join(folder, "last"));
    await saveCheckpoint(join(folder, "last"), version(2));
    assert.equal(await loadedVersion(join(folder, "step-1")), 2);
    assert.deepEqual((await readdir(folder)).sort(), ["last", "step-1"]);
    await rename(join(folder, "step-1"), join(folder, "step-1.old"));
    assert.equal(await loadedVersion(join(folder, "last")), 2);
    await saveCheckpoint(join(folder, "last"), version(3));
    assert.equal(await loadedVersion(join(folder, "last")), 3);
    assert.deepEqual((await readdir(folder)).sort(), ["last", "step-1"]);
  }));

test("from every state that a kill can leave, the load finds a complete checkpoint and the next save cleans up", () =>
  inFolder(async (folder) => {
    const directory = join(folder, "m");
    const temporary = (pid: number): string => `${directory}.tmp-${pid}-0123abcd-0`;
    const gone = 2 ** 22 + 1; // above Linux's largest process id
    const [older, newer] = [join(folder, "older"), join(folder, "newer")];
    await saveCheckpoint(older, version(1));
    await saveCheckpoint(newer, version(2));
    const put = (from: string, to: string): Promise<void> => cp(from, to, { recursive: true });
    const states: { name: string; expected: number; make: () => Promise<void> }[] = [
      {
        name: "1",
        expected: 1,
        make: async () => {
          await put(older, directory);
          await mkdir(temporary(gone));
          await writeFile(join(temporary(gone), "model.safetensors"), "half");
        },
      },
      {
        name: "2",
        expected: 1,
        make: async () => {
          await put(older, directory);
          await put(newer, temporary(process.pid));
        },
      },
      {
        name: "3",
        expected: 1,
        make: async () => {
          await put(older, `${directory}.old`);
          await put(newer, temporary(gone));
        },
      },
      {
        name: "4",
        expected: 2,
        make: async () => {
          await put(newer, directory);
          await put(older, `${directory}.old`);
        },
      },
      {
        name: "5",
        expected: 2,
        make: async () => {
          await put(newer, directory);
          await put(older, temporary(gone));
          await rm(join(temporary(gone), "config.json"));
        },
      },
    ];
    for (const { name, expected, make } of states) {
      await make();
      assert.equal(await loadedVersion(directory), expected, `state ${name}`);
      await saveCheckpoint(directory, version(3));
      assert.equal(await loadedVersion(directory), 3, `state ${name}`);
      assert.deepEqual((await readdir(folder)).sort(), ["m", "newer", "older"], `state ${name}`);
      await rm(directory, { recursive: true });
    }
  }));

test("a save that fails midway leaves the previous checkpoint and nothing else", () =>
  inFolder(async (folder) => {
    const directory = join(folder, "m");
    await saveCheckpoint(directory, version(1));
    const failing = replaceDirectory(directory, async (temporary) => {
      await writeFile(join(temporary, "config.json"), "{}");
      throw new Error("midway");
    });
    await assert.rejects(failing, /midway/);
    assert.equal(await loadedVersion(directory), 1);
    assert.deepEqual(await readdir(folder), ["m"]);
    assert.equal(await findDirectory(join(folder, "none")), undefined);
  }));

test("a full disk keeps the previous checkpoint", (context) =>
  inFolder(async (folder) => {
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "pipe" });
    } catch {
      context.skip("needs the right to mount a tmpfs");
      return;
    }
    try {
      const directory = join(folder, "m");
      await saveCheckpoint(directory, version(1, 20_000));
      const saving = saveCheckpoint(directory, version(2, 60_000));
      await assert.rejects(saving, /^Error: Cannot save a checkpoint to .*m: no space left on the device$/);
      assert.equal(await loadedVersion(directory), 1);
      assert.deepEqual(await readdir(folder), ["m"]);
    } finally {
      execFileSync("umount", [folder]);
    }
  }));

test("kill -9 at random moments of saving never loses the checkpoint", { timeout: 120_000 }, () =>
  inFolder(async (folder) => {
    const directory = join(folder, "m");
    await saveCheckpoint(directory, version(0));
    const code = `
      const { saveCheckpoint } = await import(${JSON.stringify(new URL("./hf_checkpoint.ts", import.meta.url).href)});
      const directory = ${JSON.stringify(directory)};
      for (let version = Number(${JSON.stringify("$FIRST")}); ; version++) {
        const tensor = () => ({ shape: [4096], data: new Float32Array(4096).fill(version) });
        await saveCheckpoint(directory, {
          config: { version },
          tensors: { a: tensor(), b: tensor(), c: tensor(), d: tensor() },
          maxShardBytes: 4 * 4096,
          files: { "optimizer.bin": Uint8Array.of(version & 255) },
        });
        console.log(version);
      }`;
    let last = 0;
    for (let round = 0; round < 6; round++) {
      const script = code.replace("$FIRST", String(last + 1));
      const deno = "Deno" in globalThis;
      const child = spawn(
        process.execPath,
        deno ? ["eval", script] : ["--import", "tsx", "--input-type=module", "--eval", script],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      const exited = new Promise((resolve) => child.on("exit", resolve));
      let reported = last;
      await new Promise<void>((resolve, reject) => {
        child.stdout.on("data", (text) => {
          reported = Number(String(text).trim().split("\n").at(-1));
          resolve();
        });
        exited.then(() => reject(new Error("the saving process ended by itself")));
      });
      await sleep(round * 6.1);
      child.kill("SIGKILL");
      await exited;
      const loaded = await loadedVersion(directory);
      assert.ok(loaded >= reported, `saved ${reported}, loaded ${loaded}`);
      last = loaded;
    }
    await saveCheckpoint(directory, version(7));
    assert.deepEqual(await readdir(folder), ["m"]);
  }),
);

test("loading while another process saves never mixes two checkpoints", () =>
  inFolder(async (folder) => {
    const directory = join(folder, "m");
    await saveCheckpoint(directory, version(0));
    let running = true;
    const saving = (async () => {
      for (let i = 1; running; i++) await saveCheckpoint(directory, version(i));
    })();
    try {
      for (let i = 0; i < 60; i++) {
        const { config, tensors } = await loadCheckpoint(directory);
        for (const { data } of Object.values(tensors)) assert.ok(data.every((x) => x === config.version));
      }
    } finally {
      running = false;
      await saving;
    }
  }));
