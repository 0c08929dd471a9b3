// Which keys each token sees, as stretches, and the other way round: which lists contain a key.
import type { Layout, Pattern, Ranges } from "../layout.ts";

/** `count` stretches for each token and key-value head, `[tokens, kvHeads, count]`: see kernels.ts. */
export interface Stretches {
  count: number;
  /** The longest stretch. */
  span: number;
  firsts: Float32Array;
  /** Equal to `firsts` for an empty stretch. */
  ends: Float32Array;
  tokens: number;
  keys: number;
  kvHeads: number;
  /** The first key of the block that a key lies in: blocks are seen by the same lists, or each key is one. */
  blockOf: (key: number) => number;
}

/** One stretch for each token, the same for all heads. */
export function stretchesOfRanges({ ofToken }: Ranges, keys: number, kvHeads: number): Stretches {
  const tokens = ofToken.length / 2;
  const firsts = new Float32Array(tokens * kvHeads);
  const ends = new Float32Array(tokens * kvHeads);
  let span = 1;
  for (let i = 0; i < firsts.length; i++) {
    const token = Math.floor(i / kvHeads);
    firsts[i] = ofToken[2 * token];
    ends[i] = Math.max(firsts[i], ofToken[2 * token + 1]);
    span = Math.max(span, ends[i] - firsts[i]);
  }
  return { count: 1, span, firsts, ends, tokens, keys, kvHeads, blockOf: (key) => key };
}

/** The chosen blocks `[tokens, kvHeads, n]`, up to the token itself. */
export function stretchesOfBlocks(blocks: Int32Array, layout: Layout, pattern: Pattern, kvHeads: number): Stretches {
  const { tokens, starts, segmentOf } = layout;
  const span = pattern.selectionBlock;
  const count = blocks.length / (tokens * kvHeads);
  const firsts = new Float32Array(blocks.length);
  const ends = new Float32Array(blocks.length);
  for (let i = 0; i < blocks.length; i++) {
    const token = Math.floor(i / (kvHeads * count));
    if (blocks[i] < 0) continue;
    firsts[i] = starts[segmentOf[token]] + blocks[i] * span;
    ends[i] = Math.max(firsts[i], Math.min(firsts[i] + span, token + 1));
  }
  const blockOf = (key: number) => key - ((key - starts[segmentOf[key]]) % span);
  return { count, span, firsts, ends, tokens, keys: tokens, kvHeads, blockOf };
}

/** For each key and key-value head the lists of tokens `base` to `end` − 1 that may contain it, in ascending order. */
export function invert(
  { count, firsts, ends, keys, kvHeads, blockOf }: Stretches,
  base: number,
  end: number,
): { entries: Float32Array; begins: Float32Array; stops: Float32Array } {
  const owner = Int32Array.from({ length: keys }, (_, key) => blockOf(key));
  const begins = new Float32Array(keys * kvHeads);
  const stops = new Float32Array(keys * kvHeads);
  const sizes = new Int32Array(keys * kvHeads);
  const forEach = (visit: (list: number, at: number) => void) => {
    for (let list = base * kvHeads * count; list < end * kvHeads * count; list++) {
      const kvHead = Math.floor(list / count) % kvHeads;
      for (let key = firsts[list]; key < ends[list]; key++) if (owner[key] === key) visit(list, key * kvHeads + kvHead); // once for each block
    }
  };
  forEach((_, at) => sizes[at]++);
  let total = 0;
  for (let at = 0; at < sizes.length; at++) {
    begins[at] = total;
    total += sizes[at];
  }
  const entries = new Float32Array(total);
  const next = Int32Array.from(begins);
  forEach((list, at) => {
    entries[next[at]++] = list;
  });
  for (let key = 0; key < keys; key++)
    for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
      const at = owner[key] * kvHeads + kvHead;
      begins[key * kvHeads + kvHead] = begins[at];
      stops[key * kvHeads + kvHead] = begins[at] + sizes[at];
    }
  return { entries, begins, stops };
}
