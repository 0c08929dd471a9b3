// From compressed keys to selected blocks, and from these to the tokens that chose each block.
import type { Heads } from "../../cpu/attention.ts";
import { overlapWeights, type Pattern } from "../../layout.ts";
import { joinLanes } from "../subgroups.ts";
import { entry } from "../tile.ts";

/** How compressed blocks weigh in selection block j: those from j · per + first to j · per + per − 1, as WGSL `overlap`. */
export function overlapOf(pattern: Pattern): { first: number; per: number; code: string } {
  const { first, weights } = overlapWeights(pattern);
  const numbers = weights.map((weight) => `${weight}.0`).join(", ");
  const per = pattern.selectionBlock / pattern.compressionStride;
  return {
    first,
    per,
    code: `var<private> overlap: array<f32, ${weights.length}> = array<f32, ${weights.length}>(${numbers});`,
  };
}

/** How many selection blocks 64 compressed blocks in a row can touch. */
export function partialSlots(pattern: Pattern): number {
  const { first, per } = overlapOf(pattern);
  return Math.floor((per + 62 - first) / per) + 1;
}

/**
 * Importance of the selection blocks: partial sums of the forward pass (queries.ts), scaled by each head's normaliser and
 * summed over the heads of a group. Buffers: partials, tops, logSumExp, ranges, starts (first token of the token's segment),
 * importance `[tokens of this call, kvHeads, params.blocks]` from `params.offset` on. One thread for each number.
 */
export function importanceCode({ queryHeads, kvHeads }: Heads, rows: number, pattern: Pattern): string {
  const { first, per } = overlapOf(pattern);
  const slots = partialSlots(pattern);
  const group = queryHeads / kvHeads;
  return `
${entry(64)}
  let at = unit * 64u + lid;
  if (at >= params.tokens * ${kvHeads}u * params.blocks) { return; }
  let block = i32(at % params.blocks);
  let kvHead = at / params.blocks % ${kvHeads}u;
  let local = at / params.blocks / ${kvHeads}u;
  let token = params.tokenBase + local;
  let segment = i32(ranges[2u * token]);
  let low = max(0, block * ${per} + ${first});
  let high = min(i32(ranges[2u * token + 1u]) - segment, block * ${per} + ${per});
  var sum = 0.0;
  if (low < high && u32(block) <= (token - starts[token]) / ${pattern.selectionBlock}u) {
    for (var h = 0u; h < ${group}u; h++) {
      // The tile of the forward pass that this row was in, and where its keys began.
      let begin = i32(ranges[2u * (params.tokenBase + (local * ${group}u + h) / ${rows}u * ${rows}u / ${group}u)]);
      let row = local * ${queryHeads}u + kvHead * ${group}u + h;
      let end = logSumExp[params.tokenBase * ${queryHeads}u + row] * ${Math.LOG2E};
      for (var i = (segment + low - begin) / 64; i <= (segment + high - 1 - begin) / 64; i++) {
        let slot = block - max(begin + i * 64 - segment, 0) / ${per};
        let place = row * params.tiles + u32(i);
        sum += partials[place * ${slots}u + u32(slot)] * exp2(tops[place] - end);
      }
    }
  }
  importance[params.offset + at] = sum;
}`;
}

/**
 * The n blocks of each row. Buffers: importance, starts, selected. A workgroup of 64 for each row and n rounds: each finds
 * the best of those that come after the last one found, in the order (rank falling, number rising), so nothing has to be
 * marked. Ranks: forced blocks first, NaN last.
 */
export function selectCode(kvHeads: number, pattern: Pattern, lanes: number): string {
  const { selectedBlocks: n, selectionBlock, initialBlocks, localBlocks } = pattern;
  return `
var<workgroup> ranks: array<f32, 128>;
var<workgroup> numbers: array<i32, 128>;
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
    ${bestOf64(lanes)}
    lastRank = rank;
    lastBlock = number;
    if (lid == 0u) { found[round] = lastBlock; }
  }
  workgroupBarrier();
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

const keepBetter = (rank: string, number: string) => `{
      let r = ${rank};
      let b = ${number};
      if (better(r, b, rank, number)) { rank = r; number = b; }
    }
    `;

/**
 * The best of a workgroup's 64 `rank` and `number`, for each thread: by subgroups, then what is left through workgroup memory in
 * one step, or without subgroups in two of 8. A step leaves alone what slower threads may still be reading: the first half of
 * the memory and the second take turns.
 */
function bestOf64(lanes: number): string {
  const own = Math.min(lanes, 64);
  const within = joinLanes(own, (other) => keepBetter(other("rank"), other("number")));
  const step = (half: string, own: number, parts: number) => `
    if (lid % ${own}u == 0u) {
      ranks[${half} * 64u + lid / ${own}u] = rank;
      numbers[${half} * 64u + lid / ${own}u] = number;
    }
    workgroupBarrier();
    for (var i = 0u; i < ${parts}u; i++) {
      let at = ${half} * 64u + lid / ${own * parts}u * ${parts}u + i;
      ${keepBetter("ranks[at]", "numbers[at]")}
    }`;
  if (own === 1) return step("0u", 1, 8) + step("1u", 8, 8);
  return own === 64 ? within : within + step("(round & 1u)", own, 64 / own);
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
