// Random problems, small and awkward: segments shorter than a block, lengths that divide nothing, groups of heads.
import type { ForwardInput } from "../contract.ts";
import type { CompressionWeights, Heads, Numbers, SparseInputs } from "../cpu/mod.ts";
import { type Layout, layoutOf, type Pattern } from "../layout.ts";

/** A generator of numbers in [0, 1) with a seed: enough for tests. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}

/** `length` numbers between -scale and scale, exact in float32. */
export const randomNumbers = (random: () => number, length: number, scale: number = 1): Float64Array =>
  Float64Array.from({ length }, () => Math.fround((2 * random() - 1) * scale));

/** l = 8, d = 4, l' = 16, n = 4 of which one initial and two local, w = 12. */
export const smallPattern: Pattern = {
  compressionBlock: 8,
  compressionStride: 4,
  selectionBlock: 16,
  selectedBlocks: 4,
  initialBlocks: 1,
  localBlocks: 2,
  window: 12,
};

export interface Case {
  heads: Heads;
  pattern: Pattern;
  layout: Layout;
  inputs: SparseInputs<Float64Array>;
  outputGradient: Float64Array;
}

/** A problem with segments of the given lengths. */
export function caseOf(
  lengths: number[],
  {
    seed = 1,
    queryHeads = 2,
    kvHeads = 1,
    headDim = 4,
    valueDim = headDim,
    hidden = 0,
    pattern = smallPattern,
  }: {
    seed?: number;
    queryHeads?: number;
    kvHeads?: number;
    headDim?: number;
    valueDim?: number;
    /** Width of φ's hidden layer; 0: means. */
    hidden?: number;
    pattern?: Pattern;
  } = {},
): Case {
  const random = randomOf(seed);
  const starts = Int32Array.from([0, ...lengths]);
  for (let i = 1; i < starts.length; i++) starts[i] += starts[i - 1];
  const layout = layoutOf(starts, pattern);
  const { tokens } = layout;
  const keys = () => randomNumbers(random, tokens * kvHeads * headDim, 2);
  const values = () => randomNumbers(random, tokens * kvHeads * valueDim);
  const weights = (dim: number): CompressionWeights<Float64Array> => ({
    position: randomNumbers(random, pattern.compressionBlock * kvHeads * dim),
    weight1: randomNumbers(random, pattern.compressionBlock * dim * hidden, 0.5),
    bias1: randomNumbers(random, hidden),
    weight2: randomNumbers(random, hidden * dim),
    bias2: randomNumbers(random, dim),
  });
  return {
    heads: { queryHeads, kvHeads, headDim, valueDim, scale: headDim ** -0.5 },
    pattern,
    layout,
    inputs: {
      query: randomNumbers(random, tokens * queryHeads * headDim, 2),
      keys: { compressed: keys(), selected: keys(), window: keys() },
      values: { compressed: values(), selected: values(), window: values() },
      gates: randomNumbers(random, tokens * queryHeads * 3).map((x) => Math.fround((x + 1) / 2)),
      compression: hidden ? { keys: weights(headDim), values: weights(valueDim) } : {},
    },
    outputGradient: randomNumbers(random, tokens * queryHeads * valueDim),
  };
}

/** The case's arrays in float32. */
export function float32({ inputs, layout, outputGradient }: Case): {
  input: ForwardInput<Float32Array, Float32Array>;
  outputGradient: Float32Array;
} {
  const convert = (tree: object): object =>
    Object.fromEntries(
      Object.entries(tree).map(([name, value]) => [
        name,
        value && (ArrayBuffer.isView(value) ? Float32Array.from(value as Float64Array) : convert(value)),
      ]),
    );
  const input = { ...convert(inputs), segments: layout.starts } as ForwardInput<Float32Array, Float32Array>;
  return { input, outputGradient: Float32Array.from(outputGradient) };
}

/** To the nearest float16. */
export const half = (x: number): number => {
  const step = 2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(x) || 1))) - 10);
  return Math.round(x / step) * step;
};

/** float16's bits of numbers that it holds. */
export const bits16 = (array: Float32Array): Uint16Array =>
  Uint16Array.from(array, (x) => {
    const exponent = Math.max(-14, Math.floor(Math.log2(Math.abs(x) || 2 ** -14)));
    const steps = (Math.abs(x) / 2 ** exponent) * 1024; // from 1024 on: normal
    const size = steps < 1024 ? steps : ((exponent + 15) << 10) + steps - 1024;
    return x < 0 || Object.is(x, -0) ? size | 0x8000 : size;
  });

/** The input with float16's bits for queries, keys and values. */
export function float16({
  query,
  keys,
  values,
  ...more
}: ForwardInput<Float32Array, Float32Array>): ForwardInput<Float32Array, Uint16Array> {
  const all = ({ compressed, selected, window }: typeof keys) => ({
    compressed: bits16(compressed),
    selected: bits16(selected),
    window: bits16(window),
  });
  return { query: bits16(query), keys: all(keys), values: all(values), ...more };
}

/** The largest absolute value. */
export const largest = (numbers: Numbers): number => {
  let max = 0;
  for (const x of numbers) max = Math.max(max, Math.abs(x));
  return max;
};

/** Largest difference as a share of the largest expected number, which counts as `floor` at least. */
export function relativeError(actual: Numbers, expected: Numbers, floor: number = 1e-30): number {
  if (actual.length !== expected.length) return Infinity;
  let [difference, size] = [0, floor];
  for (let i = 0; i < expected.length; i++) {
    const error = actual[i] === expected[i] ? 0 : Math.abs(actual[i] - expected[i]);
    if (Number.isNaN(error)) return Infinity;
    difference = Math.max(difference, error);
    if (Number.isFinite(expected[i])) size = Math.max(size, Math.abs(expected[i]));
  }
  return difference / size;
}

/** Every array in a tree of objects: path → array. */
export function leaves(tree: object, path: string = ""): Map<string, Float64Array> {
  const found = new Map<string, Float64Array>();
  for (const [name, value] of Object.entries(tree)) {
    if (ArrayBuffer.isView(value)) found.set(path + name, value as Float64Array);
    else if (value) for (const entry of leaves(value, `${path}${name}.`)) found.set(...entry);
  }
  return found;
}
