/**
 * The sizes of Native Sparse Attention (Yuan et al., arXiv 2502.11089), their defaults, and their names in `config.json`.
 */

/** The pattern of `attention: "nsa"`. All are counts of tokens or of blocks. */
export interface Sparsity {
  /** l: tokens of a compressed block. Default 32. */
  compressionBlock?: number;
  /** d: tokens from one compressed block to the next; divides l and l'. Default 16. */
  compressionStride?: number;
  /**
   * Width of the hidden layer of φ, which makes one key of a block's keys. The paper does not say it. Default
   * 2 · headSize, the least with which φ can begin as a sum.
   */
  compressionHidden?: number;
  /** l': tokens of a selection block, at least l. Default 64. */
  selectionBlock?: number;
  /** n: selection blocks that a query attends to. Default 16. */
  selectedBlocks?: number;
  /** How many of the n are the first blocks of the sequence, always. Default 1. */
  initialBlocks?: number;
  /** How many of the n are the query's own block and those before it, always; at least 1. Default 2. */
  localBlocks?: number;
  /** w: keys of the window, the query's own included. Default 512. */
  window?: number;
}

/** What of a model's configuration is read here. */
interface AttentionConfig {
  attention?: "full" | "nsa";
  headSize: number;
  sparsity?: Sparsity;
}

/** The names in `config.json`, in the order in which they are written. */
const names = {
  compressionBlock: "compression_block_size",
  compressionStride: "compression_stride",
  compressionHidden: "compression_hidden_size",
  selectionBlock: "selection_block_size",
  selectedBlocks: "num_selected_blocks",
  initialBlocks: "num_initial_blocks",
  localBlocks: "num_local_blocks",
  window: "window_size",
} as const satisfies Record<keyof Sparsity, string>;

const fields = Object.keys(names) as (keyof Sparsity)[];

/** Whether a configuration's attention is sparse. */
export function isSparse(config: Pick<AttentionConfig, "attention">): boolean {
  return config.attention === "nsa";
}

/** All sizes of a sparse configuration, the defaults filled in. */
export function sparsityOf({ headSize, sparsity = {} }: AttentionConfig): Required<Sparsity> {
  return {
    compressionBlock: 32,
    compressionStride: 16,
    compressionHidden: 2 * headSize,
    selectionBlock: 64,
    selectedBlocks: 16,
    initialBlocks: 1,
    localBlocks: 2,
    window: 512,
    ...sparsity,
  };
}

/** Calls `fail` with the field, what was expected and what was found, where `attention` and `sparsity` do not make sense. */
export function checkSparsity(
  config: AttentionConfig,
  fail: (field: string, expected: string, found: unknown) => never,
): void {
  const { attention, sparsity } = config;
  if (attention !== undefined && attention !== "full" && attention !== "nsa")
    fail("attention", `"full" or "nsa"`, attention);
  if (!isSparse(config)) {
    if (sparsity !== undefined) fail("sparsity", `absent without attention: "nsa"`, sparsity);
    return;
  }
  if (sparsity !== undefined && (typeof sparsity !== "object" || sparsity === null))
    fail("sparsity", "an object", sparsity);
  const unknown = Object.keys(sparsity ?? {}).find((field) => !(field in names));
  if (unknown) fail("sparsity", `made of ${fields.join(", ")}`, unknown);
  const sizes = sparsityOf(config);
  for (const field of fields) {
    const least = field === "initialBlocks" ? 0 : 1;
    if (!Number.isSafeInteger(sizes[field]) || sizes[field] < least)
      fail(`sparsity.${field}`, `an integer of at least ${least}`, sizes[field]);
  }
  const {
    compressionBlock: l,
    compressionStride: d,
    selectionBlock,
    selectedBlocks,
    initialBlocks,
    localBlocks,
  } = sizes;
  if (l % d !== 0) fail("sparsity.compressionBlock", `a multiple of compressionStride (${d})`, l);
  if (selectionBlock % d !== 0)
    fail("sparsity.selectionBlock", `a multiple of compressionStride (${d})`, selectionBlock);
  if (selectionBlock < l) fail("sparsity.selectionBlock", `at least compressionBlock (${l})`, selectionBlock);
  if (selectedBlocks < initialBlocks + localBlocks) {
    const always = initialBlocks + localBlocks;
    fail("sparsity.selectedBlocks", `at least initialBlocks + localBlocks (${always})`, selectedBlocks);
  }
}

/** The sizes as `config.json` has them. */
export function sparsityToJson(config: AttentionConfig): Record<string, number> {
  const sizes = sparsityOf(config);
  return Object.fromEntries(fields.map((field) => [names[field], sizes[field]]));
}

/** The sizes that a `config.json` has, by our names; `number` reads a field. */
export function sparsityFromJson(number: (field: string) => number): Required<Sparsity> {
  return Object.fromEntries(fields.map((field) => [field, number(names[field])])) as unknown as Required<Sparsity>;
}
