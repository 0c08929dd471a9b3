// Attention on buffers of one WebGPU device: which kernels run, in which order, on how much.
import type { Heads } from "../cpu/attention.ts";
import type { Pattern, Ranges } from "../layout.ts";
import { keyGradientCode, keyWorkgroups, sumSplitsCode } from "./kernels/keys.ts";
import { forwardCode, log2e, queryGradientCode, queryWorkgroups, type Sizes } from "./kernels/queries.ts";
import { combineCode, packCode, rowStatsCode } from "./kernels/rows.ts";
import { countCode, importanceCode, listCode, offsetsCode, partialSlots, selectCode } from "./kernels/selection.ts";
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
  blocks?: { buffer: GPUBuffer; span: number; count: number; table?: GPUBuffer; tableLength: number };
}

export interface DeviceAttended {
  output: GPUBuffer;
  logSumExp: GPUBuffer;
}

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

  #sizes(columns: Columns, keysAsRows: boolean): Sizes {
    const { blocks } = columns;
    const group = this.heads.queryHeads / this.heads.kvHeads;
    const rows = blocks ? Math.min(this.rows, roundUp(keysAsRows ? blocks.span : group, 4)) : this.rows;
    return {
      ...this.heads,
      rows,
      unroll: this.runtime.unroll,
      half: this.half,
      blocks: blocks && { span: blocks.span, count: blocks.count },
    };
  }

  #stored(buffer: GPUBuffer): Binding {
    return this.half ? { type: "vec2<u32>", buffer } : vec4(buffer);
  }

  /** `length` numbers as `DeviceInputs` has them: as they are, or as a float16 copy, which is `made` here. */
  async pack(buffer: GPUBuffer, length: number, made: GPUBuffer[]): Promise<GPUBuffer> {
    if (!this.half) return buffer;
    const packed = this.runtime.buffer(length / 2);
    made.push(packed);
    await this.runtime.run({
      label: "float16",
      code: packCode,
      parameters: { count: length / 4 },
      buffers: { numbers: vec4(buffer), packed: out(this.#stored(packed)) },
      workgroups: Math.ceil(length / 256),
    });
    return packed;
  }

  get #scales() {
    return { scale: { float: this.heads.scale }, scale2: { float: this.heads.scale * log2e } };
  }

  /** Softmax attention of `tokens` queries. */
  async attend(
    label: string,
    { query, keys, values }: DeviceInputs,
    columns: Columns,
    tokens: number,
  ): Promise<DeviceAttended> {
    const { queryHeads, valueDim } = this.heads;
    const sizes = this.#sizes(columns, false);
    const output = this.runtime.buffer(tokens * queryHeads * valueDim);
    const logSumExp = this.runtime.buffer(tokens * queryHeads);
    await this.runtime.run({
      label: `${label} forward`,
      code: forwardCode(sizes),
      parameters: { tokens, tokenBase: 0, scale2: this.#scales.scale2, minusInfinity: 0xff800000 },
      buffers: {
        query: this.#stored(query),
        keys: this.#stored(keys),
        values: this.#stored(values),
        ranges: u32(columns.ranges),
        ...(columns.blocks && { blocks: i32(columns.blocks.buffer) }),
        output: out(vec4(output)),
        logSumExp: out(f32(logSumExp)),
      },
      workgroups: queryWorkgroups(sizes, tokens),
    });
    return { output, logSumExp };
  }

  /**
   * Gradients of `attend`'s inputs into the buffers of `into`: those of keys and values are written, that of the queries is
   * written or, with `accumulate`, added to.
   */
  async attendBackward(
    label: string,
    { query, keys, values }: DeviceInputs,
    columns: Columns,
    tokens: number,
    { output, logSumExp }: DeviceAttended,
    outputGradient: GPUBuffer,
    into: DeviceInputs,
    {
      accumulate = false,
      gate,
    }: { accumulate?: boolean; gate?: { gates: GPUBuffer; gradient: GPUBuffer; branch: number } } = {},
  ): Promise<void> {
    const { runtime, heads } = this;
    const { kvHeads, queryHeads, headDim, valueDim } = heads;
    const rowStats = runtime.temporary(tokens * queryHeads * 4);
    await runtime.run({
      label: `${label} row sums`,
      code: rowStatsCode(valueDim, gate !== undefined),
      parameters: { rows: tokens * queryHeads, branch: gate?.branch ?? 0 },
      buffers: {
        output: vec4(output),
        outputGradient: vec4(outputGradient),
        logSumExp: f32(logSumExp),
        rowStats: out(vec4(rowStats)),
        ...(gate && { gates: f32(gate.gates), gatesGradient: out(f32(gate.gradient)) }),
      },
      workgroups: Math.ceil((tokens * queryHeads) / 4),
    });
    const shared = {
      query: this.#stored(query),
      keys: this.#stored(keys),
      values: this.#stored(values),
      outputGradient: vec4(outputGradient),
      rowStats: vec4(rowStats),
    };
    const { blocks } = columns;
    const querySizes = this.#sizes(columns, false);
    await runtime.run({
      label: `${label} dQ`,
      code: queryGradientCode(querySizes),
      parameters: { tokens, tokenBase: 0, ...this.#scales, accumulate: accumulate ? 1 : 0 },
      buffers: {
        ...shared,
        ranges: u32(columns.ranges),
        ...(blocks && { blocks: i32(blocks.buffer) }),
        queryGradient: out(vec4(into.query)),
      },
      workgroups: queryWorkgroups(querySizes, tokens),
    });
    if (!columns.keyCount) return;

    const sizes = this.#sizes(columns, true);
    const units = blocks ? blocks.tableLength : columns.keyCount;
    const splits = this.#splits(columns, keyWorkgroups(sizes, units, 1));
    const partial = runtime.temporary(splits * columns.keyCount * kvHeads * (headDim + valueDim));
    const index = blocks && (await this.#invert(label, columns, tokens));
    await runtime.run({
      label: `${label} dK dV`,
      code: keyGradientCode(sizes),
      parameters: { keyCount: columns.keyCount, blockCount: blocks?.tableLength ?? 0, splits, ...this.#scales },
      buffers: {
        ...shared,
        ...(blocks
          ? { blockTable: { type: "vec4<u32>", buffer: blocks.table! }, index: u32(index!) }
          : { ranges: u32(columns.ranges), keyRanges: u32(columns.keyRanges!) }),
        partial: out(vec4(partial)),
      },
      workgroups: keyWorkgroups(sizes, units, splits),
    });
    await runtime.run({
      label: `${label} dK dV sums`,
      code: sumSplitsCode(sizes),
      parameters: { keyCount: columns.keyCount, splits },
      buffers: { partial: vec4(partial), keysGradient: out(vec4(into.keys)), valuesGradient: out(vec4(into.values)) },
      workgroups: Math.ceil((columns.keyCount * kvHeads * (headDim + valueDim)) / 256),
    });
  }

  /** Enough parts that a device has 1024 workgroups to share out, as far as lists are long and buffers may be large. */
  #splits({ longest, keyCount }: Columns, workgroups: number): number {
    const { kvHeads, queryHeads, headDim, valueDim } = this.heads;
    const { maxStorageBufferBindingSize: most } = this.runtime.device.limits;
    const useful = Math.ceil((longest * queryHeads) / kvHeads / 64);
    const fitting = Math.floor(most / (keyCount * kvHeads * (headDim + valueDim) * 4));
    return Math.max(1, Math.min(16, Math.ceil(1024 / workgroups), useful, fitting));
  }

  /** For each block the tokens that chose it: see selection.ts. */
  async #invert(label: string, { blocks }: Columns, tokens: number): Promise<GPUBuffer> {
    const { kvHeads } = this.heads;
    const { buffer, count, table, tableLength } = blocks!;
    const lists = kvHeads * tableLength;
    const index = this.runtime.temporary(lists + 1 + tokens * kvHeads * count);
    const buffers = {
      blocks: i32(buffer),
      blockTable: { type: "vec4<u32>", buffer: table! },
      index: out(u32(index)),
    };
    const parameters = { blockCount: tableLength };
    await this.runtime.run({
      label: `${label} count`,
      code: countCode(kvHeads, count),
      parameters,
      buffers,
      workgroups: lists,
    });
    await this.runtime.run({
      label: `${label} offsets`,
      code: offsetsCode,
      parameters: { count: lists },
      buffers: { index: out(u32(index)) },
      workgroups: 1,
    });
    await this.runtime.run({
      label: `${label} lists`,
      code: listCode(kvHeads, count),
      parameters,
      buffers,
      workgroups: lists,
    });
    return index;
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
    const { kvHeads, queryHeads, valueDim } = heads;
    const { tokens, selectionBlocks } = place;
    const sizes = this.#sizes(columns, false);
    const tiles = this.#mostTiles(place.tokenRanges, sizes.rows);
    const slots = partialSlots(pattern);
    // Portions start where a tile of rows does.
    const step = sizes.rows / gcd(sizes.rows, queryHeads / kvHeads);
    const steps = Math.max(1, Math.floor(runtime.scratch / (step * queryHeads * tiles * (slots + 1) * 4)));
    const portion = Math.min(tokens, steps * step);
    const partials = runtime.temporary(portion * queryHeads * tiles * slots);
    const tops = runtime.temporary(portion * queryHeads * tiles);
    const output = runtime.buffer(tokens * queryHeads * valueDim);
    const logSumExp = runtime.buffer(tokens * queryHeads);
    const size = (wanted.importance ? tokens : portion) * kvHeads * selectionBlocks;
    const importance = wanted.importance ? runtime.buffer(size) : runtime.temporary(size);
    const blocks = wanted.blocks ? runtime.buffer(tokens * kvHeads * pattern.selectedBlocks) : undefined;
    for (let tokenBase = 0; tokenBase < tokens; tokenBase += portion) {
      const count = Math.min(portion, tokens - tokenBase);
      await runtime.run({
        label: `${label} forward`,
        code: forwardCode(sizes, pattern),
        parameters: {
          tokens: count,
          tokenBase,
          tiles,
          scale2: this.#scales.scale2,
          minusInfinity: 0xff800000,
        },
        buffers: {
          query: this.#stored(query),
          keys: this.#stored(keys),
          values: this.#stored(values),
          ranges: u32(place.ranges),
          output: out(vec4(output)),
          logSumExp: out(f32(logSumExp)),
          partials: out(f32(partials)),
          tops: out(f32(tops)),
        },
        workgroups: queryWorkgroups(sizes, count),
      });
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
          logSumExp: f32(logSumExp),
          ranges: u32(place.ranges),
          starts: u32(place.starts),
          importance: out(f32(importance)),
        },
        workgroups: Math.ceil((count * kvHeads * selectionBlocks) / 64),
      });
      if (blocks) await this.selectFrom(importance, place, blocks, tokenBase, count);
    }
    return { attended: { output, logSumExp }, importance: wanted.importance ? importance : undefined, blocks };
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
      code: selectCode(kvHeads, this.pattern),
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
