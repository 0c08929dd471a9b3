// Gradients of attention on buffers of one WebGPU device: owner-computes, so the same bits always.
import type { Columns, DeviceAttended, DeviceInputs, Engine } from "./engine.ts";
import { keyGradientCode, keyWorkgroups, sumSplitsCode } from "./kernels/keys.ts";
import { queryGradientCode, queryUnits } from "./kernels/queries.ts";
import { rowStatsCode } from "./kernels/rows.ts";
import { countCode, listCode, offsetsCode } from "./kernels/selection.ts";
import { f32, i32, out, u32, vec4 } from "./runtime.ts";

/**
 * Gradients of `attend`'s inputs into the buffers of `into`: those of keys and values are written, that of the queries is
 * written or, with `accumulate`, added to.
 */
export async function attendBackward(
  engine: Engine,
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
  const { runtime, heads } = engine;
  const { kvHeads, queryHeads, headDim, valueDim } = heads;
  const rowStats = runtime.temporary(tokens * queryHeads * 4);
  await runtime.run({
    label: `${label} row sums`,
    code: rowStatsCode(valueDim, gate !== undefined, runtime.lanes),
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
    query: engine.stored(query),
    keys: engine.stored(keys),
    values: engine.stored(values),
    outputGradient: vec4(outputGradient),
    rowStats: vec4(rowStats),
  };
  const { blocks } = columns;
  const querySizes = engine.sizes(columns, false);
  const queries = queryUnits(querySizes, tokens);
  await runtime.run({
    label: `${label} dQ`,
    code: queryGradientCode(querySizes),
    parameters: { tokens, tokenBase: 0, units: queries, ...engine.scales, accumulate: accumulate ? 1 : 0 },
    buffers: {
      ...shared,
      ranges: u32(columns.ranges),
      ...(blocks && { blocks: i32(blocks.buffer) }),
      queryGradient: out(vec4(into.query)),
    },
    workgroups: queries,
  });
  if (!columns.keyCount) return;

  const sizes = engine.sizes(columns, true);
  const units = blocks ? blocks.tableLength : columns.keyCount;
  const splits = splitsOf(engine, columns, keyWorkgroups(sizes, units, 1));
  const partial = runtime.temporary(splits * columns.keyCount * kvHeads * (headDim + valueDim));
  const index = blocks && (await invert(engine, label, columns, tokens));
  await runtime.run({
    label: `${label} dK dV`,
    code: keyGradientCode(sizes),
    parameters: { keyCount: columns.keyCount, blockCount: blocks?.tableLength ?? 0, splits, ...engine.scales },
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
function splitsOf({ heads, runtime }: Engine, { longest, keyCount }: Columns, workgroups: number): number {
  const { kvHeads, queryHeads, headDim, valueDim } = heads;
  const { maxStorageBufferBindingSize: most } = runtime.device.limits;
  const useful = Math.ceil((longest * queryHeads) / kvHeads / 64);
  const fitting = Math.floor(most / (keyCount * kvHeads * (headDim + valueDim) * 4));
  return Math.max(1, Math.min(16, Math.ceil(1024 / workgroups), useful, fitting));
}

/** For each block the tokens that chose it: see selection.ts. */
async function invert(
  { heads, runtime }: Engine,
  label: string,
  { blocks }: Columns,
  tokens: number,
): Promise<GPUBuffer> {
  const { kvHeads } = heads;
  const { buffer, count, table, tableLength } = blocks!;
  const lists = kvHeads * tableLength;
  const index = runtime.temporary(lists + 1 + tokens * kvHeads * count);
  const buffers = {
    blocks: i32(buffer),
    blockTable: { type: "vec4<u32>", buffer: table! },
    index: out(u32(index)),
  };
  const ofEachBlock = (name: string, code: string) =>
    runtime.run({
      label: `${label} ${name}`,
      code,
      parameters: { blockCount: tableLength },
      buffers,
      workgroups: lists,
    });
  await ofEachBlock("count", countCode(kvHeads, count));
  await runtime.run({
    label: `${label} offsets`,
    code: offsetsCode,
    parameters: { count: lists },
    buffers: { index: out(u32(index)) },
    workgroups: 1,
  });
  await ofEachBlock("lists", listCode(kvHeads, count));
  return index;
}
