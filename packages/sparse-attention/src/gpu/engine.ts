// Attention on buffers of one WebGPU device: which kernels run, in which order, on how much.
import type { Heads } from "../cpu/attention.ts";
import type { Pattern, Ranges } from "../layout.ts";
import { forwardCode, log2e, queryUnits, type Sizes } from "./kernels/queries.ts";
import { combineCode, mergeCode, noneSeen, packCode, unpackCode } from "./kernels/rows.ts";
import { importanceCode, partialSlots, selectCode } from "./kernels/selection.ts";
import { type Binding, f32, i32, out, type Runtime, u32, vec4 } from "./runtime.ts";
import { threads, workgroupBytes } from "./tile.ts";

/** Queries, keys and values on the device. */
export interface DeviceInputs {
  query: GPUBuffer;
  keys: GPUBuffer;
  values: GPUBuffer;
}

/** Which keys each token sees: stretches, with those of the keys for the backward pass, or selected blocks. */
export interface Columns {
  /** u32 pairs: the stretch of each token; with `blocks`, from the start of its segment. */
  ranges: GPUBuffer;
  keyRanges?: GPUBuffer;
  keyCount: number;
  /** The most tokens that see one key, for sharing work out. */
  longest: number;
  /** The most keys that a token sees, where tokens are so few that their keys are to be shared out. */
  keys?: number;
  blocks?: { buffer: GPUBuffer; span: number; count: number; table?: GPUBuffer; tableLength: number };
}

export interface DeviceAttended {
  output: GPUBuffer;
  logSumExp: GPUBuffer;
}

const packed = (buffer: GPUBuffer): Binding => ({ type: "vec2<u32>", buffer });
/** The bits of a float32: WGSL has no name for infinity. */
const bitsOf = (x: number) => new Uint32Array(Float32Array.of(x).buffer)[0];
const gcd = (a: number, b: number): number => (b ? gcd(b, a % b) : a);
const roundUp = (value: number, step: number) => Math.ceil(value / step) * step;

export class Engine {
  readonly runtime: Runtime;
  readonly heads: Heads;
  readonly pattern: Pattern;
  /** Rows of a tile: 64 where workgroups may use 26 KiB and 256 threads, else 32. */
  readonly rows: number;

  /** Whether queries, keys and values of `DeviceInputs` are float16: see `pack`. */
  readonly half: boolean;

  constructor(runtime: Runtime, heads: Heads, pattern: Pattern, half: boolean = false) {
    this.runtime = runtime;
    this.half = half;
    this.heads = heads;
    this.pattern = pattern;
    const { maxComputeWorkgroupStorageSize: bytes, maxComputeInvocationsPerWorkgroup: most } = runtime.device.limits;
    this.rows = workgroupBytes(64) <= bytes && threads(64) <= most ? 64 : 32;
  }

  /** What decides the code of a kernel for these columns. */
  sizes(columns: Columns, keysAsRows: boolean): Sizes {
    const { blocks } = columns;
    const group = this.heads.queryHeads / this.heads.kvHeads;
    const rows = blocks ? Math.min(this.rows, roundUp(keysAsRows ? blocks.span : group, 4)) : this.rows;
    return {
      ...this.heads,
      rows,
      unroll: this.runtime.unroll,
      lanes: this.runtime.lanes,
      half: this.half,
      blocks: blocks && { span: blocks.span, count: blocks.count },
    };
  }

  /** The binding of queries, keys or values. */
  stored(buffer: GPUBuffer): Binding {
    return this.half ? packed(buffer) : vec4(buffer);
  }

  /** `length` numbers as `DeviceInputs` has them: as they are, or as a float16 copy, which is `made` here. */
  async pack(buffer: GPUBuffer, length: number, made: GPUBuffer[]): Promise<GPUBuffer> {
    if (!this.half) return buffer;
    const copy = this.runtime.buffer(length / 2);
    made.push(copy);
    await this.#convert(packCode, { numbers: vec4(buffer), packed: out(packed(copy)) }, length);
    return copy;
  }

  /** A float32 copy of `length` float16 numbers, which is `made` here. */
  async unpack(buffer: GPUBuffer, length: number, made: GPUBuffer[]): Promise<GPUBuffer> {
    const copy = this.runtime.buffer(length);
    made.push(copy);
    await this.#convert(unpackCode, { packed: packed(buffer), numbers: out(vec4(copy)) }, length);
    return copy;
  }

  #convert(code: string, buffers: Record<string, Binding>, length: number): Promise<void> {
    const workgroups = Math.ceil(length / 256);
    return this.runtime.run({ label: "float16", code, parameters: { count: length / 4 }, buffers, workgroups });
  }

  /** What scores are multiplied with, and that times log₂ e. */
  get scales(): { scale: { float: number }; scale2: { float: number } } {
    return { scale: { float: this.heads.scale }, scale2: { float: this.heads.scale * log2e } };
  }

  /** Softmax attention of `tokens` queries. */
  async attend(
    label: string,
    { query, keys, values }: DeviceInputs,
    columns: Columns,
    tokens: number,
  ): Promise<DeviceAttended> {
    const sizes = this.sizes(columns, false);
    const result = this.#result(tokens);
    const shared = this.#share(queryUnits(sizes, tokens), columns, tokens, result);
    await this.runtime.run({
      label: `${label} forward`,
      code: forwardCode(sizes),
      parameters: { tokens, tokenBase: 0, ...shared.parameters },
      buffers: {
        query: this.stored(query),
        keys: this.stored(keys),
        values: this.stored(values),
        ranges: u32(columns.ranges),
        ...(columns.blocks && { blocks: i32(columns.blocks.buffer) }),
        ...shared.buffers,
      },
      workgroups: shared.workgroups,
    });
    await shared.merge(label);
    return result;
  }

  #result(tokens: number, times: number = 1): DeviceAttended {
    const { queryHeads, valueDim } = this.heads;
    const rows = tokens * queryHeads * times;
    return { output: this.runtime.buffer(rows * valueDim), logSumExp: this.runtime.buffer(rows) };
  }

  /** Shares out the keys of few queries: what the forward kernel needs for that, and what makes one result of its parts. */
  #share(units: number, { keys = 0 }: Columns, tokens: number, result: DeviceAttended) {
    const { runtime, heads } = this;
    const parts = Math.max(1, Math.min(Math.floor(runtime.parallel / units), Math.floor(keys / 64)));
    const rows = tokens * heads.queryHeads;
    const { output, logSumExp } = parts > 1 ? this.#result(tokens, parts) : result;
    if (parts > 1) runtime.discard(output, logSumExp);
    const outlets = ({ output, logSumExp }: DeviceAttended) => ({
      output: out(vec4(output)),
      logSumExp: out(f32(logSumExp)),
    });
    const nothing = bitsOf(parts > 1 ? noneSeen : -Infinity);
    return {
      parameters: { units, parts, rows, scale2: this.scales.scale2, nothing },
      buffers: outlets({ output, logSumExp }),
      workgroups: units * parts,
      merge: async (label: string) => {
        if (parts === 1) return;
        await runtime.run({
          label: `${label} parts`,
          code: mergeCode(heads.valueDim),
          parameters: { parts, rows, nothing: bitsOf(-Infinity) },
          buffers: { parts: vec4(output), partSums: f32(logSumExp), ...outlets(result) },
          workgroups: Math.ceil((rows * heads.valueDim) / 256),
        });
      },
    };
  }

  /**
   * Compressed attention, with the importance of the selection blocks, and with it, if asked for, the selection. Tokens go in
   * portions whose partial sums fit `runtime.scratch` bytes, so no buffer grows with the square of the length; importance itself is
   * kept whole only if asked for.
   */
  async attendSelecting(
    label: string,
    { query, keys, values }: DeviceInputs,
    columns: Columns,
    place: { ranges: GPUBuffer; starts: GPUBuffer; tokenRanges: Ranges; tokens: number; selectionBlocks: number },
    wanted: { importance: true; blocks?: false } | { blocks: true; importance?: false },
  ): Promise<{ attended: DeviceAttended; importance: GPUBuffer | undefined; blocks: GPUBuffer | undefined }> {
    const { runtime, heads, pattern } = this;
    const { kvHeads, queryHeads } = heads;
    const { tokens, selectionBlocks } = place;
    const sizes = this.sizes(columns, false);
    const tiles = this.#mostTiles(place.tokenRanges, sizes.rows);
    const slots = partialSlots(pattern);
    // Portions start where a tile of rows does.
    const step = sizes.rows / gcd(sizes.rows, queryHeads / kvHeads);
    const steps = Math.max(1, Math.floor(runtime.scratch / (step * queryHeads * tiles * (slots + 1) * 4)));
    const portion = Math.min(tokens, steps * step);
    const partials = runtime.temporary(portion * queryHeads * tiles * slots);
    const tops = runtime.temporary(portion * queryHeads * tiles);
    const result = this.#result(tokens);
    const size = (wanted.importance ? tokens : portion) * kvHeads * selectionBlocks;
    const importance = wanted.importance ? runtime.buffer(size) : runtime.temporary(size);
    const blocks = wanted.blocks ? runtime.buffer(tokens * kvHeads * pattern.selectedBlocks) : undefined;
    for (let tokenBase = 0; tokenBase < tokens; tokenBase += portion) {
      const count = Math.min(portion, tokens - tokenBase);
      const shared = this.#share(
        queryUnits(sizes, count),
        portion < tokens ? { ...columns, keys: 0 } : columns,
        tokens,
        result,
      );
      await runtime.run({
        label: `${label} forward`,
        code: forwardCode(sizes, pattern),
        parameters: { tokens: count, tokenBase, tiles, ...shared.parameters },
        buffers: {
          query: this.stored(query),
          keys: this.stored(keys),
          values: this.stored(values),
          ranges: u32(place.ranges),
          ...shared.buffers,
          partials: out(f32(partials)),
          tops: out(f32(tops)),
        },
        workgroups: shared.workgroups,
      });
      await shared.merge(label);
      await runtime.run({
        label: "importance",
        code: importanceCode(heads, sizes.rows, pattern),
        parameters: {
          tokens: count,
          tokenBase,
          tiles,
          blocks: selectionBlocks,
          offset: wanted.importance ? tokenBase * kvHeads * selectionBlocks : 0,
        },
        buffers: {
          partials: f32(partials),
          tops: f32(tops),
          logSumExp: f32(result.logSumExp),
          ranges: u32(place.ranges),
          starts: u32(place.starts),
          importance: out(f32(importance)),
        },
        workgroups: Math.ceil((count * kvHeads * selectionBlocks) / 64),
      });
      if (blocks) await this.selectFrom(importance, place, blocks, tokenBase, count);
    }
    return { attended: result, importance: wanted.importance ? importance : undefined, blocks };
  }

  /** The most tiles of 64 keys that a tile of rows walks over, wherever portions begin. */
  #mostTiles({ ofToken }: Ranges, rows: number): number {
    const { queryHeads, kvHeads } = this.heads;
    const tokens = ofToken.length / 2;
    const span = Math.ceil(rows / (queryHeads / kvHeads));
    let most = 1;
    for (let first = 0; first < tokens; first++) {
      const last = Math.min(first + span, tokens - 1);
      most = Math.max(most, Math.ceil((ofToken[2 * last + 1] - ofToken[2 * first]) / 64));
    }
    return most;
  }

  /** Top n blocks of `count` tokens' importances into `blocks`. */
  async selectFrom(
    importance: GPUBuffer,
    { starts, selectionBlocks }: { starts: GPUBuffer; selectionBlocks: number },
    blocks: GPUBuffer,
    tokenBase: number,
    count: number,
  ): Promise<void> {
    const { kvHeads } = this.heads;
    await this.runtime.run({
      label: "top-k",
      code: selectCode(kvHeads, this.pattern, this.runtime.lanes),
      parameters: { tokenBase, blocks: selectionBlocks },
      buffers: { importance: f32(importance), starts: u32(starts), selected: out(i32(blocks)) },
      workgroups: count * kvHeads,
    });
  }

  /** Σ gate · part. */
  async combine(parts: [GPUBuffer, GPUBuffer, GPUBuffer], gates: GPUBuffer, tokens: number): Promise<GPUBuffer> {
    const rows = tokens * this.heads.queryHeads;
    const { valueDim } = this.heads;
    const output = this.runtime.buffer(rows * valueDim);
    const [compressed, selected, window_] = parts.map(vec4);
    await this.runtime.run({
      label: "gates",
      code: combineCode(valueDim),
      parameters: { rows },
      buffers: { compressed, selected, window_, gates: f32(gates), output: out(vec4(output)) },
      workgroups: Math.ceil((rows * valueDim) / 256),
    });
    return output;
  }
}
