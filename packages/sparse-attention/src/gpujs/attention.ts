// Softmax attention on gpu.js, and its gradient, portion of tokens by portion, as scores are kept whole.
import type { Heads } from "../cpu/attention.ts";
import type { Layout, Pattern } from "../layout.ts";
import {
  importanceCode,
  logSumExpCode,
  nothing,
  ownerCode,
  probabilityCode,
  scoreGradientCode,
  scoresCode,
  weightedSumCode,
} from "./kernels.ts";
import { type GpuJs, type Held, mostNumbers, Scope } from "./runtime.ts";
import { invert, type Stretches } from "./stretches.ts";

/** Queries, keys and values on the device. */
export interface HeldInputs {
  query: Held;
  keys: Held;
  values: Held;
}

export interface Attended {
  output: Float32Array;
  /** −3e38 where nothing is seen. */
  logSumExp: Float32Array;
}

/** Scores of one portion: 16 MB. */
const portionNumbers = 2 ** 22;

/** The portions of the tokens, with the scores' numbers of columns. */
function* portions({ tokens, count, span }: Stretches, { queryHeads }: Heads) {
  const columns = count * span;
  if (queryHeads * columns > mostNumbers)
    throw new RangeError(
      `Cannot compute on gpu.js: one token has ${queryHeads} · ${columns} scores, expected at most 2²⁴`,
    );
  const step = Math.max(1, Math.floor(portionNumbers / (queryHeads * columns)));
  for (let base = 0; base < tokens; base += step)
    yield { base, end: Math.min(tokens, base + step), columns, rows: Math.min(step, tokens - base) * queryHeads };
}

/** Attention of all tokens, and the importance of selection blocks if a layout for it is given. */
export async function attend(
  gpu: GpuJs,
  { query, keys, values }: HeldInputs,
  heads: Heads,
  stretches: Stretches,
  wanted?: { layout: Layout; pattern: Pattern },
): Promise<Attended & { importance: Float32Array }> {
  const { queryHeads, kvHeads, valueDim, scale } = heads;
  const { tokens, count, span } = stretches;
  const output = new Float32Array(tokens * queryHeads * valueDim);
  const logSumExp = new Float32Array(tokens * queryHeads);
  const blocks = wanted?.layout.selectionBlocks ?? 0;
  const importance = new Float32Array(tokens * kvHeads * blocks);
  const scope = new Scope(gpu);
  try {
    const [firsts, ends] = [await scope.up(stretches.firsts), await scope.up(stretches.ends)];
    const zeros = await scope.up(output);
    for (const { base, end, columns, rows } of portions(stretches, heads)) {
      const part = new Scope(gpu);
      try {
        const scores = await part.run(
          scoresCode(heads, count),
          rows * columns,
          ...[query, keys, firsts, ends, base, columns, span, scale],
        );
        const sums = await part.run(logSumExpCode, rows, scores, columns);
        const probability = await part.run(probabilityCode, rows * columns, scores, sums, columns, 0);
        const result = await part.run(
          weightedSumCode(heads, valueDim, count),
          rows * valueDim,
          ...[probability, values, firsts, ends, zeros, base, columns, span],
        );
        output.set(await gpu.read(result), base * queryHeads * valueDim);
        logSumExp.set(await gpu.read(sums), base * queryHeads);
        if (!wanted) continue;
        const length = (end - base) * kvHeads * blocks;
        const code = importanceCode(heads, wanted.pattern);
        const found = await part.run(code, length, probability, firsts, ends, base, columns, blocks);
        importance.set(await gpu.read(found), base * kvHeads * blocks);
      } finally {
        part.free();
      }
    }
  } finally {
    scope.free();
  }
  return { output, logSumExp, importance };
}

/** What `attend` gives with −∞ where nothing is seen, as callers expect it. */
export const withInfinity = (logSumExp: Float32Array): Float32Array =>
  logSumExp.map((value) => (value < nothing / 2 ? -Infinity : value));

/**
 * Gradients of `attend`'s inputs. `outputGradient` (of this attention, gates included) and δ `[tokens, queryHeads]` are on
 * the device; that of the queries is added to `queryGradient`.
 */
export async function attendBackward(
  gpu: GpuJs,
  { query, keys, values }: HeldInputs,
  heads: Heads,
  stretches: Stretches,
  logSumExp: Float32Array,
  outputGradient: Held,
  delta: Held,
  queryGradient: Float32Array,
): Promise<{ keys: Float32Array; values: Float32Array }> {
  const { queryHeads, kvHeads, headDim, valueDim, scale } = heads;
  const { count, span } = stretches;
  const [keyLength, valueLength] = [stretches.keys * kvHeads * headDim, stretches.keys * kvHeads * valueDim];
  const scope = new Scope(gpu);
  let keysGradient: Float32Array = new Float32Array(keyLength);
  let valuesGradient: Float32Array = new Float32Array(valueLength);
  if (!stretches.keys) return { keys: keysGradient, values: valuesGradient };
  try {
    const [firsts, ends] = [await scope.up(stretches.firsts), await scope.up(stretches.ends)];
    const sums = await scope.up(logSumExp);
    const before = await scope.up(queryGradient);
    for (const { base, end, columns, rows } of portions(stretches, heads)) {
      const part = new Scope(gpu);
      try {
        const scores = await part.run(
          scoresCode(heads, count),
          rows * columns,
          ...[query, keys, firsts, ends, base, columns, span, scale],
        );
        const offset = base * queryHeads;
        const probability = await part.run(probabilityCode, rows * columns, scores, sums, columns, offset);
        const scoreGradient = await part.run(
          scoreGradientCode(heads, count),
          rows * columns,
          ...[probability, outputGradient, values, delta, firsts, ends, base, columns, span, scale],
        );
        const toQuery = await part.run(
          weightedSumCode(heads, headDim, count),
          rows * headDim,
          ...[scoreGradient, keys, firsts, ends, before, base, columns, span],
        );
        queryGradient.set(await gpu.read(toQuery), base * queryHeads * headDim);

        const inverse = invert(stretches, base, end);
        const lists = [
          firsts,
          await part.up(inverse.entries),
          await part.up(inverse.begins),
          await part.up(inverse.stops),
        ];
        const toKeys = await part.run(
          ownerCode(heads, headDim, count),
          keyLength,
          ...[scoreGradient, query, ...lists, await part.up(keysGradient), base, columns, span],
        );
        const toValues = await part.run(
          ownerCode(heads, valueDim, count),
          valueLength,
          ...[probability, outputGradient, ...lists, await part.up(valuesGradient), base, columns, span],
        );
        keysGradient = await gpu.read(toKeys);
        valuesGradient = await gpu.read(toValues);
      } finally {
        part.free();
      }
    }
  } finally {
    scope.free();
  }
  return { keys: keysGradient, values: valuesGradient };
}
