// Which keys a token sees: the one difference between the branches.
import type { Layout, Pattern, Ranges } from "../layout.ts";
import type { Visible } from "./attention.ts";

/** The keys of a stretch: causal, window and compressed attention. */
export function visibleInRanges({ ofToken }: Ranges): Visible {
  return (token) => {
    const [first, end] = ofToken.subarray(2 * token, 2 * token + 2);
    return Int32Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);
  };
}

/**
 * The keys, not after the token itself, of the blocks that are selected for it.
 *
 * @param blocks `[tokens, kvHeads, n]`, numbers of blocks in the token's segment, −1 for none
 */
export function visibleInBlocks(
  blocks: Int32Array,
  layout: Layout,
  { selectionBlock }: Pattern,
  kvHeads: number,
): Visible {
  const n = blocks.length / (layout.tokens * kvHeads);
  return (token, kvHead) => {
    const start = layout.starts[layout.segmentOf[token]];
    const keys: number[] = [];
    for (const block of blocks.subarray((token * kvHeads + kvHead) * n, (token * kvHeads + kvHead + 1) * n))
      if (block >= 0)
        for (let i = 0; i < selectionBlock; i++) {
          const key = start + block * selectionBlock + i;
          if (key <= token) keys.push(key);
        }
    return keys;
  };
}
