// From compressed keys to selected blocks, and from these to the tokens that chose each block.
import type { Heads } from "../../cpu/attention.ts";
import { overlapWeights, type Pattern } from "../../layout.ts";
import { declarations, entry, rowsTimesColumns, threads, unroller } from "../tile.ts";

/** Query heads of a group that one tile of 64 rows holds whole: the limit of `groupScoresCode`. */
export const largestGroup = 64;

/** How many tokens a tile of `rows` rows holds. */
export const tokensOfTile = ({ queryHeads, kvHeads }: Heads, rows: number): number =>
  Math.max(1, Math.floor(rows / (queryHeads / kvHeads)));

/**
 * Probabilities of the compressed blocks, summed over the heads of a group: scores are computed again and scaled with the
 * known logSumExp, as a flash kernel keeps none. Buffers: query, keys, logSumExp, ranges, scores `[tokens of this call,
 * kvHeads, params.stride]`. A workgroup for each tile of tokens, 64 keys and key-value head.
 */
export function groupScoresCode(heads: Heads, rows: number, unroll: boolean): string {
  const each = unroller(unroll);
  const { queryHeads, kvHeads, headDim } = heads;
  const group = queryHeads / kvHeads;
  const tokens = tokensOfTile(heads, rows);
  const depth = headDim / 4;
  return `${declarations(rows)}
var<private> kvHead: u32;
var<private> tokenBase: u32;
var<private> columnBase: u32;
var<private> columnEnd: u32;
fn rowOf(r: u32) -> u32 {
  let token = tokenBase + r / ${group}u;
  if (r >= ${tokens * group}u || token >= params.tokenEnd) { return NONE; }
  return token * ${queryHeads}u + kvHead * ${group}u + r % ${group}u;
}
${entry(threads(rows))}
  kvHead = unit % ${kvHeads}u;
  let firstToken = params.tokenBase + unit / (${kvHeads}u * params.columnTiles) * ${tokens}u;
  let lastToken = min(firstToken + ${tokens}u, params.tokenEnd) - 1u;
  let begin = ranges[2u * firstToken] + unit / ${kvHeads}u % params.columnTiles * 64u;
  let end = ranges[2u * lastToken + 1u];
  if (begin >= end) { return; }
  tokenBase = firstToken;
  columnBase = begin;
  columnEnd = end;
  var s = array<vec4<f32>, 4>();
  ${rowsTimesColumns(
    each,
    rows,
    "s",
    depth,
    (line, place) => `let row = rowOf(${line}); if (row != NONE) { value = query[row * ${depth}u + ${place}]; }`,
    (column, place) =>
      `let key = columnBase + ${column}; if (key < columnEnd) { value = keys[(key * ${kvHeads}u + kvHead) * ${depth}u + ${place}]; }`,
  )}
  let first = begin + tc * 4u;
  let key = vec4<u32>(first, first + 1u, first + 2u, first + 3u);
  ${each(
    4,
    (i) => `
  {
    let row = rowOf(tr * 4u + ${i});
    var p = vec4<f32>();
    if (row != NONE) {
      let token = row / ${queryHeads}u;
      let seen = (key >= vec4<u32>(ranges[2u * token])) & (key < vec4<u32>(ranges[2u * token + 1u]));
      p = select(p, exp2(s[${i}] * params.scale2 - logSumExp[row] * ${Math.LOG2E}), seen);
    }
    tile[(tr * 4u + ${i}) * 16u + tc] = p;
  }`,
  )}
  workgroupBarrier();
  for (var i = lid; i < ${tokens * 16}u; i += ${threads(rows)}u) {
    let token = firstToken + i / 16u;
    if (token <= lastToken) {
      var sum = vec4<f32>();
      for (var h = 0u; h < ${group}u; h++) { sum += tile[(i / 16u * ${group}u + h) * 16u + i % 16u]; }
      for (var j = 0u; j < 4u; j++) {
        let k = begin + i % 16u * 4u + j;
        if (k >= ranges[2u * token] && k < ranges[2u * token + 1u]) {
          scores[((token - params.tokenBase) * ${kvHeads}u + kvHead) * params.stride + k - ranges[2u * token]] = sum[j];
        }
      }
    }
  }
}`;
}

/**
 * Importance of the selection blocks from those sums, by overlap. Buffers: scores, ranges, starts (first token of the
 * token's segment), importance `[tokens of this call, kvHeads, params.blocks]`. One thread for each number.
 */
export function importanceCode(kvHeads: number, pattern: Pattern): string {
  const { first, weights } = overlapWeights(pattern);
  return `
const weights = array<f32, ${weights.length}>(${weights.map((weight) => `${weight}.0`).join(", ")});
${entry(64)}
  let at = unit * 64u + lid;
  if (at >= params.tokens * ${kvHeads}u * params.blocks) { return; }
  let row = at / params.blocks;
  let block = at % params.blocks;
  let token = params.tokenBase + row / ${kvHeads}u;
  let visible = i32(ranges[2u * token + 1u] - ranges[2u * token]);
  var sum = 0.0;
  if (block <= (token - starts[token]) / ${pattern.selectionBlock}u) {
    let begin = i32(block) * ${pattern.selectionBlock / pattern.compressionStride} ${first < 0 ? "-" : "+"} ${Math.abs(first)};
    for (var i = 0; i < ${weights.length}; i++) {
      if (begin + i >= 0 && begin + i < visible) { sum += weights[i] * scores[row * params.stride + u32(begin + i)]; }
    }
  }
  importance[at] = sum;
}`;
}

/**
 * The n blocks of each row. Buffers: importance, starts, selected. A workgroup of 64 for each row and n rounds: each finds
 * the best of those that come after the last one found, in the order (rank falling, number rising), so nothing has to be
 * marked. Ranks: forced blocks first, NaN last.
 */
export function selectCode(kvHeads: number, pattern: Pattern): string {
  const { selectedBlocks: n, selectionBlock, initialBlocks, localBlocks } = pattern;
  return `
var<workgroup> ranks: array<f32, 64>;
var<workgroup> numbers: array<i32, 64>;
var<workgroup> found: array<i32, ${n}>;
fn rankOf(row: u32, block: i32, own: i32) -> f32 {
  if (block < ${initialBlocks} || block > own - ${localBlocks}) { return 3e38; }
  let value = importance[row * params.blocks + u32(block)];
  return select(-1.0, value, value >= 0.0);
}
fn better(rank: f32, block: i32, thanRank: f32, thanBlock: i32) -> bool {
  return rank > thanRank || (rank == thanRank && block < thanBlock);
}
${entry(64)}
  let token = params.tokenBase + unit / ${kvHeads}u;
  let own = i32((token - starts[token]) / ${selectionBlock}u);
  var lastRank = 3.4e38;
  var lastBlock = -1;
  for (var round = 0u; round < ${n}u; round++) {
    var rank = -2.0;
    var number = 0x7fffffff;
    for (var block = i32(lid); block <= own; block += 64) {
      let r = rankOf(unit, block, own);
      if (better(lastRank, lastBlock, r, block) && better(r, block, rank, number)) { rank = r; number = block; }
    }
    ranks[lid] = rank;
    numbers[lid] = number;
    workgroupBarrier();
    for (var width = 32u; width > 0u; width /= 2u) {
      if (lid < width && better(ranks[lid + width], numbers[lid + width], ranks[lid], numbers[lid])) {
        ranks[lid] = ranks[lid + width];
        numbers[lid] = numbers[lid + width];
      }
      workgroupBarrier();
    }
    lastRank = ranks[0];
    lastBlock = numbers[0];
    if (lid == 0u) { found[round] = lastBlock; }
    workgroupBarrier();
  }
  let count = min(${n}, own + 1);
  for (var i = i32(lid); i < ${n}; i += 64) {
    if (i < count) {
      var place = 0;
      for (var j = 0; j < count; j++) { if (found[j] < found[i]) { place++; } }
      selected[i32((token * ${kvHeads}u + unit % ${kvHeads}u) * ${n}u) + place] = found[i];
    } else {
      selected[i32((token * ${kvHeads}u + unit % ${kvHeads}u) * ${n}u) + i] = -1;
    }
  }
}`;
}

const gather = (kvHeads: number, count: number, body: string) => `
var<workgroup> counts: array<u32, 64>;
${entry(64)}
  let kvHead = unit / params.blockCount;
  let block = blockTable[unit % params.blockCount];
  let share = (block.z - block.x + 63u) / 64u;
  let begin = min(block.z, block.x + lid * share);
  let end = min(block.z, begin + share);
  var mine = 0u;
  for (var token = begin; token < end; token++) {
    for (var i = 0u; i < ${count}u; i++) {
      if (u32(blocks[(token * ${kvHeads}u + kvHead) * ${count}u + i]) == block.w) { mine++; break; }
    }
  }
  counts[lid] = mine;
  workgroupBarrier();
  ${body}
}`;

/**
 * How many tokens chose each block: index[unit + 1], `unit` being kvHead · blockCount + block. A workgroup for each.
 * Buffers of these three kernels: blocks, blockTable (keys.ts), index: where the list of each block starts, kvHeads ·
 * blockCount + 1 numbers, then the lists.
 */
export const countCode = (kvHeads: number, count: number): string =>
  gather(
    kvHeads,
    count,
    `if (lid == 0u) {
    var sum = 0u;
    for (var i = 0u; i < 64u; i++) { sum += counts[i]; }
    index[unit + 1u] = sum;
  }`,
  );

/** Running sums of the first `params.count` counts, in place: one workgroup. */
export const offsetsCode: string = `
var<workgroup> sums: array<u32, 64>;
${entry(64)}
  let share = (params.count + 63u) / 64u;
  let begin = min(params.count, lid * share) + 1u;
  let end = min(params.count, (lid + 1u) * share) + 1u;
  var sum = 0u;
  for (var i = begin; i < end; i++) { sum += index[i]; }
  sums[lid] = sum;
  workgroupBarrier();
  sum = 0u;
  for (var i = 0u; i < lid; i++) { sum += sums[i]; }
  for (var i = begin; i < end; i++) { sum += index[i]; index[i] = sum; }
}`;

/** The tokens that chose each block, in ascending order. A workgroup for each block. */
export const listCode = (kvHeads: number, count: number): string =>
  gather(
    kvHeads,
    count,
    `var at = params.workgroups + 1u + index[unit];
  for (var i = 0u; i < lid; i++) { at += counts[i]; }
  for (var token = begin; token < end; token++) {
    for (var i = 0u; i < ${count}u; i++) {
      if (u32(blocks[(token * ${kvHeads}u + kvHead) * ${count}u + i]) == block.w) { index[at] = token; at++; break; }
    }
  }`,
  );
