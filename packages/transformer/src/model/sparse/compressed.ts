/**
 * The compressed branch and the choice of blocks, for a chunk of queries.
 *
 * @module
 */
import { add, constant, greater, matmul, reshape, softmax, sum, swapLast, type Tensor, topK } from "@gradus/autodiff";
import type { Sparsity } from "../../files/sparsity.ts";
import { foldGroups } from "../attention.ts";
import { ALWAYS, type Places } from "./places.ts";
import { overlapMatrix } from "./select.ts";

/** The blocks of each query, best first. */
export interface Choice {
  /** [R, K, queries, n], int64; where `exists` is false, some number. */
  blocks: Tensor;
  /** [R, K, queries, n]: false where there are fewer than n blocks. */
  exists: Tensor;
}

/**
 * Attention over compressed keys and values [R, K, C, E], and what it says about selection blocks: probabilities weighed
 * by overlap, summed over the heads of a group (equations 8 to 10 with the indices as they are meant). Of blocks of equal
 * importance TopK takes the earlier. The choice has no gradient.
 */
export function compressedChunk(
  query: Tensor,
  { keys, values }: { keys: Tensor; values: Tensor },
  bias: Tensor,
  places: Places,
  [from, to]: readonly [number, number],
  sizes: Required<Sparsity>,
): { output: Tensor; choice: Choice } {
  const [rows, heads, queries] = query.shape;
  const [, keyValueHeads, compressed] = keys.shape;
  const group = Number(heads) / Number(keyValueHeads);
  const scores = reshape(matmul(foldGroups(query, Number(keyValueHeads)), swapLast(keys)), [
    rows,
    heads,
    queries,
    compressed,
  ]);
  const weights = softmax(add(scores, bias));
  const grouped = reshape(weights, [rows, keyValueHeads, group * Number(queries), compressed]);
  const output = reshape(matmul(grouped, values), query.shape);

  const { selectionBlock, selectedBlocks } = sizes;
  const chosen = Math.min(selectedBlocks, places.time / selectionBlock);
  const columns = Math.max(chosen, Math.ceil(to / selectionBlock));
  const summed = sum(reshape(weights, [rows, keyValueHeads, group, queries, compressed]), { axes: [2] });
  const counted = constant(overlapMatrix(Number(compressed), columns, sizes), [Number(compressed), columns], "float32");
  const importance = add(matmul(summed, counted), places.choiceBias(from, to, columns));
  const best = topK(importance, chosen);
  return { output, choice: { blocks: best.indices, exists: greater(best.values, -ALWAYS / 2) } };
}
