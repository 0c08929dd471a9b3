/**
 * Choosing a token from log-probabilities: greedy, by inverse distribution function, top-k and top-p.
 *
 * @module
 */

/** How to restrict the choice. */
export interface ChoiceOptions {
  /** Take the most likely token. */
  greedy: boolean;
  /** Only the k most likely tokens; 0 for all. */
  topK: number;
  /** Only the smallest set of most likely tokens whose probability reaches p; 1 for all. */
  topP: number;
}

/** Index of the largest entry of a row. The first one wins a tie. */
export function argMaxOf(row: Float32Array): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i] > row[best]) best = i;
  return best;
}

/**
 * Chooses a token. `row` holds normalised log-probabilities, `uniform` a number in [0, 1): one draw decides, so that a
 * sample can be repeated from its stream alone.
 */
export function chooseToken(row: Float32Array, uniform: number, { greedy, topK, topP }: ChoiceOptions): number {
  if (greedy) return argMaxOf(row);
  if ((topK > 0 && topK < row.length) || topP < 1) return chooseAmong(row, mostLikely(row, topK, topP), uniform);
  // The probabilities sum to one up to rounding; what rounding leaves over goes to the last possible token.
  let left = uniform;
  let last = 0;
  for (let i = 0; i < row.length; i++) {
    const p = Math.exp(row[i]);
    if (p === 0) continue;
    last = i;
    left -= p;
    if (left < 0) return i;
  }
  return last;
}

/** The tokens that top-k and top-p leave, most likely first; ties by index. */
function mostLikely(row: Float32Array, topK: number, topP: number): Int32Array {
  const order = Int32Array.from(row, (_, i) => i).sort((a, b) => row[b] - row[a] || a - b);
  const limit = topK > 0 ? Math.min(topK, order.length) : order.length;
  if (topP >= 1) return order.subarray(0, limit);
  let total = 0;
  for (let i = 0; i < limit; i++) total += Math.exp(row[order[i]]);
  let reached = 0;
  for (let i = 0; i < limit; i++) {
    reached += Math.exp(row[order[i]]);
    if (reached >= topP * total) return order.subarray(0, i + 1);
  }
  return order.subarray(0, limit);
}

function chooseAmong(row: Float32Array, tokens: Int32Array, uniform: number): number {
  let total = 0;
  for (const token of tokens) total += Math.exp(row[token]);
  let left = uniform * total;
  let last = tokens[0];
  for (const token of tokens) {
    const p = Math.exp(row[token]);
    if (p === 0) break; // most likely first: nothing possible follows
    last = token;
    left -= p;
    if (left < 0) return token;
  }
  return last;
}
