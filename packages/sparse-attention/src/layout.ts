// Where everything lies: tokens in segments, compressed blocks and selection blocks in tokens.
//
// Batch rows and packed segments are the same thing here: stretches of one long list of tokens that attention never
// crosses. Block numbers count from the start of a segment.

/** The sizes of the sparse pattern. */
export interface Pattern {
  /** l: how many tokens a compressed block spans. */
  compressionBlock: number;
  /** d: how many tokens lie between the starts of two compressed blocks; it divides l and l'. */
  compressionStride: number;
  /** l': how many tokens a selection block spans. */
  selectionBlock: number;
  /** n: how many selection blocks a query attends to. */
  selectedBlocks: number;
  /** How many of the n are the first blocks of the segment, always. */
  initialBlocks: number;
  /** How many of the n are the query's own block and those before it, always. */
  localBlocks: number;
  /** w: how many of the last tokens, the query's own included, the window branch sees. */
  window: number;
}

/** What is fixed for one list of segments: see `layoutOf`. */
export interface Layout {
  /** All tokens of all segments. */
  tokens: number;
  /** Where each segment starts in the list of tokens, and `tokens` at the end. */
  starts: Int32Array;
  /** Token → its segment. */
  segmentOf: Int32Array;
  /** Where the compressed blocks of each segment start in the list of all, and their number at the end. */
  compressedStarts: Int32Array;
  /** All compressed blocks: those of a segment of T tokens are ⌊(T − l)/d⌋ + 1, none where T < l. */
  compressedBlocks: number;
  /** The selection blocks of the longest segment, ⌈T / l'⌉: the length of a row of importances. */
  selectionBlocks: number;
}

/** The layout of segments that start at `starts` (which ends with the number of tokens). */
export function layoutOf(starts: Int32Array, pattern: Pattern): Layout {
  const { compressionBlock, compressionStride, selectionBlock } = pattern;
  const segments = starts.length - 1;
  const tokens = starts[segments];
  const segmentOf = new Int32Array(tokens);
  const compressedStarts = new Int32Array(segments + 1);
  let selectionBlocks = 0;
  for (let segment = 0; segment < segments; segment++) {
    const length = starts[segment + 1] - starts[segment];
    segmentOf.fill(segment, starts[segment], starts[segment + 1]);
    const blocks = length < compressionBlock ? 0 : Math.floor((length - compressionBlock) / compressionStride) + 1;
    compressedStarts[segment + 1] = compressedStarts[segment] + blocks;
    selectionBlocks = Math.max(selectionBlocks, Math.ceil(length / selectionBlock));
  }
  return { tokens, starts, segmentOf, compressedStarts, compressedBlocks: compressedStarts[segments], selectionBlocks };
}

/** For each token the stretch [first, end) of keys that it sees, and for each key the stretch of tokens that see it. */
export interface Ranges {
  /** Token t sees keys `ofToken[2t]` to `ofToken[2t + 1] - 1`; both numbers never fall from one token to the next. */
  ofToken: Int32Array;
  /** Key k is seen by tokens `ofKey[2k]` to `ofKey[2k + 1] - 1`; both never fall either. */
  ofKey: Int32Array;
}

/** Causal attention within a segment over the last `window` keys, [t − w + 1, t]; all earlier ones by default. */
export function causalRanges({ tokens, starts, segmentOf }: Layout, window: number = Infinity): Ranges {
  const ofToken = new Int32Array(2 * tokens);
  const ofKey = new Int32Array(2 * tokens);
  for (let token = 0; token < tokens; token++) {
    const start = starts[segmentOf[token]];
    const end = starts[segmentOf[token] + 1];
    ofToken[2 * token] = Math.max(start, token - window + 1);
    ofToken[2 * token + 1] = token + 1;
    ofKey[2 * token] = token;
    ofKey[2 * token + 1] = Math.min(end, token + window);
  }
  return { ofToken, ofKey };
}

/** Compressed block c of a segment is seen by the segment's tokens t ≥ c·d + l − 1: only complete blocks are visible. */
export function compressedRanges(layout: Layout, { compressionBlock, compressionStride }: Pattern): Ranges {
  const { tokens, starts, segmentOf, compressedStarts, compressedBlocks } = layout;
  const ofToken = new Int32Array(2 * tokens);
  const ofKey = new Int32Array(2 * compressedBlocks);
  for (let token = 0; token < tokens; token++) {
    const segment = segmentOf[token];
    const complete = Math.floor((token - starts[segment] + 1 - compressionBlock) / compressionStride) + 1;
    ofToken[2 * token] = compressedStarts[segment];
    ofToken[2 * token + 1] = compressedStarts[segment] + Math.max(0, complete);
  }
  for (let segment = 0; segment + 1 < starts.length; segment++)
    for (let block = compressedStarts[segment]; block < compressedStarts[segment + 1]; block++) {
      const local = block - compressedStarts[segment];
      ofKey[2 * block] = starts[segment] + local * compressionStride + compressionBlock - 1;
      ofKey[2 * block + 1] = starts[segment + 1];
    }
  return { ofToken, ofKey };
}

/** The first token of each compressed block. */
export function compressedTokens(layout: Layout, { compressionStride }: Pattern): Int32Array {
  const { starts, compressedStarts, compressedBlocks } = layout;
  const first = new Int32Array(compressedBlocks);
  for (let segment = 0; segment + 1 < starts.length; segment++)
    for (let block = compressedStarts[segment]; block < compressedStarts[segment + 1]; block++)
      first[block] = starts[segment] + (block - compressedStarts[segment]) * compressionStride;
  return first;
}

/**
 * How much of compressed block c lies in selection block j, in strides: the weight of its probability in the importance
 * of j. At l = 32, d = 16, l' = 64: 1, 2, 2, 2, 1 for c = 4j − 1 … 4j + 3. (Equation 9 of the paper, its indices read
 * from 0, would mostly sum over the block before.)
 *
 * @returns weight `[i]` belongs to c = j·l'/d + `first` + i
 */
export function overlapWeights(pattern: Pattern): { first: number; weights: number[] } {
  const { compressionBlock, compressionStride, selectionBlock } = pattern;
  const first = 1 - compressionBlock / compressionStride;
  const count = selectionBlock / compressionStride - first;
  const weights = Array.from({ length: count }, (_, i) => {
    const start = (first + i) * compressionStride; // of the compressed block, as seen from the selection block's start
    return (Math.min(start + compressionBlock, selectionBlock) - Math.max(start, 0)) / compressionStride;
  });
  return { first, weights };
}

/** For each token the stretch [first, end) of compressed blocks that it lies in, as pairs. */
export function coveringBlocks(layout: Layout, { compressionBlock, compressionStride }: Pattern): Int32Array {
  const { tokens, starts, segmentOf, compressedStarts } = layout;
  const pairs = new Int32Array(2 * tokens);
  for (let token = 0; token < tokens; token++) {
    const segment = segmentOf[token];
    const place = token - starts[segment];
    const [base, limit] = compressedStarts.subarray(segment, segment + 2);
    pairs[2 * token] = Math.min(
      limit,
      base + Math.max(0, Math.ceil((place - compressionBlock + 1) / compressionStride)),
    );
    pairs[2 * token + 1] = Math.min(limit, base + Math.floor(place / compressionStride) + 1);
  }
  return pairs;
}

/** All selection blocks: first token, end, end of the segment, number within the segment; four numbers for each. */
export function selectionTable({ starts }: Layout, { selectionBlock }: Pattern): Int32Array {
  const table: number[] = [];
  for (let segment = 0; segment + 1 < starts.length; segment++)
    for (let first = starts[segment], number = 0; first < starts[segment + 1]; first += selectionBlock, number++)
      table.push(first, Math.min(first + selectionBlock, starts[segment + 1]), starts[segment + 1], number);
  return Int32Array.from(table);
}

/** How many compressed blocks of its segment the token at `place` sees. */
export const compressedRangeAt = (place: number, { compressionBlock, compressionStride }: Pattern): number =>
  Math.max(0, Math.floor((place + 1 - compressionBlock) / compressionStride) + 1);
