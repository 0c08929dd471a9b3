/**
 * The two loops that training spends its time in: the sum of some rows of a table, and an addition to some rows. As
 * WebAssembly with 128-bit vectors where there is that, else in JavaScript; both add in the same order, so they agree
 * to the last bit.
 *
 * @module
 */

/** A table of rows, and the loops over it. */
export interface RowTable {
  /** Numbers of rows, filled in by the caller; as many as a call has. */
  readonly list: Int32Array;
  /** What `gather` gives: the sum of the listed rows. */
  readonly sum: Float32Array;
  /** What `scatter` adds to each listed row. */
  readonly delta: Float32Array;
  /** All rows, one after the other. */
  readonly rows: Float32Array;
  gather(count: number): void;
  scatter(count: number): void;
}

/** The binary of kernels.wat, 420 bytes. */
const BINARY =
  "AGFzbQEAAAABCQFgBX9/f39/AAILAQFlAW0CAQCAgAQDAwIAAAcUAgZnYXRoZXIAAAdzY2F0dGVyAAEK5gICtQEBBH8gBEEAIAP8CwAgACABQQJ0aiEFAkADQCAAIAVPDQEgAiAAKAIAIANsaiEGIABBBGohAEEAIQcDQCAEIAdqIQggCCAI/QAEACAGIAdq/QAEAP3kAf0LBAAgCCAI/QAEECAGIAdq/QAEEP3kAf0LBBAgCCAI/QAEICAGIAdq/QAEIP3kAf0LBCAgCCAI/QAEMCAGIAdq/QAEMP3kAf0LBDAgB0HAAGoiByADSQ0ACwwACwsLrAEBBH8gACABQQJ0aiEFAkADQCAAIAVPDQEgAiAAKAIAIANsaiEGIABBBGohAEEAIQcDQCAGIAdqIQggCCAI/QAEACAEIAdq/QAEAP3kAf0LBAAgCCAI/QAEECAEIAdq/QAEEP3kAf0LBBAgCCAI/QAEICAEIAdq/QAEIP3kAf0LBCAgCCAI/QAEMCAEIAdq/QAEMP3kAf0LBDAgB0HAAGoiByADSQ0ACwwACwsL";
const PAGE = 2 ** 16;
const MOST_PAGES = 2 ** 16;

/** The module, or undefined where there is no WebAssembly with vectors. */
let compiled: WebAssembly.Module | undefined | null = null;
function kernels(): WebAssembly.Module | undefined {
  if (compiled === null) {
    const bytes = Uint8Array.from(atob(BINARY), (character) => character.charCodeAt(0));
    compiled =
      typeof WebAssembly === "object" && WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : undefined;
  }
  return compiled;
}

/**
 * A table of `rowCount` rows of `dimension` zeros, memory that nobody touches is not used.
 *
 * @param dimension A multiple of 16.
 * @param listLength Most rows that one call names.
 * @throws {RangeError} The table would have more than 4 GiB.
 */
export function rowTable(rowCount: number, dimension: number, listLength: number): RowTable {
  const module = kernels();
  if (!module) return plainRowTable(rowCount, dimension, listLength);
  const vectors = 64 * Math.ceil(listLength / 16);
  const base = vectors + 8 * dimension;
  const pages = Math.ceil((base + rowCount * dimension * 4) / PAGE);
  if (pages > MOST_PAGES) {
    throw new RangeError(
      `Cannot train: ${rowCount} rows of ${dimension} numbers need ${(pages / 16384).toFixed(1)} GiB, at most 4 are possible: lower buckets or dimension`,
    );
  }
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { gather, scatter } = new WebAssembly.Instance(module, { e: { m: memory } }).exports as Record<
    string,
    (list: number, count: number, rows: number, bytes: number, vector: number) => void
  >;
  const bytes = dimension * 4;
  return {
    list: new Int32Array(memory.buffer, 0, listLength),
    sum: new Float32Array(memory.buffer, vectors, dimension),
    delta: new Float32Array(memory.buffer, vectors + bytes, dimension),
    rows: new Float32Array(memory.buffer, base, rowCount * dimension),
    gather: (count) => gather(0, count, base, bytes, vectors),
    scatter: (count) => scatter(0, count, base, bytes, vectors + bytes),
  };
}

/** The same in JavaScript. */
export function plainRowTable(rowCount: number, dimension: number, listLength: number): RowTable {
  const list = new Int32Array(listLength);
  const sum = new Float32Array(dimension);
  const delta = new Float32Array(dimension);
  const rows = new Float32Array(rowCount * dimension);
  return {
    list,
    sum,
    delta,
    rows,
    gather(count) {
      sum.fill(0);
      for (let i = 0; i < count; i++) {
        const row = list[i] * dimension;
        for (let j = 0; j < dimension; j++) sum[j] += rows[row + j];
      }
    },
    scatter(count) {
      for (let i = 0; i < count; i++) {
        const row = list[i] * dimension;
        for (let j = 0; j < dimension; j++) rows[row + j] += delta[j];
      }
    },
  };
}
