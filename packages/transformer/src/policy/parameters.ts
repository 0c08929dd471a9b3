/**
 * All weights in one flat array, so that the optimiser makes one pass, the gradient's norm is one sum, and a checkpoint
 * is one write.
 *
 * @module
 */
import { stream } from "@gradus/seeds";
import type { TransformerConfig } from "../files/config.ts";
import { isSparse } from "../files/sparsity.ts";
import { type Weights, weightShapes } from "../files/weights.ts";

/** A weight's place in the flat array. */
export interface Slot {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

/** Where each weight lies, in the order of `weightShapes`. */
export function layoutOf(config: TransformerConfig): Slot[] {
  let offset = 0;
  return Object.entries(weightShapes(config)).map(([name, shape]) => {
    const size = shape.reduce((product, dim) => product * dim, 1);
    const slot = { name, shape, offset, size };
    offset += size;
    return slot;
  });
}

/** Entries of the flat array. */
export function totalSize(layout: readonly Slot[]): number {
  const last = layout[layout.length - 1];
  return last.offset + last.size;
}

/** Each weight as a view of the flat array. */
export function views(flat: Float32Array, layout: readonly Slot[]): Weights {
  return Object.fromEntries(layout.map(({ name, offset, size }) => [name, flat.subarray(offset, offset + size)]));
}

/** 1 for the entries that weight decay applies to: matrices, not norms and biases. */
export function decayMask(layout: readonly Slot[]): Uint8Array {
  const mask = new Uint8Array(totalSize(layout));
  for (const { shape, offset, size } of layout) if (shape.length > 1) mask.fill(1, offset, offset + size);
  return mask;
}

/**
 * Adds to a weight of φ what makes φ the sum of the block's keys over √l, by SiLU(z) − SiLU(−z) = z. That commutes with
 * rotary embedding and keeps the keys' size, where a random MLP would begin by choosing blocks at random. Needs two hidden
 * units for each number of a head; with fewer, nothing is added.
 */
function addSum(weight: Float32Array, [rows, columns]: readonly number[], isFirst: boolean, headSize: number): void {
  const hidden = isFirst ? columns : rows;
  if (hidden < 2 * headSize) return;
  if (isFirst) {
    const share = 1 / Math.sqrt(rows / headSize);
    for (let row = 0; row < rows; row++) {
      weight[row * columns + (row % headSize)] += share;
      weight[row * columns + headSize + (row % headSize)] -= share;
    }
  } else {
    for (let e = 0; e < headSize; e++) {
      weight[e * columns + e] += 1;
      weight[(headSize + e) * columns + e] -= 1;
    }
  }
}

/**
 * Gives all branches of sparse attention the first one's projections of keys and values: a query that learns to find
 * something in one of them then looks for it in the others, too.
 */
function repeatBranch(qkv: Float32Array, [rows, columns]: readonly number[], config: TransformerConfig): void {
  const { heads, keyValueHeads, headSize } = config;
  const [first, width] = [heads * headSize, 2 * keyValueHeads * headSize];
  for (let row = 0; row < rows; row++) {
    const from = row * columns + first;
    for (let branch = 1; branch < 3; branch++) qkv.copyWithin(from + branch * width, from, from + width);
  }
}

/**
 * Random weights: matrices normal with standard deviation 1/√(rows), those that write to the residual stream divided by
 * √(2 · layers) more (as in GPT-2), the embedding 0.02, norms one, biases zero. φ of sparse attention begins near the sum
 * of a block's keys over √l, see {@linkcode addSum}, and its branches with the same projections.
 */
export function initialize(config: TransformerConfig, layout: readonly Slot[], seed: number): Float32Array {
  const flat = new Float32Array(totalSize(layout));
  const residual = 1 / Math.sqrt(2 * config.layers);
  layout.forEach(({ name, shape, offset, size }, index) => {
    const part = flat.subarray(offset, offset + size);
    if (shape.length === 1) {
      part.fill(name.endsWith("Norm") ? 1 : 0);
      return;
    }
    const inPhi = /\.compress(Keys|Values)\.(position|weight[12])$/.exec(name);
    const writesResidual = name.endsWith(".attentionOutput") || name.endsWith(".down");
    const scale = writesResidual ? residual : inPhi ? 0.1 : 1;
    const deviation = name === "embedding" || inPhi?.[2] === "position" ? 0.02 : scale / Math.sqrt(shape[0]);
    stream(seed, { purpose: "weights", sample: index }).fillNormal(part, 0, deviation);
    if (isSparse(config) && name.endsWith(".qkv")) repeatBranch(part, shape, config);
    if (inPhi?.[2].startsWith("weight")) addSum(part, shape, inPhi[2] === "weight1", config.headSize);
  });
  return flat;
}
