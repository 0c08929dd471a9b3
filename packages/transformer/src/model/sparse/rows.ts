/**
 * Native Sparse Attention over rows of packed segments: training, scoring, prefill.
 *
 * @module
 */
import { checkpoint, concat, mul, slice, type Tensor } from "@gradus/autodiff";
import type { Sparsity } from "../../files/sparsity.ts";
import { compressRows } from "./compress.ts";
import { type Choice, compressedChunk } from "./compressed.ts";
import { gated } from "./gates.ts";
import type { SparseAttention, SparseOperands } from "./operands.ts";
import { placesOf } from "./places.ts";
import { selectedDense } from "./selected.ts";
import { selectedTiles } from "./tiles.ts";
import { windowBanded, windowDense } from "./window.ts";

/** How rows are computed; nothing of it changes results beyond rounding. */
export interface SparseRowOptions {
  /** Queries of one product with compressed keys (rounded to selection blocks). Default 512. */
  queryChunk?: number;
  /** How the selected branch is computed. Default: in tiles where rows are longer than `TILES_FROM` times the selected keys. */
  selected?: "dense" | "tiles";
}

/** Up to this many times the selected keys, masked full attention of a row is as fast as tiles. */
const TILES_FROM = 2;

/** Compressed keys and values of a row, [R, K, C, E]. */
export function compressedOf(
  { keys, values, compression }: SparseOperands,
  sizes: Required<Sparsity>,
): { keys: Tensor; values: Tensor } {
  return {
    keys: compressRows(keys.compressed, compression.keys, sizes),
    values: compressRows(values.compressed, compression.values, sizes),
  };
}

/**
 * Attention of rows whose segments begin at multiples of l': `segments` [R, T] has an id > 0 for each token and 0 for
 * padding, T is a multiple of l'.
 */
export function sparseRowAttention(
  segments: Tensor,
  sizes: Required<Sparsity>,
  { queryChunk = 512, selected }: SparseRowOptions = {},
): SparseAttention {
  const { selectionBlock, window } = sizes;
  const places = placesOf(segments, sizes);
  const { time } = places;
  const chunk = Math.max(1, Math.ceil(queryChunk / selectionBlock)) * selectionBlock;
  const chunks: [number, number][] = [];
  for (let from = 0; from < time; from += chunk) chunks.push([from, Math.min(time, from + chunk)]);
  const biases = chunks.map(([from, to]) => places.compressedBias(from, to));
  const region = chunks.length > 1 ? checkpoint : <T>(build: () => T): T => build();

  // Tiles about as wide as the window, of whole selection blocks that divide the row.
  const blocks = time / selectionBlock;
  let perTile = Math.max(1, Math.floor(window / selectionBlock));
  while (blocks % perTile !== 0) perTile--;
  const tile = perTile * selectionBlock;

  const selectedKeys = sizes.selectedBlocks * selectionBlock;
  const kind = selected ?? (time > TILES_FROM * selectedKeys ? "tiles" : "dense");

  return (_layer, operands) => {
    const { query, keys, values } = operands;
    const compressed = compressedOf(operands, sizes);
    const parts = chunks.map(([from, to], i) => {
      const count = places.compressedBefore(to);
      const seen = { keys: slice(compressed.keys, 2, 0, count), values: slice(compressed.values, 2, 0, count) };
      return region(() => compressedChunk(slice(query, 2, from, to), seen, biases[i], places, [from, to], sizes));
    });
    const choice: Choice = {
      blocks: concat(
        parts.map((part) => part.choice.blocks),
        2,
      ),
      exists: concat(
        parts.map((part) => part.choice.exists),
        2,
      ),
    };
    const inBlocks =
      kind === "tiles"
        ? selectedTiles(query, keys.selected, values.selected, choice, selectionBlock)
        : concat(
            chunks.map(([from, to], i) =>
              region(() =>
                selectedDense(
                  slice(query, 2, from, to),
                  slice(keys.selected, 2, 0, to),
                  slice(values.selected, 2, 0, to),
                  parts[i].choice,
                  [from, to],
                  selectionBlock,
                ),
              ),
            ),
            2,
          );
    const inWindow =
      time <= tile + window
        ? windowDense(query, keys.window, values.window, places, window)
        : windowBanded(query, keys.window, values.window, places, { window, tile });
    return gated(operands, {
      compressed: mul(
        concat(
          parts.map(({ output }) => output),
          2,
        ),
        places.seesCompressed,
      ),
      selected: inBlocks,
      window: inWindow,
    });
  };
}
