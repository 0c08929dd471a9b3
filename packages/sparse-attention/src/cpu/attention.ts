// Softmax attention over any set of keys, and its gradient: the plain loops from which all branches are made. Sums are
// float64; arrays may be Float64Array (the oracle) or Float32Array (the backend "cpu").

/** Flat numbers, row-major. */
export type Numbers = Float64Array | Float32Array;

/** Sizes of one attention. Query heads h of a group share the key-value head ⌊h / (queryHeads / kvHeads)⌋. */
export interface Heads {
  queryHeads: number;
  kvHeads: number;
  /** Numbers in a query or a key. */
  headDim: number;
  /** Numbers in a value. */
  valueDim: number;
  /** What a query's dot product with a key is multiplied with. */
  scale: number;
}

/** The keys that a token's queries see, which may depend on the key-value head. */
export type Visible = (token: number, kvHead: number) => ArrayLike<number>;

/** Queries `[tokens, queryHeads, headDim]`, keys and values `[keys, kvHeads, headDim or valueDim]`. */
export interface Inputs<N extends Numbers = Numbers> {
  query: N;
  keys: N;
  values: N;
}

/** `output` `[tokens, queryHeads, valueDim]`; `logSumExp` `[tokens, queryHeads]`: ln Σ exp(scores), −∞ without keys. */
export interface Attended<N extends Numbers = Numbers> {
  output: N;
  logSumExp: N;
}

/** Zeros of the same kind of array. */
export const zeros = <N extends Numbers>(like: N, length: number): N =>
  new (like.constructor as new (length: number) => N)(length);

/** Σ a[i]·b[j], `count` numbers from each. Four sums at once, as one alone would wait for each addition. */
export function dot(a: Numbers, i: number, b: Numbers, j: number, count: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < count; k += 4) {
    s0 += a[i + k] * b[j + k];
    s1 += a[i + k + 1] * b[j + k + 1];
    s2 += a[i + k + 2] * b[j + k + 2];
    s3 += a[i + k + 3] * b[j + k + 3];
  }
  for (; k < count; k++) s0 += a[i + k] * b[j + k];
  return s0 + s1 + s2 + s3;
}

/** a[i] += factor · b[j], `count` numbers. */
export function addScaled(a: Numbers, i: number, factor: number, b: Numbers, j: number, count: number): void {
  for (let k = 0; k < count; k++) a[i + k] += factor * b[j + k];
}

/**
 * o_t = Σ_k softmax_k(scale · q_t·k) v_k over the keys that token t sees; 0 where it sees none.
 *
 * @example
 * ```ts
 * import { attend } from "@gradus/sparse-attention/reference";
 *
 * const heads = { queryHeads: 1, kvHeads: 1, headDim: 2, valueDim: 1, scale: 1 };
 * const [query, keys, values] = [[1, 0], [5, 1, 5, 2], [3, 7]].map((numbers) => Float64Array.from(numbers));
 * console.log(attend({ query, keys, values }, heads, () => [0, 1]).output); // [5]: both keys score 5
 * ```
 */
export function attend<N extends Numbers>(
  { query, keys, values }: Inputs<N>,
  heads: Heads,
  visible: Visible,
): Attended<N> {
  const { queryHeads, kvHeads, headDim, valueDim, scale } = heads;
  const tokens = query.length / (queryHeads * headDim);
  const group = queryHeads / kvHeads;
  const output = zeros(query, tokens * queryHeads * valueDim);
  const logSumExp = zeros(query, tokens * queryHeads);
  const sum = new Float64Array(valueDim);
  for (let token = 0; token < tokens; token++)
    for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
      const seen = visible(token, kvHead);
      const scores = new Float64Array(seen.length);
      for (let head = kvHead * group; head < (kvHead + 1) * group; head++) {
        const row = token * queryHeads + head;
        let max = -Infinity;
        for (let i = 0; i < seen.length; i++) {
          scores[i] = scale * dot(query, row * headDim, keys, (seen[i] * kvHeads + kvHead) * headDim, headDim);
          max = Math.max(max, scores[i]);
        }
        let total = 0;
        sum.fill(0);
        for (let i = 0; i < seen.length; i++) {
          const weight = Math.exp(scores[i] - max);
          total += weight;
          addScaled(sum, 0, weight, values, (seen[i] * kvHeads + kvHead) * valueDim, valueDim);
        }
        logSumExp[row] = seen.length ? max + Math.log(total) : -Infinity;
        for (let i = 0; i < valueDim && seen.length; i++) output[row * valueDim + i] = sum[i] / total;
      }
    }
  return { output, logSumExp };
}

/** Gradients of `attend`'s inputs, added to `into`. */
export function attendBackward<N extends Numbers>(
  { query, keys, values }: Inputs<N>,
  heads: Heads,
  visible: Visible,
  { output, logSumExp }: Attended<N>,
  outputGradient: N,
  into: Inputs<N>,
): void {
  const { queryHeads, kvHeads, headDim, valueDim, scale } = heads;
  const tokens = query.length / (queryHeads * headDim);
  const group = queryHeads / kvHeads;
  for (let token = 0; token < tokens; token++)
    for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
      const seen = visible(token, kvHead);
      for (let head = kvHead * group; head < (kvHead + 1) * group; head++) {
        const row = token * queryHeads + head;
        const delta = dot(outputGradient, row * valueDim, output, row * valueDim, valueDim);
        for (let i = 0; i < seen.length; i++) {
          const key = (seen[i] * kvHeads + kvHead) * headDim;
          const value = (seen[i] * kvHeads + kvHead) * valueDim;
          const score = scale * dot(query, row * headDim, keys, key, headDim);
          const probability = Math.exp(score - logSumExp[row]);
          const scoreGradient = probability * (dot(outputGradient, row * valueDim, values, value, valueDim) - delta);
          addScaled(into.values, value, probability, outputGradient, row * valueDim, valueDim);
          addScaled(into.query, row * headDim, scoreGradient * scale, keys, key, headDim);
          addScaled(into.keys, key, scoreGradient * scale, query, row * headDim, headDim);
        }
      }
    }
}
