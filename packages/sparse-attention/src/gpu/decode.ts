// The cache of decoding on the device.
import type { Branches, Compression, DecodeInput, SparseCache } from "../contract.ts";
import type { Heads } from "../cpu/attention.ts";
import { compressedRangeAt, type Pattern } from "../layout.ts";
import { compressOnDevice } from "./compress.ts";
import type { Columns, Engine } from "./engine.ts";
import { Inputs } from "./inputs.ts";
import type { Runtime } from "./runtime.ts";

type B = GPUBuffer;
const branchNames = ["compressed", "selected", "window"] as const;

/** Keys and values of rows that all have `length` tokens; row b starts at b · capacity. */
export class DeviceCache implements SparseCache {
  readonly batch: number;
  readonly capacity: number;
  readonly compressedCapacity: number;
  length: number = 0;
  readonly keys: Branches<B>;
  readonly values: Branches<B>;
  readonly compressedKeys: B;
  readonly compressedValues: B;
  readonly #phi: { keys: Compression<B>; values: Compression<B> };
  readonly #owned: B[];
  readonly #runtime: Runtime;
  readonly #engine: Engine;
  readonly #heads: Heads;
  readonly #pattern: Pattern;
  readonly #hidden: { keys: number; values: number };

  constructor(
    engine: Engine,
    batch: number,
    capacity: number,
    phi: { keys: Compression<B>; values: Compression<B>; hidden: { keys: number; values: number } },
    owned: B[],
  ) {
    const { runtime, heads, pattern } = engine;
    this.#engine = engine;
    this.#runtime = runtime;
    this.#heads = heads;
    this.#pattern = pattern;
    this.#phi = phi;
    this.#hidden = phi.hidden;
    this.batch = batch;
    this.capacity = capacity;
    this.compressedCapacity = compressedRangeAt(capacity - 1, pattern);
    const stored = engine.half ? 0.5 : 1;
    const branches = (dim: number): Branches<B> => {
      const length = batch * capacity * heads.kvHeads * dim;
      const one = () => runtime.buffer(length * stored);
      return { compressed: runtime.buffer(length), selected: one(), window: one() };
    };
    this.keys = branches(heads.headDim);
    this.values = branches(heads.valueDim);
    this.compressedKeys = runtime.buffer(batch * this.compressedCapacity * heads.kvHeads * heads.headDim * stored);
    this.compressedValues = runtime.buffer(batch * this.compressedCapacity * heads.kvHeads * heads.valueDim * stored);
    this.#owned = [...owned, ...Object.values(this.keys), ...Object.values(this.values)];
    this.#owned.push(this.compressedKeys, this.compressedValues);
  }

  /** Appends `time` tokens to each row, and the compressed blocks that they complete. */
  async append({ keys, values }: Pick<DecodeInput, "keys" | "values">, time: number): Promise<void> {
    const [runtime, engine] = [this.#runtime, this.#engine];
    const { kvHeads, headDim, valueDim } = this.#heads;
    const pattern = this.#pattern;
    const made: B[] = [];
    const given = new Inputs(engine, made);
    for (const [from, to, dim] of [
      [keys, this.keys, headDim],
      [values, this.values, valueDim],
    ] as const)
      for (const branch of branchNames) {
        const half = engine.half && branch !== "compressed"; // φ reads the tokens of the compressed branch in float32
        const tokens = await given[half ? "stored" : "raw"](from[branch], this.batch * time * kvHeads * dim);
        const width = kvHeads * dim * (half ? 0.5 : 1);
        for (let row = 0; row < this.batch; row++)
          runtime.copy(
            tokens,
            row * time * width,
            to[branch],
            (row * this.capacity + this.length) * width,
            time * width,
          );
      }
    runtime.discard(...made);
    const first = compressedRangeAt(this.length - 1, pattern);
    const count = compressedRangeAt(this.length + time - 1, pattern) - first;
    this.length += time;
    if (!count) return;
    const firstTokens = runtime.upload(
      Int32Array.from(
        { length: this.batch * count },
        (_, i) => Math.floor(i / count) * this.capacity + (first + (i % count)) * pattern.compressionStride,
      ),
      true,
    );
    for (const [raw, weights, to, dim, hidden] of [
      [this.keys.compressed, this.#phi.keys, this.compressedKeys, headDim, this.#hidden.keys],
      [this.values.compressed, this.#phi.values, this.compressedValues, valueDim, this.#hidden.values],
    ] as const) {
      const place = {
        tokens: 0,
        blocks: this.batch * count,
        firstTokens,
        covering: firstTokens,
        kvHeads,
        dim,
        span: pattern.compressionBlock,
        hidden,
      };
      const made = await compressOnDevice(runtime, raw, weights, place);
      const copies: B[] = [];
      const compressed = await engine.pack(made.compressed, this.batch * count * kvHeads * dim, copies);
      for (let row = 0; row < this.batch; row++) {
        const width = kvHeads * dim * (engine.half ? 0.5 : 1);
        const at = (row * this.compressedCapacity + first) * width;
        runtime.copy(compressed, row * count * width, to, at, count * width);
      }
      runtime.discard(made.compressed, ...copies);
      if (made.hidden) runtime.discard(made.hidden);
    }
  }

  dispose(): void {
    for (const buffer of this.#owned.splice(0)) buffer.destroy();
  }
}

/** Attention of the last token of each row, `[batch, queryHeads, valueDim]`. */
export async function attendLastOnDevice(engine: Engine, cache: DeviceCache, query: B, gates: B): Promise<B> {
  const { runtime, pattern } = engine;
  const { batch, capacity, compressedCapacity, length } = cache;
  const pairs = (stretch: (row: number) => [number, number]) =>
    Int32Array.from({ length: 2 * batch }, (_, i) => stretch(i >> 1)[i & 1]);
  const columns = (keys: number, stretch: (row: number) => [number, number]): Columns => ({
    ranges: runtime.upload(pairs(stretch), true),
    keyCount: 0,
    longest: 1,
    keys,
  });
  const visible = compressedRangeAt(length - 1, pattern);
  const seen = (row: number): [number, number] => [row * compressedCapacity, row * compressedCapacity + visible];
  const compressedColumns = columns(visible, seen);
  const keys = { query, keys: cache.compressedKeys, values: cache.compressedValues };
  const place = {
    ranges: compressedColumns.ranges,
    // What selection reads is token − start: the place in the row. In 32 bits without a sign this comes out right.
    starts: runtime.upload(
      Int32Array.from({ length: batch }, (_, row) => row - (length - 1)),
      true,
    ),
    tokenRanges: { ofToken: pairs(seen), ofKey: new Int32Array(0) },
    tokens: batch,
    selectionBlocks: Math.ceil(length / pattern.selectionBlock),
  };
  const label = "decode compressed";
  const found = await engine.attendSelecting(label, keys, compressedColumns, place, { blocks: true });
  const { attended: compressed, blocks } = found;
  const own = (name: "selected" | "window") => ({ query, keys: cache.keys[name], values: cache.values[name] });
  const selectedColumns: Columns = {
    ...columns(Math.min(length, pattern.selectedBlocks * pattern.selectionBlock), (row) => [
      row * capacity,
      row * capacity + length,
    ]),
    blocks: { buffer: blocks!, span: pattern.selectionBlock, count: pattern.selectedBlocks, tableLength: 0 },
  };
  const selected = await engine.attend("decode selected", own("selected"), selectedColumns, batch);
  const seenLast = Math.min(length, pattern.window);
  const recent = columns(seenLast, (row) => [row * capacity + length - seenLast, row * capacity + length]);
  const window = await engine.attend("decode window", own("window"), recent, batch);
  for (const { output, logSumExp } of [compressed, selected, window]) runtime.discard(output, logSumExp);
  runtime.discard(blocks!);
  return engine.combine([compressed.output, selected.output, window.output], gates, batch);
}
