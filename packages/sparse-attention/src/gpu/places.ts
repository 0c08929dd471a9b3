// The tables that say which keys each token sees, on the device.
import {
  causalRanges,
  compressedRanges,
  compressedTokens,
  coveringBlocks,
  type Layout,
  type Pattern,
  type Ranges,
  selectionTable,
} from "../layout.ts";
import type { Columns } from "./engine.ts";
import type { Runtime } from "./runtime.ts";

/** A layout's tables on the device. */
export interface Place {
  layout: Layout;
  tokens: number;
  selectionBlocks: number;
  /** Of the compressed branch. */
  tokenRanges: Ranges;
  ranges: GPUBuffer;
  full: Columns;
  window: Columns;
  compressed: Columns;
  table: GPUBuffer;
  tableLength: number;
  /** Token → first token of its segment. */
  starts: GPUBuffer;
  firstTokens: GPUBuffer;
  covering: GPUBuffer;
}

/** Makes the tables of a layout, and keeps those of the last one: training uses the same lengths again and again. */
export class Places {
  readonly #runtime: Runtime;
  readonly #pattern: Pattern;
  #last: { key: string; place: Place } | undefined;

  constructor(runtime: Runtime, pattern: Pattern) {
    this.#runtime = runtime;
    this.#pattern = pattern;
  }

  of(layout: Layout): Place {
    const key = layout.starts.join();
    if (this.#last?.key === key) return this.#last.place;
    const [runtime, pattern] = [this.#runtime, this.#pattern];
    const compressed = compressedRanges(layout, pattern);
    const table = selectionTable(layout, pattern);
    const columns = this.#columnsOf(compressed);
    const starts = Int32Array.from(layout.segmentOf, (segment) => layout.starts[segment]);
    const place: Place = {
      layout,
      tokens: layout.tokens,
      selectionBlocks: layout.selectionBlocks,
      tokenRanges: compressed,
      ranges: columns.ranges,
      full: this.#columnsOf(causalRanges(layout)),
      window: this.#columnsOf(causalRanges(layout, pattern.window)),
      compressed: columns,
      table: runtime.upload(table),
      tableLength: table.length / 4,
      starts: runtime.upload(starts),
      firstTokens: runtime.upload(compressedTokens(layout, pattern)),
      covering: runtime.upload(coveringBlocks(layout, pattern)),
    };
    this.#last = { key, place };
    return place;
  }

  /** The columns of `count` selected blocks for each token and key-value head. */
  blockColumns({ full, table, tableLength, tokens }: Place, buffer: GPUBuffer, count: number): Columns {
    return {
      ranges: full.ranges,
      keyCount: tokens,
      longest: full.longest,
      blocks: { buffer, span: this.#pattern.selectionBlock, count, table, tableLength },
    };
  }

  dispose(): void {
    if (!this.#last) return;
    const { full, window, compressed, table, starts, firstTokens, covering } = this.#last.place;
    for (const { ranges, keyRanges } of [full, window, compressed]) for (const b of [ranges, keyRanges!]) b.destroy();
    for (const buffer of [table, starts, firstTokens, covering]) buffer.destroy();
    this.#last = undefined;
  }

  #columnsOf({ ofToken, ofKey }: Ranges): Columns {
    const { length } = ofKey;
    let longest = 0;
    for (let key = 0; key < length / 2; key++) longest = Math.max(longest, ofKey[2 * key + 1] - ofKey[2 * key]);
    const upload = (numbers: Ranges["ofKey"]) => this.#runtime.upload(numbers);
    return { ranges: upload(ofToken), keyRanges: upload(ofKey), keyCount: length / 2, longest };
  }
}
