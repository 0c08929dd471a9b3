// Source text of the kernels of the backend "gpu.js": one thread, one number of the result.
//
// A row is a token's query head. Its keys come in `count` stretches of up to `span` keys, one after another in the row's
// `columns` = count · span scores; firsts and ends `[tokens, kvHeads, count]` say which keys. A call is for a portion of the
// tokens, from `base` on, as scores are kept whole.
import type { Heads } from "../cpu/attention.ts";
import type { Pattern } from "../layout.ts";
import { overlapWeights } from "../layout.ts";

/** What a score of a key that is not seen is, and logSumExp where none is: float32 in gpu.js has no infinity. */
export const nothing = -3e38;

/** From `this.thread.x` = row · width + rest: the row's token in the portion, its heads and its list of stretches. */
const place = ({ queryHeads, kvHeads }: Heads, width: string | number, count: number) => `
  const row = quotient(this.thread.x, ${width});
  const rest = this.thread.x - row * ${width};
  const local = quotient(row, ${queryHeads});
  const head = row - local * ${queryHeads};
  const kvHead = quotient(head, ${queryHeads / kvHeads});
  const whole = base * ${queryHeads} + row;
  const lists = ((base + local) * ${kvHeads} + kvHead) * ${count};`;

/** The key of column `rest`, and its list. */
const keyOfColumn = (span: number | string) => `
  const slot = quotient(rest, ${span});
  const list = lists + slot;
  const key = firsts[list] + rest - slot * ${span};`;

const dotProduct = (a: string, aRow: string, b: string, bRow: string, width: number) =>
  `for (let i = 0; i < ${width}; i++) { sum += ${a}[${aRow} * ${width} + i] * ${b}[${bRow} * ${width} + i]; }`;

/** scale · q·k, `[rows, columns]`. */
export const scoresCode = (heads: Heads, count: number): string =>
  `function (query, keys, firsts, ends, base, columns, span, scale) {${place(heads, "columns", count)}${keyOfColumn("span")}
  if (key >= ends[list]) { return ${nothing}; }
  let sum = 0;
  ${dotProduct("query", "whole", "keys", `(key * ${heads.kvHeads} + kvHead)`, heads.headDim)}
  return sum * scale;
}`;

/** ln Σ exp(score), `[rows]`. */
export const logSumExpCode: string = `function (scores, columns) {
  let most = ${nothing};
  for (let i = 0; i < columns; i++) { most = Math.max(most, scores[this.thread.x * columns + i]); }
  if (most < -1e38) { return ${nothing}; }
  let sum = 0;
  for (let j = 0; j < columns; j++) { sum += Math.exp(Math.max(scores[this.thread.x * columns + j] - most, -200)); }
  return most + Math.log(sum);
}`;

/** exp(score − logSumExp), `[rows, columns]`; logSumExp starts at row `offset`. */
export const probabilityCode: string = `function (scores, logSumExp, columns, offset) {
  const score = scores[this.thread.x];
  if (score < -1e38) { return 0; }
  return Math.exp(score - logSumExp[offset + quotient(this.thread.x, columns)]);
}`;

/** Σ weight · key (or value) + previous, `[rows, width]`: the output, and the gradient of the queries. */
export const weightedSumCode = (heads: Heads, width: number, count: number): string =>
  `function (weights, keys, firsts, ends, previous, base, columns, span) {${place(heads, width, count)}
  let sum = previous[whole * ${width} + rest];
  for (let slot = 0; slot < ${count}; slot++) {
    const first = firsts[lists + slot];
    const seen = ends[lists + slot] - first;
    const from = row * columns + slot * span;
    for (let i = 0; i < seen; i++) { sum += weights[from + i] * keys[((first + i) * ${heads.kvHeads} + kvHead) * ${width} + rest]; }
  }
  return sum;
}`;

/** dS = scale · P ∘ (dO·Vᵀ − δ), `[rows, columns]`, the gates being in dO. */
export const scoreGradientCode = (heads: Heads, count: number): string =>
  `function (probability, outputGradient, values, delta, firsts, ends, base, columns, span, scale) {${place(heads, "columns", count)}${keyOfColumn("span")}
  if (key >= ends[list]) { return 0; }
  let sum = 0;
  ${dotProduct("outputGradient", "whole", "values", `(key * ${heads.kvHeads} + kvHead)`, heads.valueDim)}
  return probability[this.thread.x] * (sum - delta[whole]) * scale;
}`;

/**
 * Gradient of keys (weights dS, rows query) or values (weights P, rows dO), `[keys, kvHeads, width]`: each number has one
 * thread, which walks the lists that contain its key: `entries` from `begins` to `stops`.
 */
export const ownerCode = ({ queryHeads, kvHeads }: Heads, width: number, count: number): string =>
  `function (weights, rows, firsts, entries, begins, stops, previous, base, columns, span) {
  const at = quotient(this.thread.x, ${width});
  const rest = this.thread.x - at * ${width};
  const key = quotient(at, ${kvHeads});
  const kvHead = at - key * ${kvHeads};
  let sum = previous[this.thread.x];
  const begin = begins[at];
  const many = stops[at] - begin;
  for (let i = 0; i < many; i++) {
    const list = entries[begin + i];
    const token = quotient(list, ${kvHeads * count});
    const slot = list - quotient(list, ${count}) * ${count};
    const column = slot * span + key - firsts[list];
    const firstRow = token * ${queryHeads} + kvHead * ${queryHeads / kvHeads};
    for (let h = 0; h < ${queryHeads / kvHeads}; h++) {
      sum += weights[(firstRow + h - base * ${queryHeads}) * columns + column] * rows[(firstRow + h) * ${width} + rest];
    }
  }
  return sum;
}`;

/** Importance `[tokens of the portion, kvHeads, blocks]` from the probabilities of the compressed branch. */
export function importanceCode({ queryHeads, kvHeads }: Heads, pattern: Pattern): string {
  const { compressionBlock: l, compressionStride: d, selectionBlock } = pattern;
  const { first, weights } = overlapWeights(pattern);
  return `function (probability, firsts, ends, base, columns, blocks) {
  const at = quotient(this.thread.x, blocks);
  const block = this.thread.x - at * blocks;
  const local = quotient(at, ${kvHeads});
  const kvHead = at - local * ${kvHeads};
  const list = (base + local) * ${kvHeads} + kvHead;
  const visible = ends[list] - firsts[list];
  let sum = 0;
  for (let i = 0; i < ${weights.length}; i++) {
    const start = (i + ${first}) * ${d};
    const weight = (Math.min(start + ${l}, ${selectionBlock}) - Math.max(start, 0)) / ${d};
    const column = block * ${selectionBlock / d} + i + ${first};
    if (column >= 0) {
      if (column < visible) {
        for (let h = 0; h < ${queryHeads / kvHeads}; h++) {
          sum += weight * probability[(local * ${queryHeads} + kvHead * ${queryHeads / kvHeads} + h) * columns + column];
        }
      }
    }
  }
  return sum;
}`;
}

/** Σ gate · part, `[rows, valueDim]`. */
export const combineCode = (valueDim: number): string => `function (compressed, selected, windowed, gates) {
  const row = quotient(this.thread.x, ${valueDim}) * 3;
  const i = this.thread.x;
  return gates[row] * compressed[i] + gates[row + 1] * selected[i] + gates[row + 2] * windowed[i];
}`;

/** gate · dO of one branch. */
export const gatedCode = (valueDim: number): string => `function (outputGradient, gates, branch) {
  return outputGradient[this.thread.x] * gates[quotient(this.thread.x, ${valueDim}) * 3 + branch];
}`;

/** dO·O, `[rows]`: δ, and the gradient of the gate. */
export const rowProductCode = (valueDim: number): string => `function (a, b) {
  let sum = 0;
  for (let i = 0; i < ${valueDim}; i++) { sum += a[this.thread.x * ${valueDim} + i] * b[this.thread.x * ${valueDim} + i]; }
  return sum;
}`;
