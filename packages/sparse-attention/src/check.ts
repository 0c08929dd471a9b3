// The door: what comes in is checked once, and errors say what was expected and what was found.
import type { Data, Extent, Half, SparseAttentionOptions } from "./contract.ts";
import type { Heads } from "./cpu/attention.ts";
import { bitsOf, float32Of, isFinite16 } from "./half.ts";
import { type Layout, layoutOf, type Pattern } from "./layout.ts";

const integer = (name: string, value: unknown, least: number): number => {
  if (!Number.isInteger(value) || (value as number) < least)
    throw new RangeError(
      `Cannot create sparse attention: ${name} is ${String(value)}, expected a whole number ≥ ${least}`,
    );
  return value as number;
};

const known = new Set(
  "backend device precision subgroups gpuJsMode GPU queryHeads kvHeads headDim valueDim scale compressionBlock compressionStride selectionBlock selectedBlocks initialBlocks localBlocks window checkNumbers onKernel".split(
    " ",
  ),
);

/** Options with their defaults, or an error that names the one that is wrong. */
export function checkOptions(options: SparseAttentionOptions): { heads: Heads; pattern: Pattern } {
  const fail = (reason: string): never => {
    throw new RangeError(`Cannot create sparse attention: ${reason}`);
  };
  if (!options || typeof options !== "object")
    throw new TypeError(`Cannot create sparse attention: options is ${options}, expected an object`);
  for (const name of Object.keys(options)) if (!known.has(name)) fail(`there is no option "${name}"`);
  const { precision = "f32" } = options;
  if (precision !== "f32" && precision !== "f16") fail(`precision is ${precision}, expected "f32" or "f16"`);
  if (options.device && (options.backend === "gpu.js" || options.backend === "cpu"))
    fail('device is given, which only the backend "webgpu" takes');
  const { queryHeads, kvHeads, headDim, valueDim = headDim, scale = headDim ** -0.5 } = options;
  for (const [name, value] of Object.entries({ queryHeads, kvHeads, headDim, valueDim })) integer(name, value, 1);
  if (queryHeads % kvHeads) fail(`queryHeads is ${queryHeads}, expected a multiple of kvHeads, ${kvHeads}`);
  if (!Number.isFinite(scale)) fail(`scale is ${scale}, expected a finite number`);
  const pattern: Pattern = {
    compressionBlock: integer("compressionBlock", options.compressionBlock ?? 32, 1),
    compressionStride: integer("compressionStride", options.compressionStride ?? 16, 1),
    selectionBlock: integer("selectionBlock", options.selectionBlock ?? 64, 1),
    selectedBlocks: integer("selectedBlocks", options.selectedBlocks ?? 16, 1),
    initialBlocks: integer("initialBlocks", options.initialBlocks ?? 1, 0),
    localBlocks: integer("localBlocks", options.localBlocks ?? 2, 0),
    window: integer("window", options.window ?? 512, 1),
  };
  const {
    compressionBlock: l,
    compressionStride: d,
    selectionBlock,
    selectedBlocks,
    initialBlocks,
    localBlocks,
  } = pattern;
  if (l % d) fail(`compressionStride is ${d}, expected a divisor of compressionBlock, ${l}`);
  if (selectionBlock % d) fail(`compressionStride is ${d}, expected a divisor of selectionBlock, ${selectionBlock}`);
  if (selectionBlock < l) fail(`selectionBlock is ${selectionBlock}, expected at least compressionBlock, ${l}`);
  if (initialBlocks + localBlocks > selectedBlocks)
    fail(
      `selectedBlocks is ${selectedBlocks}, expected at least initialBlocks + localBlocks, ${initialBlocks + localBlocks}`,
    );
  return { heads: { queryHeads, kvHeads, headDim, valueDim, scale }, pattern };
}

/** The layout of a call, from its extent and its query. */
export function checkExtent(
  call: string,
  extent: Extent & { query: Data | Half },
  heads: Heads,
  pattern: Pattern,
): Layout {
  const { batch = 1, segments, query } = extent;
  const width = heads.queryHeads * heads.headDim;
  const fail = (reason: string): never => {
    throw new RangeError(`Cannot compute ${call}: ${reason}`);
  };
  if (!Number.isInteger(batch) || batch < 1) fail(`batch is ${batch}, expected a whole number ≥ 1`);
  const time = extent.time ?? (isArray(query) ? query.length / width / batch : undefined);
  if (time === undefined)
    throw new TypeError(`Cannot compute ${call}: time is missing, and query is no array that tells it`);
  if (!Number.isInteger(time) || time < 1)
    fail(
      extent.time === undefined
        ? `query has ${(query as Float32Array).length} numbers, expected batch · time · queryHeads · headDim: a multiple of ${batch * width}`
        : `time is ${time}, expected a whole number ≥ 1`,
    );
  const tokens = batch * time;
  let starts = Int32Array.from({ length: batch + 1 }, (_, row) => row * time);
  if (segments) {
    if (!ArrayBuffer.isView(segments))
      fail(`segments is ${typeof segments}, expected an Int32Array of cumulative lengths`);
    const last = segments.length - 1;
    if (segments[0] !== 0 || segments[last] !== tokens)
      fail(`segments go from ${segments[0]} to ${segments[last]}, expected 0 to batch · time, ${tokens}`);
    for (let i = 0; i < last; i++)
      if (segments[i + 1] <= segments[i])
        fail(`segments[${i + 1}] is ${segments[i + 1]}, expected more than segments[${i}], ${segments[i]}`);
    for (const row of starts)
      if (!segments.includes(row)) fail(`no segment starts at token ${row}, where a row of the batch does`);
    starts = Int32Array.from(segments);
  }
  return layoutOf(starts, pattern);
}

/** Whether data is on this side. */
export const isArray = (data: unknown): data is Float32Array => ArrayBuffer.isView(data);

/** Checks one input's type, length and numbers. Of queries, keys and values, float16 will do. */
export function checkData(
  call: string,
  name: string,
  data: Data | Half,
  length: number,
  { buffers, checkNumbers }: { buffers: boolean; checkNumbers: boolean },
): void {
  const half = /^(query|keys|values)/.test(name);
  if (isArray(data)) {
    const bits = half ? bitsOf(data) : undefined;
    if (!bits && !((data as unknown) instanceof Float32Array))
      throw new TypeError(
        `Cannot compute ${call}: ${name} is a ${(data as object).constructor.name}, expected a Float32Array`,
      );
    if (data.length !== length)
      throw new RangeError(`Cannot compute ${call}: ${name} has ${data.length} numbers, expected ${length}`);
    if (!checkNumbers) return;
    for (let i = 0; i < data.length; i++)
      if (!(bits ? isFinite16(bits[i]) : Number.isFinite(data[i])))
        throw new RangeError(
          `Cannot compute ${call}: ${name}[${i}] is ${bits ? float32Of(bits.subarray(i, i + 1))[0] : data[i]}, expected a finite number`,
        );
    return;
  }
  const packed = half ? (data as { float16?: GPUBuffer } | undefined)?.float16 : undefined;
  const size = (packed ?? (data as GPUBuffer | undefined))?.size;
  const least = length * (packed ? 2 : 4);
  if (!buffers || typeof size !== "number")
    throw new TypeError(
      `Cannot compute ${call}: ${name} is ${data === null ? "null" : typeof data}, expected a Float32Array${buffers ? " or a GPUBuffer" : ""}`,
    );
  if (size < least)
    throw new RangeError(`Cannot compute ${call}: ${name} has ${size} bytes, expected at least ${least}`);
}

/** Block numbers that a caller chose: in range, none twice for one query. */
export function checkBlocks(call: string, blocks: Int32Array, kvHeads: number, layout: Layout): void {
  if (!((blocks as unknown) instanceof Int32Array))
    throw new TypeError(`Cannot compute ${call}: blocks is ${typeof blocks}, expected an Int32Array`);
  const rows = layout.tokens * kvHeads;
  const count = blocks.length / rows;
  if (!Number.isInteger(count) || count < 1)
    throw new RangeError(
      `Cannot compute ${call}: blocks has ${blocks.length} numbers, expected a multiple of batch · time · kvHeads, ${rows}`,
    );
  for (let row = 0; row < rows; row++) {
    const own = blocks.subarray(row * count, (row + 1) * count);
    for (let i = 0; i < count; i++) {
      if (own[i] < -1 || own[i] >= layout.selectionBlocks)
        throw new RangeError(
          `Cannot compute ${call}: blocks[${row * count + i}] is ${own[i]}, expected −1 to ${layout.selectionBlocks - 1}`,
        );
      if (own[i] >= 0 && own.indexOf(own[i]) < i)
        throw new RangeError(
          `Cannot compute ${call}: block ${own[i]} occurs twice for token ${Math.floor(row / kvHeads)}, expected once at most`,
        );
    }
  }
}
