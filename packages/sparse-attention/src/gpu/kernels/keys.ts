// Kernels whose rows are keys: the gradients of keys and values. Each row has one owner, which walks over the queries that
// see it: a stretch of tokens, or the list of tokens that chose its block (`index` in selection.ts). No atomics: the same bits always.
//
// Long lists are cut in `splits` parts that are summed afterwards, in order: few keys with many queries (compressed
// blocks, the first block, which everybody chooses) would otherwise leave most of a device idle.
import {
  declarations,
  declareSums,
  entry,
  forSums,
  rowsTimesColumns,
  threads,
  tileTimesColumns,
  unroller,
} from "../tile.ts";
import { numbersAt, type Sizes } from "./queries.ts";

/** The number of workgroups for so many keys or selection blocks. */
export const keyWorkgroups = ({ kvHeads, blocks, rows }: Sizes, count: number, splits: number): number =>
  kvHeads * splits * (blocks ? count * Math.ceil(blocks.span / rows) : Math.ceil(count / rows));

const place = ({ queryHeads, kvHeads, blocks, rows }: Sizes): string => {
  const group = queryHeads / kvHeads;
  return blocks
    ? `
  let chunk = tile_ % ${Math.ceil(blocks.span / rows)}u;
  let block = tile_ / ${Math.ceil(blocks.span / rows)}u;
  let entry = kvHead_ * params.blockCount + block;
  rowBase = blockTable[block].x + chunk * ${rows}u;
  rowEnd = blockTable[block].y;
  listBase = ${kvHeads}u * params.blockCount + 1u + index[entry];
  let first = 0u;
  let count = (index[entry + 1u] - index[entry]) * ${group}u;`
    : `
  rowBase = tile_ * ${rows}u;
  rowEnd = params.keyCount;
  let lastRow = min(tile_ * ${rows}u + ${rows - 1}u, params.keyCount - 1u);
  let first = keyRanges[2u * tile_ * ${rows}u] * ${group}u;
  let count = keyRanges[2u * lastRow + 1u] * ${group}u - first;`;
};

/**
 * Buffers: query, keys, values, outputGradient, rowStats; ranges and keyRanges (u32 pairs), or blockTable (vec4<u32>: first
 * key, end, end of the segment, number in the segment) and index (selection.ts); partial, `[splits, keys, kvHeads, headDim +
 * valueDim]`. dV = Pᵀ·(gate · dO), dK = scale · dSᵀ·Q.
 */
export function keyGradientCode(sizes: Sizes): string {
  const { rows, queryHeads, kvHeads, blocks } = sizes;
  const [depth, width] = [sizes.headDim / 4, sizes.valueDim / 4];
  const group = queryHeads / kvHeads;
  const loadKey = (array: string, n: number) => (line: string, at: string) =>
    `let own = rowBase + ${line}; if (own < rowEnd) { value = ${numbersAt(sizes, array, `(own * ${kvHeads}u + kvHead) * ${n}u + ${at}`)}; }`;
  const loadQuery = (array: string, n: number) => (column: string, at: string) =>
    `let own = rowOf(columnBase + ${column}); if (own != NONE) { value = ${numbersAt(sizes, array, `own * ${n}u + ${at}`)}; }`;
  const loadGated = (column: string, at: string) =>
    `let own = rowOf(columnBase + ${column}); if (own != NONE) { value = outputGradient[own * ${width}u + ${at}] * rowStats[own].z; }`;
  const each = unroller(sizes.unroll);
  return `${declarations(rows)}
var<private> kvHead: u32;
var<private> rowBase: u32;
var<private> rowEnd: u32;
var<private> columnBase: u32;
var<private> columnEnd: u32;
var<private> listBase: u32;

fn rowOf(v: u32) -> u32 {
  if (v >= columnEnd) { return NONE; }
  let token = ${blocks ? `index[listBase + v / ${group}u]` : `v / ${group}u`};
  return token * ${queryHeads}u + kvHead * ${group}u + v % ${group}u;
}
${entry(threads(rows))}
  let kvHead_ = unit % ${kvHeads}u;
  let split = unit / ${kvHeads}u % params.splits;
  let tile_ = unit / (${kvHeads}u * params.splits);
  kvHead = kvHead_;
  ${place(sizes)}
  let share = (count + 64u * params.splits - 1u) / (64u * params.splits) * 64u;
  let begin = first + min(count, split * share);
  let end = first + min(count, (split + 1u) * share);
  columnEnd = end;
  ${declareSums("dv", width)}
  ${declareSums("dk", depth)}
  for (var start = begin; start < end; start += 64u) {
    columnBase = start;
    var s = array<vec4<f32>, 4>();
    var d = array<vec4<f32>, 4>();
    ${rowsTimesColumns(each, rows, "s", depth, loadKey("keys", depth), loadQuery("query", depth))}
    ${rowsTimesColumns(each, rows, "d", width, loadKey("values", width), loadQuery("outputGradient", width))}
    var logSum: vec4<f32>;
    var delta: vec4<f32>;
    var gate: vec4<f32>;
    var low: vec4<u32>;
    var high: vec4<u32>;
    ${each(
      4,
      (j) => `{
      let row = rowOf(start + tc * 4u + ${j});
      if (row != NONE) {
        let token = row / ${queryHeads}u;
        let stats = rowStats[row];
        logSum[${j}] = stats.x;
        delta[${j}] = stats.y;
        gate[${j}] = stats.z;
        ${blocks ? `high[${j}] = token + 1u;` : `low[${j}] = ranges[2u * token]; high[${j}] = ranges[2u * token + 1u];`}
      }
    }`,
    )}
    workgroupBarrier();
    ${each(
      4,
      (i) => `{
      let key = vec4<u32>(rowBase + tr * 4u + ${i});
      let seen = (key < vec4<u32>(rowEnd)) & (key >= low) & (key < high);
      s[${i}] = select(vec4<f32>(), exp2(s[${i}] * params.scale2 - logSum), seen);
      tile[(tr * 4u + ${i}) * 16u + tc] = s[${i}];
    }`,
    )}
    ${tileTimesColumns(each, rows, "dv", width, loadGated)}
    workgroupBarrier();
    ${each(4, (i) => `tile[(tr * 4u + ${i}) * 16u + tc] = s[${i}] * (d[${i}] * gate - delta) * params.scale;`)}
    ${tileTimesColumns(each, rows, "dk", depth, loadQuery("query", depth))}
  }
  ${["dk", "dv"]
    .map((name) =>
      forSums(
        each,
        name,
        name === "dk" ? depth : width,
        (i, at, sum) => `{
    let key = rowBase + tr * 4u + ${i};
    if (key < rowEnd) {
      partial[((split * params.keyCount + key) * ${kvHeads}u + kvHead) * ${depth + width}u + ${name === "dk" ? "" : `${depth}u + `}${at}] = ${sum};
    }
  }`,
      ),
    )
    .join("\n")}
}`;
}

/** Sums the parts in order. Buffers: partial, keysGradient, valuesGradient (vec4). One thread for each vec4. */
export function sumSplitsCode({ kvHeads, headDim, valueDim }: Sizes): string {
  const [depth, width] = [headDim / 4, valueDim / 4];
  return `${entry(64)}
  let at = unit * 64u + lid;
  if (at >= params.keyCount * ${kvHeads * (depth + width)}u) { return; }
  var sum = vec4<f32>();
  for (var split = 0u; split < params.splits; split++) {
    sum += partial[split * params.keyCount * ${kvHeads * (depth + width)}u + at];
  }
  let row = at / ${depth + width}u;
  let place = at % ${depth + width}u;
  if (place < ${depth}u) { keysGradient[row * ${depth}u + place] = sum; }
  else { valuesGradient[row * ${width}u + place - ${depth}u] = sum; }
}`;
}
