/**
 * What a wave of samples with sparse attention keeps for each row besides the caches of the selected branch: the window (a
 * ring: keys are rotated already, their order does not matter), the last l − 1 tokens of the block that is being filled, and
 * the compressed blocks. And the small biases that say what a row sees at its place.
 *
 * @module
 */
import { MASKED, type TensorData } from "@gradus/autodiff";
import type { TransformerConfig } from "../files/config.ts";
import { type Sparsity, sparsityOf } from "../files/sparsity.ts";
import { STATE_PARTS, type StatePart, stateName } from "../model/sparse/decode.ts";
import { ALWAYS } from "../model/sparse/places.ts";
import { overlap, overlapMatrix } from "../model/sparse/select.ts";

type Tensors = Record<string, { data: Float32Array; shape: number[] }>;

/** How many compressed blocks are complete after `tokens` tokens. */
function completeBlocks(tokens: number, { compressionBlock: l, compressionStride: d }: Required<Sparsity>): number {
  return Math.max(0, Math.floor((tokens - l) / d) + 1);
}

/** See the module. */
export class SparseState {
  readonly #config: TransformerConfig;
  readonly #sizes: Required<Sparsity>;
  /** Tokens of each row's prompt; 1 for an empty slot. */
  #lengths: Int32Array;
  /** Compressed and selection blocks that the longest row can have. */
  readonly #compressed: number;
  readonly #blocks: number;
  readonly #overlap: Float32Array;
  /** Each part of each layer: [rows, K, entries, E]. */
  readonly #parts: Record<string, Float32Array> = {};

  /** For rows with prompts of these lengths that grow to at most `longest` tokens. */
  constructor(config: TransformerConfig, lengths: readonly number[], longest: number) {
    this.#config = config;
    this.#sizes = sparsityOf(config);
    this.#lengths = Int32Array.from(lengths);
    const { selectionBlock, selectedBlocks } = this.#sizes;
    this.#compressed = Math.max(1, completeBlocks(longest, this.#sizes));
    this.#blocks = Math.max(selectedBlocks, Math.ceil(longest / selectionBlock));
    this.#overlap = overlapMatrix(this.#compressed, this.#blocks, this.#sizes);
    const heads = lengths.length * config.keyValueHeads;
    for (let layer = 0; layer < config.layers; layer++)
      for (const part of STATE_PARTS)
        this.#parts[stateName(part, layer)] = new Float32Array(heads * this.#entries(part) * config.headSize);
  }

  #entries(part: StatePart): number {
    const { window, compressionBlock } = this.#sizes;
    return part.startsWith("window") ? window : part.startsWith("recent") ? compressionBlock - 1 : this.#compressed;
  }

  /** Takes over what the prompts leave: outputs of the prefill graph, [groups, K, tokens or blocks, E]. */
  fill(results: Readonly<Record<string, TensorData>>, groupOf: (row: number) => number): void {
    const { layers, keyValueHeads, headSize } = this.#config;
    for (let layer = 0; layer < layers; layer++) {
      for (const part of STATE_PARTS) {
        const name = stateName(part, layer);
        const { data, shape } = results[name] as { data: Float32Array; shape: readonly number[] };
        const into = this.#parts[name];
        const entries = this.#entries(part);
        this.#lengths.forEach((length, row) => {
          const count = part.startsWith("block") ? completeBlocks(length, this.#sizes) : length;
          for (let head = 0; head < keyValueHeads; head++) {
            const source = (groupOf(row) * keyValueHeads + head) * shape[2];
            const target = (row * keyValueHeads + head) * entries;
            for (let i = Math.max(0, count - entries); i < count; i++) {
              const from = (source + i) * headSize;
              const to = (target + this.#slotOf(part, i, count)) * headSize;
              into.set(data.subarray(from, from + headSize), to);
            }
          }
        });
      }
    }
  }

  /** Where entry i of `count` lies: in a ring, at the end, or at its number. */
  #slotOf(part: StatePart, i: number, count: number): number {
    const entries = this.#entries(part);
    return part.startsWith("window") ? i % entries : part.startsWith("recent") ? i - count + entries : i;
  }

  /** Inputs of the decoding graph for the token at `generated` after the prompt. Caches hold `promptTime` and `capacity` tokens. */
  feeds(
    generated: number,
    { promptTime, capacity, groupOf }: { promptTime: number; capacity: number; groupOf: (row: number) => number },
  ): Record<string, TensorData> {
    const { keyValueHeads, headSize, layers } = this.#config;
    const sizes = this.#sizes;
    const { compressionBlock: l, compressionStride: d, selectionBlock, window, initialBlocks, localBlocks } = sizes;
    const rows = this.#lengths.length;
    const [compressed, blocks] = [this.#compressed, this.#blocks];
    const places = this.#lengths.map((length) => length + generated);
    const at = (heads: (row: number, head: number) => number) =>
      Int32Array.from({ length: rows * keyValueHeads }, (_, i) =>
        heads(Math.floor(i / keyValueHeads), i % keyValueHeads),
      );
    const compressedBias = new Float32Array(rows * (compressed + 1)).fill(MASKED);
    const seesCompressed = new Float32Array(rows);
    const newOverlap = new Float32Array(rows * blocks);
    const choiceBias = new Float32Array(rows * blocks);
    const windowBias = new Float32Array(rows * (window + 1)).fill(MASKED);
    places.forEach((place, row) => {
      const before = completeBlocks(place, sizes);
      const bias = compressedBias.subarray(row * (compressed + 1), (row + 1) * (compressed + 1));
      bias.fill(0, 0, before);
      seesCompressed[row] = Number(completeBlocks(place + 1, sizes) > 0);
      const completes = this.#completes(place);
      if (completes) bias[compressed] = 0;
      const own = Math.floor(place / selectionBlock);
      for (let block = 0; block < blocks; block++) {
        const always = block < initialBlocks || block > own - localBlocks;
        choiceBias[row * blocks + block] = block > own ? -ALWAYS : always ? ALWAYS : 0;
        if (completes) newOverlap[row * blocks + block] = overlap((place + 1 - l) / d, block, sizes);
      }
      const inWindow = windowBias.subarray(row * (window + 1), (row + 1) * (window + 1));
      for (let x = Math.max(0, place - window + 1); x < place; x++) inWindow[x % window] = 0;
      inWindow[window] = 0;
    });
    const state: Tensors = {};
    for (let layer = 0; layer < layers; layer++) {
      for (const part of STATE_PARTS) {
        const name = stateName(part, layer);
        const shape = [rows, keyValueHeads, this.#entries(part), headSize];
        state[name] = {
          data: this.#parts[name].subarray(
            0,
            shape.reduce((a, b) => a * b),
          ),
          shape,
        };
      }
    }
    return {
      ...state,
      lengths: { data: this.#lengths, shape: [rows, 1, 1] },
      places: { data: places, shape: [rows, 1, 1] },
      promptAt: {
        data: at((row, head) => (groupOf(row) * keyValueHeads + head) * promptTime),
        shape: [rows, keyValueHeads, 1],
      },
      ownAt: { data: at((row, head) => (row * keyValueHeads + head) * capacity), shape: [rows, keyValueHeads, 1] },
      compressedBias: { data: compressedBias, shape: [rows, 1, 1, compressed + 1] },
      seesCompressed: { data: seesCompressed, shape: [rows, 1, 1, 1] },
      overlap: { data: this.#overlap, shape: [compressed, blocks] },
      newOverlap: { data: newOverlap, shape: [rows, 1, blocks] },
      choiceBias: { data: choiceBias, shape: [rows, 1, blocks] },
      windowBias: { data: windowBias, shape: [rows, 1, 1, window + 1] },
    };
  }

  /** Whether the token at a place is the last one of a compressed block. */
  #completes(place: number): boolean {
    const { compressionBlock: l, compressionStride: d } = this.#sizes;
    return place + 1 >= l && (place + 1 - l) % d === 0;
  }

  /** Takes over what the token at `generated` adds: outputs of the decoding graph. */
  absorb(results: Readonly<Record<string, TensorData>>, generated: number): void {
    const { layers, keyValueHeads, headSize } = this.#config;
    const { window, compressionBlock: l, compressionStride: d } = this.#sizes;
    for (let layer = 0; layer < layers; layer++) {
      for (const part of STATE_PARTS) {
        const name = stateName(part, layer);
        const added = results[`new.${name}`].data as Float32Array;
        const into = this.#parts[name];
        const size = this.#entries(part) * headSize;
        this.#lengths.forEach((length, row) => {
          const place = length + generated;
          if (part.startsWith("block") && !this.#completes(place)) return;
          const slot = part.startsWith("window")
            ? place % window
            : part.startsWith("block")
              ? (place + 1 - l) / d
              : l - 2;
          for (let head = row * keyValueHeads; head < (row + 1) * keyValueHeads; head++) {
            const first = head * size;
            if (part.startsWith("recent")) into.copyWithin(first, first + headSize, first + size);
            if (slot >= 0) into.set(added.subarray(head * headSize, (head + 1) * headSize), first + slot * headSize);
          }
        });
      }
    }
  }

  /** Keeps only these rows: row i becomes `kept[i]` as it was, −1 stands for an empty slot. */
  keepRows(kept: Int32Array): void {
    const { layers, keyValueHeads, headSize } = this.#config;
    for (let layer = 0; layer < layers; layer++) {
      for (const part of STATE_PARTS) {
        const size = keyValueHeads * this.#entries(part) * headSize;
        const data = this.#parts[stateName(part, layer)];
        kept.forEach((from, to) => {
          if (from >= 0 && from !== to) data.copyWithin(to * size, from * size, (from + 1) * size);
        });
      }
    }
    this.#lengths = kept.map((from) => (from >= 0 ? this.#lengths[from] : 1));
  }
}
