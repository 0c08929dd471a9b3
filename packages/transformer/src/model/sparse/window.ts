/**
 * The window branch: each query sees the last w keys of its segment.
 *
 * @module
 */
import {
  add,
  and,
  concat,
  constant,
  equal,
  full,
  maskBias,
  matmul,
  reshape,
  slice,
  softmax,
  swapLast,
  type Tensor,
  transpose,
  unsqueeze,
} from "@gradus/autodiff";
import { groupedAttend } from "../attention.ts";
import type { Places } from "./places.ts";

/** [queries, keys] booleans as a constant: query i, which is key i + offset, sees keys j with 0 ≤ i + offset − j < w. */
function band(queries: number, keys: number, offset: number, window: number): Tensor {
  const sees = (i: number, j: number) => i + offset >= j && i + offset - j < window;
  const bits = Uint8Array.from({ length: queries * keys }, (_, at) => Number(sees(Math.floor(at / keys), at % keys)));
  return constant(bits, [queries, keys], "bool");
}

/** The whole row at once: for rows hardly longer than the window. */
export function windowDense(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { segments, time }: Places,
  window: number,
): Tensor {
  const same = equal(unsqueeze(segments, [2]), unsqueeze(segments, [1]));
  const bias = maskBias(unsqueeze(and(same, band(time, time, 0, window)), [1]));
  return groupedAttend(query, key, value, bias);
}

/**
 * The same in tiles of `tile` queries, each against the tiles that its window reaches into: work and memory grow with
 * T · (w + tile), not with T².
 */
export function windowBanded(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { segments, time }: Places,
  { window, tile }: { window: number; tile: number },
): Tensor {
  const [rows, heads, , headSize] = query.shape;
  const keyValueHeads = Number(key.shape[1]);
  const group = Number(heads) / keyValueHeads;
  const tiles = time / tile;
  const back = Math.min(tiles - 1, Math.ceil((window - 1) / tile));
  const span = (back + 1) * tile;

  /** Each tile with the `back` tiles before it, zeros before the first: [.., T, ..] → [.., tiles, span, ..]. */
  const banded = (x: Tensor, axis: number): Tensor => {
    const lead = x.shape.slice(0, axis);
    const rest = x.shape.slice(axis + 1);
    const cut = reshape(x, [...lead, tiles, tile, ...rest]);
    const shifted = Array.from({ length: back + 1 }, (_, i) => back - i).map((by) =>
      by === 0 ? cut : concat([full([...lead, by, tile, ...rest], 0, x.dtype), slice(cut, axis, 0, tiles - by)], axis),
    );
    return concat(shifted, axis + 1);
  };

  const byTile = reshape(segments, [rows, tiles, tile]);
  // Real segments count from 1, so the zeros before the first tile are like padding: seen by no real token.
  const same = equal(unsqueeze(byTile, [3]), unsqueeze(banded(segments, 1), [2]));
  const bias = maskBias(unsqueeze(and(same, band(tile, span, back * tile, window)), [1, 3]));
  // [R, K, tiles, G·tile, E]: the heads of a group ask the same keys.
  const folded = reshape(
    transpose(reshape(query, [rows, keyValueHeads, group, tiles, tile, headSize]), [0, 1, 3, 2, 4, 5]),
    [rows, keyValueHeads, tiles, group * tile, headSize],
  );
  const scores = reshape(matmul(folded, swapLast(banded(key, 2))), [rows, keyValueHeads, tiles, group, tile, span]);
  const weights = reshape(softmax(add(scores, bias)), [rows, keyValueHeads, tiles, group * tile, span]);
  const attended = reshape(matmul(weights, banded(value, 2)), [rows, keyValueHeads, tiles, group, tile, headSize]);
  return reshape(transpose(attended, [0, 1, 3, 2, 4, 5]), query.shape);
}
