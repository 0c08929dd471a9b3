// φ and its gradients on gpu.js: see cpu/compression.ts for what is computed. Blocks are first copied out, so that all of it
// is products of matrices.
import type { Compression } from "../cpu/compression.ts";
import { compressedTokens, coveringBlocks, type Layout, type Pattern } from "../layout.ts";
import { type GpuJs, Scope } from "./runtime.ts";

type F = Float32Array;

interface Sizes {
  kvHeads: number;
  dim: number;
}

/** The input of φ, x + position, `[blocks, kvHeads, l, dim]`. */
const gatherCode = (l: number, kvHeads: number, dim: number) => `function (keys, position, firstTokens) {
  const row = quotient(this.thread.x, ${l * dim});
  const rest = this.thread.x - row * ${l * dim};
  const block = quotient(row, ${kvHeads});
  const kvHead = row - block * ${kvHeads};
  const place = quotient(rest, ${dim});
  const i = rest - place * ${dim};
  return keys[((firstTokens[block] + place) * ${kvHeads} + kvHead) * ${dim} + i] + position[(place * ${kvHeads} + kvHead) * ${dim} + i];
}`;

/** bias + Σ_k a[m, k] · b[k, n], with the strides of a and b, so that either may be transposed. */
const productCode = `function (a, b, bias, width, depth, aRow, aStep, bStep, bColumn) {
  const m = quotient(this.thread.x, width);
  const n = this.thread.x - m * width;
  let sum = bias[n];
  for (let k = 0; k < depth; k++) { sum += a[m * aRow + k * aStep] * b[k * bStep + n * bColumn]; }
  return sum;
}`;

const siluCode = `function (x) {
  const value = x[this.thread.x];
  return value / (1 + Math.exp(-Math.max(value, -80)));
}`;

/** gradient · SiLU′(x) */
const siluSlopeCode = `function (gradient, x) {
  const value = x[this.thread.x];
  const s = 1 / (1 + Math.exp(-Math.max(value, -80)));
  return gradient[this.thread.x] * s * (1 + value * (1 - s));
}`;

/** The mean of each block. */
const meanCode = (l: number, width: number) => `function (keys, firstTokens) {
  const block = quotient(this.thread.x, ${width});
  let sum = 0;
  for (let i = 0; i < ${l}; i++) { sum += keys[(firstTokens[block] + i) * ${width} + this.thread.x - block * ${width}]; }
  return sum / ${l};
}`;

/** Gradient of the raw keys: of each block that a token lies in, what `term` says. */
const spreadCode = (kvHeads: number, dim: number, term: string) => `function (gradient, begins, stops, firstTokens) {
  const at = quotient(this.thread.x, ${dim});
  const i = this.thread.x - at * ${dim};
  const token = quotient(at, ${kvHeads});
  const kvHead = at - token * ${kvHeads};
  const begin = begins[token];
  const many = stops[token] - begin;
  let sum = 0;
  for (let j = 0; j < many; j++) {
    const block = begin + j;
    const row = block * ${kvHeads} + kvHead;
    const place = token - firstTokens[block];
    sum += ${term};
  }
  return sum;
}`;

async function product(
  scope: Scope,
  a: F,
  b: F,
  [m, n, k]: [number, number, number],
  {
    bias = new Float32Array(n),
    aTransposed = false,
    bTransposed = false,
  }: { bias?: F; aTransposed?: boolean; bTransposed?: boolean } = {},
): Promise<F> {
  const held = [await scope.up(a), await scope.up(b), await scope.up(bias)];
  const strides = [...(aTransposed ? [1, m] : [k, 1]), ...(bTransposed ? [1, k] : [n, 1])];
  return scope.gpu.read(await scope.run(productCode, m * n, ...held, n, k, ...strides));
}

const each = async (scope: Scope, code: string, ...arrays: F[]): Promise<F> => {
  const held = [];
  for (const array of arrays) held.push(await scope.up(array));
  return scope.gpu.read(await scope.run(code, arrays[0].length, ...held));
};

/** φ's input and hidden layer, for its gradients; neither for the mean. */
export interface Compressed {
  compressed: F;
  input?: F;
  hidden?: F;
}

/** A scope for one function: what it makes on the device is freed at its end. */
async function within<T>(gpu: GpuJs, action: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = new Scope(gpu);
  try {
    return await action(scope);
  } finally {
    scope.free();
  }
}

/** Compressed keys `[blocks, kvHeads, dim]`. */
export function compress(
  gpu: GpuJs,
  keys: F,
  weights: Compression<F>,
  { kvHeads, dim }: Sizes,
  layout: Layout,
  pattern: Pattern,
): Promise<Compressed> {
  const l = pattern.compressionBlock;
  const rows = layout.compressedBlocks * kvHeads;
  return within(gpu, async (scope) => {
    if (!rows) return { compressed: new Float32Array(0) };
    const [raw, firstTokens] = [await scope.up(keys), await scope.up(compressedTokens(layout, pattern))];
    if (!weights)
      return {
        compressed: await gpu.read(await scope.run(meanCode(l, kvHeads * dim), rows * dim, raw, firstTokens)),
      };
    const position = await scope.up(weights.position);
    const gathered = await scope.run(gatherCode(l, kvHeads, dim), rows * l * dim, raw, position, firstTokens);
    const input = await gpu.read(gathered);
    const width = weights.bias1.length;
    const hidden = await product(scope, input, weights.weight1, [rows, width, l * dim], { bias: weights.bias1 });
    const active = await each(scope, siluCode, hidden);
    const compressed = await product(scope, active, weights.weight2, [rows, dim, width], { bias: weights.bias2 });
    return { compressed, input, hidden };
  });
}

/** Gradients of the raw keys and of the weights. */
export function compressBackward(
  gpu: GpuJs,
  { input, hidden }: Compressed,
  weights: Compression<F>,
  { kvHeads, dim }: Sizes,
  layout: Layout,
  pattern: Pattern,
  outputGradient: F,
): Promise<{ keys: F; weights: Compression<F> }> {
  const l = pattern.compressionBlock;
  const blocks = layout.compressedBlocks;
  const rows = blocks * kvHeads;
  return within(gpu, async (scope) => {
    const spread = async (gradient: F, term: string): Promise<F> => {
      const pairs = coveringBlocks(layout, pattern);
      const side = (which: number) => Float32Array.from({ length: layout.tokens }, (_, t) => pairs[2 * t + which]);
      const lists = [await scope.up(gradient), await scope.up(side(0)), await scope.up(side(1))];
      const firstTokens = await scope.up(compressedTokens(layout, pattern));
      const code = spreadCode(kvHeads, dim, term);
      return gpu.read(await scope.run(code, layout.tokens * kvHeads * dim, ...lists, firstTokens));
    };
    if (!weights) return { keys: await spread(outputGradient, `gradient[row * ${dim} + i] / ${l}`), weights };
    const width = weights.bias1.length;
    if (!input || !hidden) {
      const none = Object.entries(weights).map(([name, array]) => [name, new Float32Array(array.length)]);
      return { keys: new Float32Array(layout.tokens * kvHeads * dim), weights: Object.fromEntries(none) };
    }
    const transposed = { aTransposed: true };
    const ones = (length: number) => new Float32Array(length).fill(1);
    const active = await each(scope, siluCode, hidden);
    const toActive = await product(scope, outputGradient, weights.weight2, [rows, width, dim], { bTransposed: true });
    const toHidden = await each(scope, siluSlopeCode, toActive, hidden);
    const toInput = await product(scope, toHidden, weights.weight1, [rows, l * dim, width], { bTransposed: true });
    const byHead = await product(scope, ones(blocks), toInput, [1, kvHeads * l * dim, blocks]);
    return {
      keys: await spread(toInput, `gradient[row * ${l * dim} + place * ${dim} + i]`),
      weights: {
        // From [kvHeads, l, dim] to [l, kvHeads, dim].
        position: byHead.map((_, at) => {
          const [place, kvHead] = [Math.floor(at / (kvHeads * dim)), Math.floor(at / dim) % kvHeads];
          return byHead[(kvHead * l + place) * dim + (at % dim)];
        }),
        weight1: await product(scope, input, toHidden, [l * dim, width, rows], transposed),
        bias1: await product(scope, ones(rows), toHidden, [1, width, rows]),
        weight2: await product(scope, active, outputGradient, [width, dim, rows], transposed),
        bias2: await product(scope, ones(rows), outputGradient, [1, dim, rows]),
      },
    };
  });
}
