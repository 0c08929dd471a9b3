/**
 * Checkpoints in Hugging Face layout: a directory with `config.json`, `generation_config.json` and
 * `model.safetensors`, or numbered shards with `model.safetensors.index.json`, and whatever else belongs to the model
 * (`tokenizer.json`, optimiser state …).
 *
 * A save replaces the directory as a whole, see `directory_swap.ts`: after a kill at any moment the next load finds the
 * old checkpoint or the new one, complete.
 */
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { findDirectory, flush, replaceDirectory } from "./directory_swap.ts";
import { errorCode, fileError } from "./file_errors.ts";
import { firstNonFinite } from "./finite.ts";
import { float32ToBfloat16, float32ToFloat16 } from "./half.ts";
import { type Dtype, layoutSafetensors, type Tensor, toFloat32 } from "./safetensors.ts";
import { readSafetensors, writeLayout } from "./safetensors_file.ts";
import type { CheckpointTensor } from "./weights.ts";

/** What a checkpoint holds. */
export interface Checkpoint {
  /** The content of `config.json`, as it is. */
  config: Record<string, unknown>;
  /** By the names in the file, as float32; views of the files' buffers. */
  tensors: Record<string, CheckpointTensor>;
  /** Where it was found: the directory asked for, or its `.old` after a crash. Further files are there too. */
  directory: string;
}

/** Options of `loadCheckpoint`. */
export interface LoadOptions {
  /** Refuse weights that are NaN or infinite; default true. */
  checkFinite?: boolean;
  /** Compare checksums, where there are any; default true. */
  verify?: boolean;
}

/** Element types that weights can be stored in. */
export type StorageType = "float32" | "float16" | "bfloat16";

/** What `saveCheckpoint` writes. */
export interface CheckpointContent {
  /** For `config.json`; `torch_dtype` is set to `dtype`. */
  config: Record<string, unknown>;
  /** For `model.safetensors`. Must not change before the promise settles. */
  tensors: Record<string, CheckpointTensor>;
  /** Default `float32`. */
  dtype?: StorageType;
  /** Weights are split into files of at most this many bytes of tensors (one tensor at least); default 5e9. */
  maxShardBytes?: number;
  /** Further files by name, for example `tokenizer.json`; names may lead into subdirectories. */
  files?: Record<string, string | Uint8Array>;
  /** Refuse weights that are NaN or infinite, or become infinite in `dtype`; default true. */
  checkFinite?: boolean;
}

/**
 * Load a checkpoint.
 *
 * @param directory The checkpoint.
 * @param options See `LoadOptions`.
 * @returns Configuration and tensors, for `fromHuggingFace` and `fromHuggingFaceWeights`.
 * @throws {Error} If the directory or a file is missing, malformed or corrupted, a shard lacks a tensor that the index
 *   promises, or a weight is NaN or infinite; the message names file and tensor.
 *
 * @example
 * ```ts
 * import { loadCheckpoint } from "@gradus/transformer";
 * import { rejects } from "node:assert/strict";
 *
 * await rejects(loadCheckpoint("checkpoints/none"), /there is no such directory/);
 * ```
 */
export async function loadCheckpoint(directory: string, options: LoadOptions = {}): Promise<Checkpoint> {
  const cannot = `Cannot load a checkpoint from ${directory}`;
  // A save by another process may replace the directory between two of our reads: then read again, lest configuration
  // and shards come from different checkpoints.
  for (let left = 5; ; left--) {
    let found: string | undefined;
    let before: string;
    try {
      found = await findDirectory(directory);
      before = await identity(found);
    } catch (error) {
      throw fileError(cannot, error);
    }
    if (found === undefined) throw new Error(`${cannot}: there is no such directory`);
    try {
      const checkpoint = await loadFrom(found, cannot, options);
      if (left === 0 || before === (await identity(found))) return checkpoint;
    } catch (error) {
      if (left === 0 || before === (await identity(found))) throw error;
    }
  }
}

async function loadFrom(found: string, cannot: string, options: LoadOptions): Promise<Checkpoint> {
  const config = await readObject(join(found, "config.json"));
  if (config === undefined) throw new Error(`${cannot}: it has no config.json`);

  const tensors: Record<string, CheckpointTensor> = {};
  const take = (name: string, tensor: Tensor, file: string): void => {
    const data = toFloat32(tensor);
    if (options.checkFinite ?? true) {
      const bad = firstNonFinite(data);
      if (bad >= 0) throw new RangeError(`Cannot read ${file}: ${name}[${bad}] is ${data[bad]}`);
    }
    tensors[name] = { shape: tensor.shape, data };
  };

  const indexFile = join(found, "model.safetensors.index.json");
  const index = await readObject(indexFile);
  if (index === undefined) {
    const file = join(found, "model.safetensors");
    const { tensors: stored } = await readSafetensors(file, options).catch((error) => {
      if (errorCode(error.cause) !== "ENOENT") throw error;
      throw new Error(`${cannot}: it has neither model.safetensors nor model.safetensors.index.json`, { cause: error });
    });
    for (const [name, tensor] of Object.entries(stored)) take(name, tensor, file);
  } else {
    for (const [shard, names] of shardsOf(index, indexFile)) {
      const file = join(found, shard);
      const { tensors: stored } = await readSafetensors(file, options);
      for (const name of names) {
        if (!Object.hasOwn(stored, name)) {
          throw new RangeError(`Cannot read ${file}: ${name} is missing, though model.safetensors.index.json names it`);
        }
        take(name, stored[name], file);
      }
    }
  }
  return { config, tensors, directory: found };
}

/**
 * Save a checkpoint, replacing the directory as a whole: what was in it before and is not part of `content` is gone.
 *
 * A directory that has files but no `config.json` is not taken for a checkpoint and not replaced. If the save fails
 * (no space, no permission …) or is killed, the previous checkpoint stays.
 *
 * @param directory Where; parents are created. `directory.old` and `directory.tmp-…` beside it are used as well.
 * @param content What to write.
 * @throws {Error} If it cannot be written, with the system's error as `cause`.
 * @throws {RangeError} If a weight is NaN or infinite (or too large for float16), a shape does not fit its data, or a
 *   further file has an impossible name; the message names it.
 *
 * @example
 * ```ts
 * import { ByteTokenizer, loadCheckpoint, saveCheckpoint } from "@gradus/transformer";
 * import { deepEqual } from "node:assert/strict";
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 *
 * const directory = `${await mkdtemp(`${tmpdir()}/checkpoints-`)}/last`;
 * await saveCheckpoint(directory, {
 *   config: { model_type: "llama" }, // toHuggingFace(config)
 *   tensors: { "model.norm.weight": { shape: [2], data: Float32Array.of(1, 0.5) } }, // toHuggingFaceWeights(…)
 *   dtype: "bfloat16",
 *   files: { "tokenizer.json": JSON.stringify(new ByteTokenizer()) },
 * });
 * const { tensors } = await loadCheckpoint(directory);
 * deepEqual(tensors["model.norm.weight"].data, Float32Array.of(1, 0.5));
 * ```
 */
export async function saveCheckpoint(directory: string, content: CheckpointContent): Promise<void> {
  const dtype = content.dtype ?? "float32";
  const cannot = `Cannot save a checkpoint to ${directory}`;
  if (!Object.hasOwn(storage, dtype)) {
    throw new RangeError(`${cannot}: dtype must be one of ${Object.keys(storage).join(", ")}, found ${dtype}`);
  }
  const files: Record<string, string | Uint8Array> = {
    "config.json": json({ ...content.config, torch_dtype: dtype }),
    "generation_config.json": json(generationConfig(content.config)),
    ...checkedFiles(content.files ?? {}, cannot),
  };
  const shards = split(content, dtype);
  const shardName = (i: number): string => {
    if (shards.length === 1) return "model.safetensors";
    const number = (n: number): string => String(n).padStart(5, "0");
    return `model-${number(i + 1)}-of-${number(shards.length)}.safetensors`;
  };
  if (shards.length > 1) {
    const placed = shards.flatMap((names, i) => names.map((name): [string, string] => [name, shardName(i)]));
    const totalSize = Object.values(content.tensors).reduce(
      (sum, { data }) => sum + data.length * storage[dtype].bytes,
      0,
    );
    files["model.safetensors.index.json"] = json({
      metadata: { total_size: totalSize },
      weight_map: Object.fromEntries(placed.sort(([a], [b]) => (a < b ? -1 : 1))),
    });
  }

  try {
    await refuseToReplaceOtherThings(directory);
    await replaceDirectory(directory, async (temporary) => {
      for (const [i, names] of shards.entries()) {
        const stored = names.map((name) => [
          name,
          narrow(name, content.tensors[name], dtype, content.checkFinite ?? true),
        ]);
        // transformers refuses files that do not say which framework's names they use.
        await writeLayout(
          join(temporary, shardName(i)),
          layoutSafetensors(Object.fromEntries(stored), { format: "pt" }),
        );
      }
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(temporary, name)), { recursive: true });
        await writeFile(join(temporary, name), text);
        await flush(join(temporary, name));
      }
    });
  } catch (error) {
    if (errorCode(error) === "") throw error;
    throw fileError(cannot, error);
  }
}

const storage: Record<StorageType, { name: Dtype; bytes: number }> = {
  float32: { name: "F32", bytes: 4 },
  float16: { name: "F16", bytes: 2 },
  bfloat16: { name: "BF16", bytes: 2 },
};

function narrow(name: string, { shape, data }: CheckpointTensor, dtype: StorageType, checkFinite: boolean): Tensor {
  const stored: Tensor =
    dtype === "float32"
      ? { shape, dtype: "F32", data }
      : dtype === "float16"
        ? { shape, dtype: "F16", data: float32ToFloat16(data) }
        : { shape, dtype: "BF16", data: float32ToBfloat16(data) };
  if (checkFinite) {
    const bad = firstNonFinite(toFloat32(stored));
    if (bad >= 0) {
      const why = Number.isFinite(data[bad]) ? `${data[bad]}, too large for ${dtype}` : data[bad];
      throw new RangeError(`Cannot save the weights: ${name}[${bad}] is ${why}`);
    }
  }
  return stored;
}

/** Names in order, cut wherever the next tensor would not fit. */
function split({ tensors, maxShardBytes = 5e9 }: CheckpointContent, dtype: StorageType): string[][] {
  if (!(maxShardBytes > 0)) {
    throw new RangeError(`Cannot save the weights: maxShardBytes must be positive, found ${maxShardBytes}`);
  }
  const shards: string[][] = [[]];
  let bytes = 0;
  for (const [name, { data }] of Object.entries(tensors)) {
    const size = data.length * storage[dtype].bytes;
    if (bytes > 0 && bytes + size > maxShardBytes) {
      shards.push([]);
      bytes = 0;
    }
    shards[shards.length - 1].push(name);
    bytes += size;
  }
  return shards;
}

function generationConfig(config: Record<string, unknown>): Record<string, unknown> {
  const fields = ["bos_token_id", "eos_token_id", "pad_token_id"].filter((field) => (config[field] ?? null) !== null);
  return { _from_model_config: true, ...Object.fromEntries(fields.map((field) => [field, config[field]])) };
}

function checkedFiles(files: Record<string, string | Uint8Array>, cannot: string): Record<string, string | Uint8Array> {
  for (const name of Object.keys(files)) {
    const outside =
      name === "" || name.includes("\\") || name.split("/").some((part) => ["", ".", ".."].includes(part));
    if (outside) throw new RangeError(`${cannot}: files must lie inside the directory, found ${JSON.stringify(name)}`);
    if (name === "config.json" || /^model.*\.safetensors(\.index\.json)?$/.test(name)) {
      throw new RangeError(`${cannot}: files must not contain what is written from config and tensors, found ${name}`);
    }
  }
  return files;
}

async function refuseToReplaceOtherThings(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error): string[] => {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  });
  if (names.length === 0 || names.includes("config.json")) return;
  throw new Error(
    `Cannot save a checkpoint to ${directory}: it holds other files (${names.slice(0, 3).join(", ")}) and no config.json, ` +
      "and saving replaces the whole directory",
  );
}

function shardsOf(index: Record<string, unknown>, file: string): Map<string, string[]> {
  const map = index.weight_map;
  if (typeof map !== "object" || map === null) throw new SyntaxError(`Cannot read ${file}: weight_map is missing`);
  const shards = new Map<string, string[]>();
  for (const [name, shard] of Object.entries(map)) {
    if (typeof shard !== "string" || /[/\\]/.test(shard)) {
      throw new SyntaxError(`Cannot read ${file}: ${name} must be in a file beside it, found ${JSON.stringify(shard)}`);
    }
    const names = shards.get(shard);
    if (names) names.push(name);
    else shards.set(shard, [name]);
  }
  return shards;
}

/** Tells a directory from another that takes its name. */
async function identity(directory: string | undefined): Promise<string> {
  if (directory === undefined) return "";
  const { ino, mtimeMs } = await stat(directory).catch(() => ({ ino: 0, mtimeMs: 0 }));
  return `${ino} ${mtimeMs}`;
}

/** A JSON file's object; undefined if there is no such file. */
async function readObject(path: string): Promise<Record<string, unknown> | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw fileError(`Cannot read ${path}`, error);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SyntaxError(`Cannot read ${path}: it must hold a JSON object`);
  }
  return value as Record<string, unknown>;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
