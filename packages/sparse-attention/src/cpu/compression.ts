// φ: makes one compressed key (or value) of the l keys of a block.
import { compressedTokens, type Layout, type Pattern } from "../layout.ts";
import { addScaled, type Numbers, zeros } from "./attention.ts";

/**
 * The weights of φ(x) = SiLU(flatten(x + position) · weight1 + bias1) · weight2 + bias2, a learnable MLP with an encoding
 * of the place within the block, shared by all key-value heads but for that encoding. `dim` is that of keys or values.
 */
export interface CompressionWeights<T = Float32Array> {
  /** `[l, kvHeads, dim]` */
  position: T;
  /** `[l · dim, hidden]` */
  weight1: T;
  /** `[hidden]` */
  bias1: T;
  /** `[hidden, dim]` */
  weight2: T;
  /** `[dim]` */
  bias2: T;
}

/** Without weights φ is the mean of the block. */
export type Compression<T> = CompressionWeights<T> | undefined;

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/**
 * Compressed keys k̃_c = φ(k_{c·d} … k_{c·d + l − 1}), for every complete block of every segment.
 *
 * @param keys `[tokens, kvHeads, dim]`
 * @returns `[compressed blocks, kvHeads, dim]`
 */
export function compress<N extends Numbers>(
  keys: N,
  weights: Compression<N>,
  sizes: { kvHeads: number; dim: number },
  layout: Layout,
  pattern: Pattern,
): N {
  const { kvHeads, dim } = sizes;
  const compressed = zeros(keys, layout.compressedBlocks * kvHeads * dim);
  forEachBlock(keys, sizes, layout, pattern, ({ block, kvHead, x }) => {
    const out = (block * kvHeads + kvHead) * dim;
    if (!weights) {
      for (let i = 0; i < x.length; i++) compressed[out + (i % dim)] += x[i] / pattern.compressionBlock;
      return;
    }
    const { hidden } = mlp(x, kvHead, weights, sizes);
    for (let i = 0; i < dim; i++) compressed[out + i] = weights.bias2[i];
    for (let j = 0; j < hidden.length; j++)
      addScaled(compressed, out, hidden[j] * sigmoid(hidden[j]), weights.weight2, j * dim, dim);
  });
  return compressed;
}

/** Gradients of `compress`: that of the keys is added to `keysGradient`, those of the weights are returned. */
export function compressBackward<N extends Numbers>(
  keys: N,
  weights: Compression<N>,
  sizes: { kvHeads: number; dim: number },
  layout: Layout,
  pattern: Pattern,
  outputGradient: N,
  keysGradient: N,
): Compression<N> {
  const { kvHeads, dim } = sizes;
  const l = pattern.compressionBlock;
  const gradients: Compression<N> = weights && {
    position: zeros(keys, weights.position.length),
    weight1: zeros(keys, weights.weight1.length),
    bias1: zeros(keys, weights.bias1.length),
    weight2: zeros(keys, weights.weight2.length),
    bias2: zeros(keys, weights.bias2.length),
  };
  forEachBlock(keys, sizes, layout, pattern, ({ block, kvHead, token, x }) => {
    const out = (block * kvHeads + kvHead) * dim;
    const key = (i: number) => ((token + i) * kvHeads + kvHead) * dim;
    if (!weights || !gradients) {
      for (let i = 0; i < l; i++) addScaled(keysGradient, key(i), 1 / l, outputGradient, out, dim);
      return;
    }
    const { input, hidden } = mlp(x, kvHead, weights, sizes);
    const width = hidden.length;
    const hiddenGradient = hidden.map((value, j) => {
      let sum = 0;
      for (let i = 0; i < dim; i++) sum += outputGradient[out + i] * weights.weight2[j * dim + i];
      addScaled(gradients.weight2, j * dim, value * sigmoid(value), outputGradient, out, dim);
      return sum * sigmoid(value) * (1 + value * (1 - sigmoid(value)));
    });
    addScaled(gradients.bias2, 0, 1, outputGradient, out, dim);
    addScaled(gradients.bias1, 0, 1, hiddenGradient, 0, width);
    for (let i = 0; i < l; i++)
      for (let e = 0; e < dim; e++) {
        const row = (i * dim + e) * width;
        addScaled(gradients.weight1, row, input[i * dim + e], hiddenGradient, 0, width);
        let sum = 0;
        for (let j = 0; j < width; j++) sum += weights.weight1[row + j] * hiddenGradient[j];
        gradients.position[(i * kvHeads + kvHead) * dim + e] += sum;
        keysGradient[key(i) + e] += sum;
      }
  });
  return gradients;
}

/** Calls `visit` for each compressed block and key-value head with x, the keys of the block one after the other. */
function forEachBlock(
  keys: Numbers,
  { kvHeads, dim }: { kvHeads: number; dim: number },
  layout: Layout,
  pattern: Pattern,
  visit: (place: { block: number; kvHead: number; token: number; x: Float64Array }) => void,
): void {
  const x = new Float64Array(pattern.compressionBlock * dim);
  compressedTokens(layout, pattern).forEach((token, block) => {
    for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
      for (let i = 0; i < pattern.compressionBlock; i++) {
        const key = ((token + i) * kvHeads + kvHead) * dim;
        x.set(keys.subarray(key, key + dim), i * dim);
      }
      visit({ block, kvHead, token, x });
    }
  });
}

/** What enters the MLP, x + position, and the hidden layer before its activation. */
function mlp(
  x: Float64Array,
  kvHead: number,
  { position, weight1, bias1 }: CompressionWeights<Numbers>,
  { kvHeads, dim }: { kvHeads: number; dim: number },
): { input: Float64Array; hidden: Float64Array } {
  const input = x.map((value, i) => value + position[(Math.floor(i / dim) * kvHeads + kvHead) * dim + (i % dim)]);
  const hidden = Float64Array.from(bias1);
  for (let i = 0; i < input.length; i++) addScaled(hidden, 0, input[i], weight1, i * hidden.length, hidden.length);
  return { input, hidden };
}
