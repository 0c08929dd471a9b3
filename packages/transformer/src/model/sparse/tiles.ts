/**
 * The selected branch with work in proportion to what is selected: pairs (query, chosen block) are sorted by block into
 * tiles of S pairs, each of one block, so that every tile is a plain matrix product of many queries with one block's keys.
 * A query's partial results of its n blocks are then joined by their logarithmic sums.
 *
 * A block's list of queries is padded to whole tiles: at most T·n/S + B tiles for each key-value head, a number that is known
 * when the graph is built. All moves of rows are one-to-one, so that their gradients are moves, too; only the gradients
 * of a block's keys and values are sums, over its tiles, by a product with zeros and ones. (The same idea with lists for
 * experts: MegaBlocks, arXiv 2211.15841.)
 *
 * Names of sizes: F = R·K rows and key-value heads, N tiles of each, P = N·S places in them.
 *
 * @module
 */
import {
  add,
  cast,
  constant,
  cumulativeSum,
  div,
  equal,
  expand,
  full,
  gatherElements,
  gatherRows,
  greaterOrEqual,
  logSumExp,
  maskBias,
  matmul,
  maximum,
  minimum,
  mul,
  multiplyDims,
  reshape,
  scatterElements,
  slice,
  softmax,
  sub,
  sum,
  swapLast,
  type Tensor,
  transpose,
  unsqueeze,
  where,
} from "@gradus/autodiff";
import type { Choice } from "./compressed.ts";
import { chosenBlocks } from "./selected.ts";

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Where each pair goes, and what lies at each place. Numbers are int64 and count within a row and key-value head. */
interface Tiling {
  /** Tiles; the last one is for pairs that do not exist. */
  tiles: number;
  /** Place of each pair, [F, T, n]. */
  placeOf: Tensor;
  /**
   * Pair t·n + i at each place, [F, P]. At places without one: the first query's last pair, which does not exist where n > 1
   * (it sees one block only), so that nothing comes back from it; −1 where n = 1.
   */
  pairAt: Tensor;
  /** Block of each tile, [F, N]. */
  blockOf: Tensor;
}

/** Sorts pairs into tiles of `size`. */
function tilingOf({ blocks, exists }: Choice, blockCount: number, size: number): Tiling {
  const [rows, heads, time, n] = blocks.shape;
  const families = multiplyDims(rows, heads);
  const [pairs, queries] = [Number(time) * Number(n), Number(time)];
  const tiles = Math.floor(pairs / size) + blockCount + 1;

  const chosen = cast(reshape(chosenBlocks({ blocks, exists }, blockCount), [families, time, blockCount]), "int32");
  const upTo = cumulativeSum(chosen, 1);
  const counts = reshape(slice(upTo, 1, queries - 1, queries), [families, blockCount]);
  const ends = cumulativeSum(div(add(counts, size - 1), size), 1);
  const starts = sub(ends, div(add(counts, size - 1), size));
  const places = add(sub(upTo, chosen), mul(unsqueeze(starts, [1]), size));
  // Blocks that do not exist may have numbers beyond the last.
  const known = minimum(reshape(blocks, [families, time, n]), blockCount - 1);
  const own = gatherElements(places, known);
  const placeOf = cast(where(reshape(exists, [families, time, n]), own, (tiles - 1) * size), "int64");

  const flat = reshape(placeOf, [families, pairs]);
  const numbers = expand(constant(range(pairs), [1, pairs], "int64"), [families, pairs]);
  const pairAt = scatterElements(full([families, tiles * size], n === 1 ? -1 : Number(n) - 1, "int64"), flat, numbers);
  const before = cast(greaterOrEqual(constant(range(tiles), [1, tiles, 1], "int32"), unsqueeze(ends, [1])), "int32");
  const blockOf = minimum(sum(before, { axes: [2] }), blockCount - 1);
  return { tiles, placeOf, pairAt, blockOf: cast(blockOf, "int64") };
}

/** 0, step, 2·step, … for each of the first axis's entries of `like`, [F, 1]. */
function offsets(like: Tensor, step: number): Tensor {
  const ones = full([like.shape[0], 1], step, "int64");
  return sub(cumulativeSum(ones, 0), step);
}

/** Attention of whole rows: query [R, H, T, E], key and value [R, K, T, E], the choice of all queries → [R, H, T, E]. */
export function selectedTiles(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  choice: Choice,
  selectionBlock: number,
  size = 64,
): Tensor {
  const [rows, heads, time, headSize] = query.shape;
  const keyValueHeads = Number(key.shape[1]);
  const group = Number(heads) / keyValueHeads;
  const families = multiplyDims(rows, keyValueHeads);
  const blocks = Number(time) / selectionBlock;
  const n = Number(choice.blocks.shape[3]);
  const pairs = Number(time) * n;
  const width = group * Number(headSize);
  const { tiles, placeOf, pairAt, blockOf } = tilingOf(choice, blocks, size);
  const places = tiles * size;

  // All heads of a group go together: [F·T, G·E].
  const byGroup = transpose(reshape(query, [rows, keyValueHeads, group, time, headSize]), [0, 1, 3, 2, 4]);
  const queries = reshape(byGroup, [multiplyDims(families, time), width]);
  const queryAt = div(maximum(pairAt, 0), n);
  const taken = gatherRows(
    queries,
    reshape(add(queryAt, offsets(pairAt, Number(time))), [-1]),
    reshape(add(reshape(placeOf, [families, pairs]), offsets(pairAt, places)), [queries.shape[0], n]),
    { complete: true }, // what goes to the last tile does not exist
  );
  const tiled = reshape(taken, [families, tiles, size * group, headSize]);

  const oneHot = cast(equal(unsqueeze(blockOf, [2]), constant(range(blocks), [1, 1, blocks], "int64")), "float32");
  const ofTile = (x: Tensor) => {
    const flat = reshape(x, [families, blocks, selectionBlock * Number(headSize)]);
    return reshape(matmul(oneHot, flat), [families, tiles, selectionBlock, headSize]);
  };
  // Only a query's own block reaches beyond it.
  const keyPlaces = add(
    reshape(mul(blockOf, selectionBlock), [families, tiles, 1, 1]),
    constant(range(selectionBlock), [1, 1, 1, selectionBlock], "int64"),
  );
  const bias = unsqueeze(maskBias(greaterOrEqual(reshape(queryAt, [families, tiles, size, 1]), keyPlaces)), [3]);
  const scores = reshape(
    add(reshape(matmul(tiled, swapLast(ofTile(key))), [families, tiles, size, group, selectionBlock]), bias),
    [families, tiles, size * group, selectionBlock],
  );
  const attended = matmul(softmax(scores), ofTile(value));
  const sums = logSumExp(scores, { axes: [-1] });

  // Back to the pairs, and join each query's n parts.
  const from = reshape(add(reshape(placeOf, [families, pairs]), offsets(pairAt, places)), [-1]);
  const known = add(pairAt, offsets(pairAt, pairs));
  const pairRows = n > 1 ? known : where(greaterOrEqual(pairAt, 0), known, constant([-1], [], "int64"));
  const uses = reshape(pairRows, [multiplyDims(families, places), 1]);
  const back = (x: Tensor, columns: number) =>
    gatherRows(reshape(x, [multiplyDims(families, places), columns]), from, uses, { complete: n > 1 });
  const parts = reshape(back(attended, width), [families, time, n, group, headSize]);
  const logs = reshape(back(sums, group), [families, time, n, group]);
  const weights = softmax(add(logs, unsqueeze(maskBias(reshape(choice.exists, [families, time, n])), [3])), 2);
  const joined = sum(mul(parts, unsqueeze(weights, [4])), { axes: [2] });
  const result = transpose(reshape(joined, [rows, keyValueHeads, time, group, headSize]), [0, 1, 3, 2, 4]);
  return reshape(result, query.shape);
}
