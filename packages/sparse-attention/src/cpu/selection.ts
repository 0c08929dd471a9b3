// From the compressed branch's probabilities to the blocks that each query attends to.
import { type Layout, overlapWeights, type Pattern, type Ranges } from "../layout.ts";
import { dot, type Heads, type Numbers, zeros } from "./attention.ts";

/**
 * Importance of each selection block for each token: the compressed branch's probabilities of the blocks that lie in it,
 * each as often as strides of it do, summed over the query heads that share a key-value head.
 *
 * p_slc[j] = Σ_heads Σ_c overlap(c, j) · softmax_c(scale · q·k̃_c)
 *
 * @param keys compressed keys `[compressed blocks, kvHeads, headDim]`
 * @param logSumExp of the compressed branch, `[tokens, queryHeads]`
 * @returns `[tokens, kvHeads, layout.selectionBlocks]`; 0 for blocks after the token's own
 */
export function importanceOf<N extends Numbers>(
  { query, keys, logSumExp }: { query: N; keys: N; logSumExp: N },
  { queryHeads, kvHeads, headDim, scale }: Heads,
  layout: Layout,
  pattern: Pattern,
  { ofToken }: Ranges,
): N {
  const { tokens, starts, segmentOf, compressedStarts, selectionBlocks } = layout;
  const perSelection = pattern.selectionBlock / pattern.compressionStride;
  const { first, weights } = overlapWeights(pattern);
  const group = queryHeads / kvHeads;
  const importance = zeros(query, tokens * kvHeads * selectionBlocks);
  for (let token = 0; token < tokens; token++)
    for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
      const base = compressedStarts[segmentOf[token]];
      const visible = ofToken[2 * token + 1] - base;
      const probabilities = new Float64Array(visible);
      for (let c = 0; c < visible; c++)
        for (let head = kvHead * group; head < (kvHead + 1) * group; head++) {
          const row = token * queryHeads + head;
          const score = scale * dot(query, row * headDim, keys, ((base + c) * kvHeads + kvHead) * headDim, headDim);
          probabilities[c] += Math.exp(score - logSumExp[row]);
        }
      const own = Math.floor((token - starts[segmentOf[token]]) / pattern.selectionBlock);
      for (let block = 0; block <= own; block++)
        for (let i = 0; i < weights.length; i++)
          importance[(token * kvHeads + kvHead) * selectionBlocks + block] +=
            weights[i] * (probabilities[block * perSelection + first + i] ?? 0);
    }
  return importance;
}

/**
 * The n blocks of each token: the initial and local ones, then those of highest importance; of equal ones, the earlier.
 * No block occurs twice. NaN counts as less than everything.
 *
 * @param importance `[tokens, kvHeads, layout.selectionBlocks]`
 * @returns `[tokens, kvHeads, n]` in ascending order, then −1 where fewer than n blocks exist
 */
export function selectTop(importance: Numbers, kvHeads: number, layout: Layout, pattern: Pattern): Int32Array {
  const { tokens, starts, segmentOf, selectionBlocks } = layout;
  const { selectedBlocks, selectionBlock, initialBlocks, localBlocks } = pattern;
  const selected = new Int32Array(tokens * kvHeads * selectedBlocks).fill(-1);
  for (let token = 0; token < tokens; token++) {
    const own = Math.floor((token - starts[segmentOf[token]]) / selectionBlock);
    for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
      const row = token * kvHeads + kvHead;
      const rank = (block: number): number => {
        if (block < initialBlocks || block > own - localBlocks) return Infinity;
        const value = importance[row * selectionBlocks + block];
        return Number.isNaN(value) ? -Infinity : value;
      };
      const blocks = Array.from({ length: own + 1 }, (_, block) => block);
      blocks.sort((a, b) => (rank(a) === rank(b) ? a - b : rank(b) - rank(a)));
      const top = blocks.slice(0, selectedBlocks).sort((a, b) => a - b);
      selected.set(top, row * selectedBlocks);
    }
  }
  return selected;
}
