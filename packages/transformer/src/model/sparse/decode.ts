/**
 * Decoding with sparse attention: one new token of each row against compressed keys, the chosen blocks of the prompt and of
 * what was generated, and the window. Only the chosen blocks of the selected branch are read.
 *
 * What depends on a row's place alone (which blocks are complete, which lie in the window) comes in as small biases, made
 * by `SparseState`.
 *
 * @module
 */
import {
  add,
  addDims,
  and,
  cast,
  concat,
  constant,
  gather,
  input,
  less,
  maskBias,
  matmul,
  mul,
  not,
  reshape,
  softmax,
  split,
  sub,
  sum,
  swapLast,
  type Tensor,
  topK,
  unsqueeze,
  where,
} from "@gradus/autodiff";
import type { TransformerConfig } from "../../files/config.ts";
import { sparsityOf } from "../../files/sparsity.ts";
import { compressBlock } from "./compress.ts";
import { gated } from "./gates.ts";
import type { SparseAttention } from "./operands.ts";

/** A row's own caches; `entries` is the axis along which tokens or blocks lie. */
export const STATE_PARTS = [
  "windowKeys",
  "windowValues",
  "recentKeys",
  "recentValues",
  "blockKeys",
  "blockValues",
] as const;
export type StatePart = (typeof STATE_PARTS)[number];

/** Name of a cache among the inputs of the decoding graph; `new.` and the name is what the new token adds to it. */
export function stateName(part: StatePart, layer: number): string {
  return `${part}.${layer}`;
}

/** Caches of the selected branch by the names that full attention uses. */
export interface SelectedCache {
  /** [groups, K, P, E] */
  promptKeys: Tensor;
  promptValues: Tensor;
  /** [rows, K, C, E] */
  ownKeys: Tensor;
  ownValues: Tensor;
}

/** Keys or values as rows of a table, [all · tokens, E]. */
function table(x: Tensor): Tensor {
  return reshape(x, [-1, x.shape[3]]);
}

/**
 * Attention of one new token for each of R rows. Inputs that it declares, all of rows and blocks in the order of the caches:
 * `lengths` and `places` int32 [R, 1, 1] (tokens of the row's prompt; place of the new token), `promptAt`, `ownAt` int32
 * [R, K, 1] (first token of the row's key-value head in the flattened caches), `compressedBias` [R, 1, 1, C + 1],
 * `seesCompressed` [R, 1, 1, 1], `overlap` [C, B], `newOverlap` [R, 1, B], `choiceBias` [R, 1, B], `windowBias`
 * [R, 1, 1, w + 1]; the last of C + 1 and w + 1 is what the new token brings. `caches` and the state's parts are those of
 * `Wave`. `onNew` receives what the new token adds.
 */
export function cachedSparseAttention(
  config: TransformerConfig,
  caches: readonly SelectedCache[],
  onNew: (name: string, entry: Tensor) => void,
): SparseAttention {
  const { heads, keyValueHeads, headSize } = config;
  const sizes = sparsityOf(config);
  const { compressionBlock, selectionBlock, selectedBlocks, window } = sizes;
  const group = heads / keyValueHeads;
  const rows = "rows";
  const lengths = input("lengths", "int32", [rows, 1, 1]);
  const places = input("places", "int32", [rows, 1, 1]);
  const promptAt = input("promptAt", "int32", [rows, keyValueHeads, 1]);
  const ownAt = input("ownAt", "int32", [rows, keyValueHeads, 1]);
  const compressedBias = input("compressedBias", "float32", [rows, 1, 1, addDims("compressed", 1)]);
  const seesCompressed = input("seesCompressed", "float32", [rows, 1, 1, 1]);
  const overlap = input("overlap", "float32", ["compressed", "blocks"]);
  const newOverlap = input("newOverlap", "float32", [rows, 1, "blocks"]);
  const choiceBias = input("choiceBias", "float32", [rows, 1, "blocks"]);
  const windowBias = input("windowBias", "float32", [rows, 1, 1, window + 1]);
  const entries = { window, recent: compressionBlock - 1, block: "compressed" };

  return (layer, operands) => {
    const { query, keys, values, compression } = operands;
    const state = (part: StatePart) => {
      const count = entries[part.replace(/Keys|Values/, "") as keyof typeof entries];
      return input(stateName(part, layer), "float32", [rows, keyValueHeads, count, headSize]);
    };
    const byRow = reshape(query, [rows, keyValueHeads, group, headSize]);
    const own = (key: Tensor) => sum(mul(byRow, key), { axes: [-1], keep: true });
    const back = (x: Tensor) => reshape(x, [rows, heads, 1, headSize]);

    // The block that ends with the new token: seen, where that completes it.
    const [recentKeys, recentValues] = [state("recentKeys"), state("recentValues")];
    const newKey = compressBlock(concat([recentKeys, keys.compressed], 2), compression.keys);
    const newValue = compressBlock(concat([recentValues, values.compressed], 2), compression.values);
    const blockScores = concat([matmul(byRow, swapLast(state("blockKeys"))), own(newKey)], -1);
    const blockWeights = softmax(add(blockScores, compressedBias));
    const [overBlocks, overNew] = split(blockWeights, ["compressed", 1], -1);
    const compressed = add(matmul(overBlocks, state("blockValues")), mul(overNew, newValue));

    const [summed, summedNew] = split(sum(blockWeights, { axes: [2] }), ["compressed", 1], -1);
    const importance = add(add(matmul(summed, overlap), mul(summedNew, newOverlap)), choiceBias);
    const chosen = cast(topK(importance, selectedBlocks).indices, "int32");

    // Blocks that do not exist lie ahead, and so do the last ones of the query's own block.
    const offsets = constant(
      Array.from({ length: selectionBlock }, (_, i) => i),
      [1, 1, 1, selectionBlock],
      "int32",
    );
    const tokens = reshape(add(unsqueeze(mul(chosen, selectionBlock), [3]), offsets), [
      rows,
      keyValueHeads,
      selectedBlocks * selectionBlock,
    ]);
    const cached = less(tokens, places);
    const inPrompt = less(tokens, lengths);
    const promptPlaces = add(where(inPrompt, tokens, constant([0], [], "int32")), promptAt);
    const ownPlaces = add(where(and(cached, not(inPrompt)), sub(tokens, lengths), constant([0], [], "int32")), ownAt);
    const fetch = (prompt: Tensor, generated: Tensor) =>
      where(unsqueeze(inPrompt, [3]), gather(table(prompt), promptPlaces), gather(table(generated), ownPlaces));
    const cache = caches[layer];
    const chosenScores = add(
      matmul(byRow, swapLast(fetch(cache.promptKeys, cache.ownKeys))),
      unsqueeze(maskBias(cached), [2]),
    );
    const selectedWeights = softmax(concat([chosenScores, own(keys.selected)], -1));
    const [overChosen, overItself] = split(selectedWeights, [selectedBlocks * selectionBlock, 1], -1);
    const selected = add(
      matmul(overChosen, fetch(cache.promptValues, cache.ownValues)),
      mul(overItself, values.selected),
    );

    const windowScores = concat([matmul(byRow, swapLast(state("windowKeys"))), own(keys.window)], -1);
    const [overWindow, overLast] = split(softmax(add(windowScores, windowBias)), [window, 1], -1);
    const inWindow = add(matmul(overWindow, state("windowValues")), mul(overLast, values.window));

    onNew(`newKeys.${layer}`, keys.selected);
    onNew(`newValues.${layer}`, values.selected);
    const added: Record<StatePart, Tensor> = {
      windowKeys: keys.window,
      windowValues: values.window,
      recentKeys: keys.compressed,
      recentValues: values.compressed,
      blockKeys: newKey,
      blockValues: newValue,
    };
    for (const part of STATE_PARTS) onNew(`new.${stateName(part, layer)}`, added[part]);
    return gated(operands, {
      compressed: mul(back(compressed), seesCompressed),
      selected: back(selected),
      window: back(inWindow),
    });
  };
}
