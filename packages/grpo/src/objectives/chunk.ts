/**
 * Working memory of `grpo`: up to 512 trained tokens of one sequence, gathered densely. Each kernel is then a plain loop
 * over float64 arrays of fixed type that stay in the first-level cache, whatever the options. The usual options have a
 * single loop of their own (`fused.ts`).
 *
 * @module
 */

import type { FloatArray } from "./batch.ts";

/** Tokens in a chunk: 4 KiB of float64. */
export const CHUNK = 512;

/** Dense arrays, of which the first `n` entries hold. */
export class Chunk {
  n = 0;
  readonly index: Int32Array = new Int32Array(CHUNK);
  readonly logProbs: Float64Array = new Float64Array(CHUNK);
  readonly advantages: Float64Array = new Float64Array(CHUNK);
  readonly logRatios: Float64Array = new Float64Array(CHUNK);
  readonly ratios: Float64Array = new Float64Array(CHUNK);
  readonly values: Float64Array = new Float64Array(CHUNK);
  readonly slopes: Float64Array = new Float64Array(CHUNK);
  readonly gaps: Float64Array = new Float64Array(CHUNK);
  readonly estimates: Float64Array = new Float64Array(CHUNK);
  readonly klSlopes: Float64Array = new Float64Array(CHUNK);

  /** Finds the trained tokens from `start` on, as many as fit, and returns where to go on. */
  select(mask: Uint8Array | Float32Array, start: number, end: number): number {
    const { index } = this;
    let n = 0;
    let t = start;
    for (; t < end && n < CHUNK; t++) {
      index[n] = t;
      n += mask[t] === 0 ? 0 : 1;
    }
    this.n = n;
    return t;
  }

  /** Gathers `source` into `target`. */
  gather(source: FloatArray, target: Float64Array): void {
    const { index, n } = this;
    for (let k = 0; k < n; k++) target[k] = source[index[k]];
  }

  /** Gathers a − b into `target`. */
  gatherDifference(a: FloatArray, b: FloatArray, target: Float64Array): void {
    const { index, n } = this;
    for (let k = 0; k < n; k++) target[k] = a[index[k]] - b[index[k]];
  }
}

/** Sum over the trained tokens of a sequence of a − b. */
export function sumDifference(
  a: FloatArray,
  b: FloatArray,
  mask: Uint8Array | Float32Array,
  start: number,
  end: number,
): number {
  let sum = 0;
  for (let t = start; t < end; t++) if (mask[t] !== 0) sum += a[t] - b[t];
  return sum;
}
