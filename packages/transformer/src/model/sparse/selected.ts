/**
 * The selected branch as masked full attention: each query sees the keys, up to its own place, of the blocks that were
 * chosen for it.
 *
 * @module
 */
import {
  add,
  cast,
  causalMask,
  expand,
  full,
  maskBias,
  matmul,
  mul,
  reshape,
  scatterElements,
  slice,
  softmax,
  sub,
  swapLast,
  type Tensor,
  unsqueeze,
} from "@gradus/autodiff";
import { foldGroups } from "../attention.ts";
import type { Choice } from "./compressed.ts";

/** 1 for the blocks that were chosen, 0 for others: [.., queries, n] → [.., queries, blocks]. */
export function chosenBlocks({ blocks, exists }: Choice, count: number): Tensor {
  // Where there are fewer than n blocks, TopK names some that lie ahead.
  const columns = Math.max(count, Number(blocks.shape.at(-1)));
  const zeros = full([...blocks.shape.slice(0, -1), columns], 0);
  return slice(scatterElements(zeros, blocks, cast(exists, "float32")), -1, 0, count);
}

/**
 * Queries `from` to `to` of a row against all keys up to `to`, those of other blocks masked: as much work as full
 * attention. For short rows, and the plain twin of `selectedTiles`. A block that can be chosen belongs to the query's
 * segment, and so does all of it up to the query.
 */
export function selectedDense(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  choice: Choice,
  [from, to]: readonly [number, number],
  selectionBlock: number,
): Tensor {
  const [rows, heads, queries] = query.shape;
  const keyValueHeads = Number(key.shape[1]);
  const group = Number(heads) / keyValueHeads;
  const blocks = to / selectionBlock;
  const hidden = unsqueeze(mul(sub(chosenBlocks(choice, blocks), 1), 1e9), [4]);
  const byKey = reshape(expand(hidden, [rows, keyValueHeads, queries, blocks, selectionBlock]), [
    rows,
    keyValueHeads,
    1,
    queries,
    to,
  ]);
  const bias = add(byKey, maskBias(causalMask(to - from, to)));
  const scores = reshape(matmul(foldGroups(query, keyValueHeads), swapLast(key)), [
    rows,
    keyValueHeads,
    group,
    queries,
    to,
  ]);
  const weights = reshape(softmax(add(scores, bias)), [rows, keyValueHeads, group * Number(queries), to]);
  return reshape(matmul(weights, value), query.shape);
}
