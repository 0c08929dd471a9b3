// Kernels whose rows are queries: the forward pass and the gradient of the queries.
//
// Rows of a tile are (token, head) pairs that share one key-value head, so that its keys are read once for the whole
// group. Two kinds of columns: a stretch of keys for each token (full, window and compressed attention; a tile holds
// consecutive tokens), or the keys of selected blocks (a tile holds the group's heads of one token).
import type { Heads } from "../../cpu/attention.ts";
import type { Pattern } from "../../layout.ts";
import { joinRow } from "../subgroups.ts";
import {
  declarations,
  declareSums,
  type Each,
  entry,
  forSums,
  rowsTimesColumns,
  threads,
  tileTimesColumns,
  unroller,
} from "../tile.ts";
import { overlapOf, partialSlots } from "./selection.ts";

/** What decides a kernel's code. */
export interface Sizes extends Heads {
  rows: number;
  /** Whether short loops are written out. */
  unroll: boolean;
  /** Neighbouring threads that reduce by subgroup operations. */
  lanes: number;
  /** Whether queries, keys and values are stored as float16, four in a vec2<u32>; arithmetic is float32 all the same. */
  half: boolean;
  /** Selected blocks: how many tokens each spans and how many a query has; undefined for stretches. */
  blocks?: { span: number; count: number } | undefined;
}

/** Exponents are in base 2. */
export const log2e: number = Math.LOG2E;

const head = ({ queryHeads, kvHeads, blocks, rows }: Sizes): string => {
  const group = queryHeads / kvHeads;
  const chunks = Math.ceil(group / rows);
  return `
var<private> kvHead: u32;
var<private> rowBase: u32;
var<private> token: u32;
var<private> columnBase: u32;
var<private> columnEnd: u32;

${
  blocks
    ? `
fn rowOf(r: u32) -> u32 {
  let v = rowBase + r;
  if (v >= ${group}u) { return NONE; }
  return token * ${queryHeads}u + kvHead * ${group}u + v;
}
fn keyOf(c: u32) -> u32 {
  let v = columnBase + c;
  if (v >= columnEnd) { return NONE; }
  let block = blocks[(token * ${kvHeads}u + kvHead) * ${blocks.count}u + v / ${blocks.span}u];
  let key = ranges[2u * token] + u32(block) * ${blocks.span}u + v % ${blocks.span}u;
  if (block < 0 || key >= ranges[2u * token + 1u]) { return NONE; }
  return key;
}
fn place(unit: u32) {
  kvHead = unit % ${kvHeads}u;
  rowBase = unit / ${kvHeads}u % ${chunks}u * ${rows}u;
  token = params.tokens - 1u - unit / ${kvHeads * chunks}u;
}`
    : `
fn rowOf(r: u32) -> u32 {
  let v = rowBase + r;
  if (v >= params.tokens * ${group}u) { return NONE; }
  return (params.tokenBase + v / ${group}u) * ${queryHeads}u + kvHead * ${group}u + v % ${group}u;
}
fn keyOf(c: u32) -> u32 {
  let key = columnBase + c;
  return select(NONE, key, key < columnEnd);
}
fn place(unit: u32) {
  kvHead = unit % ${kvHeads}u;
  rowBase = (params.units - 1u - unit) / ${kvHeads}u * ${rows}u;
}`
}`;
};

/** The number of tiles of rows for so many tokens: `params.units`. */
export const queryUnits = ({ queryHeads, kvHeads, blocks, rows }: Sizes, tokens: number): number =>
  kvHeads *
  (blocks ? tokens * Math.ceil(queryHeads / kvHeads / rows) : Math.ceil((tokens * (queryHeads / kvHeads)) / rows));

// First and end of the columns of a tile of rows. Storage that is only read, at an index that is the same for all threads: so are
// they.
const bounds = ({ queryHeads, kvHeads, blocks, rows }: Sizes, unit: string): string => {
  const group = queryHeads / kvHeads;
  return blocks
    ? `
  place(${unit});
  let begin = 0u;
  let ownToken = params.tokens - 1u - ${unit} / ${kvHeads * Math.ceil(group / rows)}u;
  var slots = ${blocks.count}u;
  while (slots > 0u) {
    if (blocks[(ownToken * ${kvHeads}u + ${unit} % ${kvHeads}u) * ${blocks.count}u + slots - 1u] >= 0) { break; }
    slots--;
  }
  let end = slots * ${blocks.span}u;`
    : `
  place(${unit});
  let firstRow = (params.units - 1u - ${unit}) / ${kvHeads}u * ${rows}u;
  let lastRow = min(firstRow + ${rows - 1}u, params.tokens * ${group}u - 1u);
  let begin = ranges[2u * (params.tokenBase + firstRow / ${group}u)];
  let end = ranges[2u * (params.tokenBase + lastRow / ${group}u) + 1u];`;
};

const rowNumbers = (each: Each, { queryHeads, blocks }: Sizes): string => `
  var row: array<u32, 4>;
  var low: array<u32, 4>;
  var high: array<u32, 4>;
  ${each(
    4,
    (i) => `
  row[${i}] = rowOf(tr * 4u + ${i});
  if (row[${i}] != NONE) {
    ${
      blocks
        ? `high[${i}] = NONE;`
        : `low[${i}] = ranges[2u * (row[${i}] / ${queryHeads}u)]; high[${i}] = ranges[2u * (row[${i}] / ${queryHeads}u) + 1u];`
    }
  }`,
  )}`;

const keyNumbers =
  "let key = vec4<u32>(keyOf(tc * 4u), keyOf(tc * 4u + 1u), keyOf(tc * 4u + 2u), keyOf(tc * 4u + 3u));";
const seen = (i: string) =>
  `((key != vec4<u32>(NONE)) & (key >= vec4<u32>(low[${i}])) & (key < vec4<u32>(high[${i}])))`;

/** One vec4 of an array; unpacking is in the language itself, so a device needs no feature for it. */
export const numbersAt = ({ half }: Sizes, array: string, at: string): string =>
  half && array !== "outputGradient"
    ? `vec4<f32>(unpack2x16float(${array}[${at}].x), unpack2x16float(${array}[${at}].y))`
    : `${array}[${at}]`;

const loadRow = (sizes: Sizes, array: string, width: number) => (line: string, place: string) =>
  `let own = rowOf(${line}); if (own != NONE) { value = ${numbersAt(sizes, array, `own * ${width}u + ${place}`)}; }`;
const loadKey = (sizes: Sizes, array: string, width: number) => (column: string, place: string) =>
  `let own = keyOf(${column}); if (own != NONE) { value = ${numbersAt(sizes, array, `(own * ${sizes.kvHeads}u + kvHead) * ${width}u + ${place}`)}; }`;

// Up to the point where each thread knows its rows and the columns that they see.
const opening = (each: Each, sizes: Sizes, unit: string = "unit"): string => `${declarations(sizes.rows)}${head(sizes)}
${entry(threads(sizes.rows))}
  ${bounds(sizes, unit)}
  ${rowNumbers(each, sizes)}
  columnEnd = end;`;

/**
 * Flash attention (online softmax). Buffers: query, keys, values, ranges (u32 pairs), blocks (i32, for selected blocks),
 * output, logSumExp. For each 64 keys: scores into registers, their maximum over the row's 16 threads, the exponentials
 * into `tile`, tile · values into the sums. Exponents are in base 2, `scale2` = scale · log₂e.
 *
 * Few queries with many keys leave most of a device idle: then `params.parts` workgroups share a tile's keys, each with results
 * of its own, `params.rows` after those of the one before, for `mergeCode` in rows.ts.
 *
 * With a pattern, of compressed blocks, it also keeps what importance needs: see `partialSums`.
 */
export function forwardCode(sizes: Sizes, pattern?: Pattern): string {
  const { rows } = sizes;
  const [depth, width] = [sizes.headDim / 4, sizes.valueDim / 4];
  const each = unroller(sizes.unroll);
  return `${pattern ? overlapOf(pattern).code : ""}
${opening(each, sizes, "(unit / params.parts)")}
  let part = unit % params.parts;
  let share = (end - begin + 64u * params.parts - 1u) / (64u * params.parts) * 64u;
  let partBegin = min(end, begin + part * share);
  let partEnd = min(end, partBegin + share);
  var highest = vec4<f32>(-3e38);
  var total = vec4<f32>();
  ${declareSums("o", width)}
  for (var start = partBegin; start < partEnd; start += 64u) {
    columnBase = start;
    var s = array<vec4<f32>, 4>();
    ${rowsTimesColumns(each, rows, "s", depth, loadRow(sizes, "query", depth), loadKey(sizes, "keys", depth))}
    ${keyNumbers}
    var most: vec4<f32>;
    ${each(
      4,
      (i) => `
    s[${i}] = select(vec4<f32>(-3e38), s[${i}] * params.scale2, ${seen(i)});
    most[${i}] = max(max(s[${i}].x, s[${i}].y), max(s[${i}].z, s[${i}].w));`,
    )}
    ${joinRow(sizes.lanes, "most", (a, b) => `max(${a}, ${b})`, "stage")}
    let top = max(highest, most);
    let shrink = exp2(highest - top);
    highest = top;
    ${each(
      4,
      (i) => `{
      let e = select(vec4<f32>(), exp2(s[${i}] - top[${i}]), ${seen(i)});
      total[${i}] = total[${i}] * shrink[${i}] + e.x + e.y + e.z + e.w;
      tile[(tr * 4u + ${i}) * 16u + tc] = e;
    }`,
    )}
    ${forSums(each, "o", width, (i, _, sum) => `${sum} *= shrink[${i}];`)}
    ${tileTimesColumns(each, rows, "o", width, loadKey(sizes, "values", width))}
    ${pattern ? partialSums(each, sizes, pattern) : ""}
  }
  ${joinRow(sizes.lanes, "total", (a, b) => `${a} + ${b}`, "stage")}
  ${forSums(
    each,
    "o",
    width,
    (i, place, sum) =>
      `if (row[${i}] != NONE) { output[(part * params.rows + row[${i}]) * ${width}u + ${place}] = select(vec4<f32>(), ${sum} / total[${i}], total[${i}] != 0.0); }`,
  )}
  ${each(
    4,
    (i) => `if (row[${i}] != NONE && tc == 0u) {
    logSumExp[part * params.rows + row[${i}]] = select(bitcast<f32>(params.nothing), highest[${i}] * ${Math.LN2} + log(total[${i}]), total[${i}] != 0.0);
  }`,
  )}
}`;
}

/**
 * After each tile of keys: `tops` `[rows, tiles]`, the maximum that its exponentials are relative to, and `partials` `[rows,
 * tiles, slots]`, their sums over the selection blocks that the tile touches, weighed by overlap. Probabilities need the
 * normaliser of each head, which is known only at the end; these sums are scaled by it later, and scores are computed once.
 */
function partialSums(each: Each, { rows, queryHeads }: Sizes, pattern: Pattern): string {
  const { first, per } = overlapOf(pattern);
  const slots = partialSlots(pattern);
  return `
    let tileNumber = (start - begin) / 64u;
    if (tc == 0u) {
      ${each(4, (i) => `if (row[${i}] != NONE) { tops[(row[${i}] - params.tokenBase * ${queryHeads}u) * params.tiles + tileNumber] = top[${i}]; }`)}
    }
    for (var i = lid; i < ${rows * slots}u; i += ${threads(rows)}u) {
      let line = i / ${slots}u;
      let own = rowOf(line);
      if (own != NONE) {
        let column = i32(start) - i32(ranges[2u * (own / ${queryHeads}u)]);
        let firstColumn = (max(column, 0) / ${per} + i32(i % ${slots}u)) * ${per} + ${first} - column;
        var sum = 0.0;
        for (var j = 0; j < ${per - first}; j++) {
          let c = firstColumn + j;
          if (c >= 0 && c < 64) { sum += overlap[j] * tile[line * 16u + u32(c) / 4u][u32(c) % 4u]; }
        }
        partials[((own - params.tokenBase * ${queryHeads}u) * params.tiles + tileNumber) * ${slots}u + i % ${slots}u] = sum;
      }
    }`;
}

/**
 * Gradient of the queries. Buffers: query, keys, values, outputGradient, rowStats (see rows.ts), ranges, blocks (for
 * selected blocks), queryGradient, to which it adds when `accumulate` is 1. dS = P ∘ (gate · dO·Vᵀ − δ), dQ = scale · dS·K.
 */
export function queryGradientCode(sizes: Sizes): string {
  const { rows } = sizes;
  const [depth, width] = [sizes.headDim / 4, sizes.valueDim / 4];
  const each = unroller(sizes.unroll);
  return `${opening(each, sizes)}
  var stats: array<vec4<f32>, 4>;
  ${each(4, (i) => `if (row[${i}] != NONE) { stats[${i}] = rowStats[row[${i}]]; }`)}
  ${declareSums("o", depth)}
  for (var start = begin; start < end; start += 64u) {
    columnBase = start;
    var s = array<vec4<f32>, 4>();
    var d = array<vec4<f32>, 4>();
    ${rowsTimesColumns(each, rows, "s", depth, loadRow(sizes, "query", depth), loadKey(sizes, "keys", depth))}
    ${rowsTimesColumns(each, rows, "d", width, loadRow(sizes, "outputGradient", width), loadKey(sizes, "values", width))}
    ${keyNumbers}
    ${each(
      4,
      (i) => `{
      let p = select(vec4<f32>(), exp2(s[${i}] * params.scale2 - stats[${i}].x), ${seen(i)});
      tile[(tr * 4u + ${i}) * 16u + tc] = p * (d[${i}] * stats[${i}].z - stats[${i}].y) * params.scale;
    }`,
    )}
    ${tileTimesColumns(each, rows, "o", depth, loadKey(sizes, "keys", depth))}
  }
  ${forSums(
    each,
    "o",
    depth,
    (i, place, sum) => `if (row[${i}] != NONE) {
    let at = row[${i}] * ${depth}u + ${place};
    if (params.accumulate == 1u) { queryGradient[at] += ${sum}; } else { queryGradient[at] = ${sum}; }
  }`,
  )}
}`;
}
