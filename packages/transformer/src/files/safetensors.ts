/**
 * safetensors, the container of Hugging Face checkpoints: pure functions on bytes.
 *
 * ```text
 * 8 bytes   header length N, little-endian
 * N bytes   JSON { "__metadata__": {string: string}, name: { dtype, shape, data_offsets: [begin, end] }, … },
 *           padded with spaces so that the data starts at a multiple of 8
 * rest      the tensors, little-endian, row-major, end to end without gaps
 * ```
 *
 * As the reference implementation does, tensors are laid out by element type, wide ones first, then by name, so that each
 * starts at a multiple of its element size. Files that we write carry a checksum in their metadata
 * (`"checksum": "xxh32:…"`, over the whole file with the eight digits as zeros); in files of others there is none.
 *
 * Source: https://github.com/huggingface/safetensors, README "Format" and `safetensors/src/tensor.rs`.
 */
import { XxHash32 } from "./checksum.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "./half.ts";

/** The element type of a stored tensor. */
export type Dtype = "F64" | "I64" | "F32" | "I32" | "F16" | "BF16" | "U8";

/** The array that holds a tensor's elements; F16 and BF16 are kept as bit patterns. */
export type TensorData = Float64Array | BigInt64Array | Float32Array | Int32Array | Uint16Array | Uint8Array;

/** A tensor as stored: row-major `data` of `shape`. */
export interface Tensor {
  shape: number[];
  dtype: Dtype;
  data: TensorData;
}

/** A file's content. */
export interface SafetensorsFile {
  /** By name, in the order of the data. */
  tensors: Record<string, Tensor>;
  /** The file's own metadata, without our checksum. */
  metadata: Record<string, string>;
}

/** A file's first bytes and the order of what follows them; shared with the streaming writer. */
export interface SafetensorsLayout {
  /** Length prefix and header, with the checksum's digits as zeros. */
  header: Uint8Array;
  /** Where in `header` the eight digits of the checksum stand. */
  checksumAt: number;
  /** The tensors' bytes in file order (views, not copies). */
  pieces: Uint8Array[];
}

/** In the order in which the reference implementation lays tensors out. */
const formats = {
  I64: { bytes: 8, array: BigInt64Array },
  F64: { bytes: 8, array: Float64Array },
  F32: { bytes: 4, array: Float32Array },
  I32: { bytes: 4, array: Int32Array },
  BF16: { bytes: 2, array: Uint16Array },
  F16: { bytes: 2, array: Uint16Array },
  U8: { bytes: 1, array: Uint8Array },
} as const;

/** The reference implementation's limit, against files that would make a reader allocate without end. */
const longestHeader = 100_000_000;
const checksumKey = "checksum";
const checksumPrefix = `"${checksumKey}":"xxh32:`;

/**
 * Encode tensors as a safetensors file in memory.
 *
 * @param tensors Name → tensor.
 * @param metadata Free text, kept in the header; `checksum` is ours. transformers expects `{ format: "pt" }`.
 * @returns The file's bytes.
 * @throws {TypeError} If a dtype and the kind of array do not belong together, or metadata is not text.
 * @throws {RangeError} If a shape does not fit its data; the message names the tensor.
 *
 * @example
 * ```ts
 * import { decodeSafetensors, encodeSafetensors } from "@gradus/transformer";
 * import { deepEqual } from "node:assert/strict";
 *
 * const bytes = encodeSafetensors({ w: { shape: [1, 2], dtype: "F32", data: Float32Array.of(1, 2) } });
 * deepEqual(decodeSafetensors(bytes).tensors.w.data, Float32Array.of(1, 2));
 * ```
 */
export function encodeSafetensors(
  tensors: Record<string, Tensor>,
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const { header, checksumAt, pieces } = layoutSafetensors(tensors, metadata);
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, header.length));
  bytes.set(header);
  let at = header.length;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  const hash = new XxHash32();
  hash.update(bytes);
  bytes.set(checksumDigits(hash), checksumAt);
  return bytes;
}

/**
 * Decode a safetensors file.
 *
 * Tensors are views of `bytes` wherever alignment allows (always in files that were laid out as above), so nothing is
 * copied and `bytes` must not change.
 *
 * @param bytes The whole file.
 * @param options `verify`: whether to compare our checksum where there is one; default true.
 * @returns Tensors and metadata.
 * @throws {SyntaxError} If the file is not well-formed: truncated, bad JSON, offsets that leave gaps, overlap or point
 *   outside, sizes that do not fit; the message names the tensor.
 * @throws {RangeError} If a tensor has an element type that is not supported, or the header is over 100 MB.
 * @throws {Error} If the checksum does not fit the content.
 *
 * @example
 * ```ts
 * import { decodeSafetensors } from "@gradus/transformer";
 * import { throws } from "node:assert/strict";
 *
 * throws(() => decodeSafetensors(Uint8Array.of(1, 2, 3)), /3 bytes/);
 * ```
 */
export function decodeSafetensors(bytes: Uint8Array, options: { verify?: boolean } = {}): SafetensorsFile {
  const { header, dataStart } = parseHeader(bytes);
  const { __metadata__, ...entries } = header;
  const metadata = parseMetadata(__metadata__);
  const parsed = Object.entries(entries).map(([name, entry]) => parseEntry(name, entry));
  parsed.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  const size = bytes.length - dataStart;
  for (const { name, begin, end } of parsed) {
    if (end > size) {
      throw malformed(`tensor "${name}" ends at byte ${end} of the data, but the file has only ${size} (truncated?)`);
    }
    if (begin < at) throw malformed(`tensor "${name}" starts at byte ${begin}, inside the tensor before it`);
    if (begin > at) throw malformed(`${begin - at} bytes before tensor "${name}" belong to no tensor`);
    at = end;
  }
  if (at < size) throw malformed(`${size - at} bytes at the end belong to no tensor`);
  if (metadata[checksumKey] !== undefined) {
    if (options.verify ?? true) verifyChecksum(bytes, dataStart, metadata[checksumKey]);
    delete metadata[checksumKey];
  }

  const tensors = parsed.map(({ name, dtype, shape, begin, end }): [string, Tensor] => {
    const { array, bytes: width } = formats[dtype];
    const aligned = (bytes.byteOffset + dataStart + begin) % width === 0;
    const piece = bytes.subarray(dataStart + begin, dataStart + end);
    const own = aligned ? piece : new Uint8Array(piece);
    return [name, { shape, dtype, data: new array(own.buffer as ArrayBuffer, own.byteOffset, own.length / width) }];
  });
  return { tensors: Object.fromEntries(tensors), metadata };
}

/**
 * A tensor's elements as float32: exact from F16, BF16 and U8, rounded from F64, I32 and I64.
 *
 * @param tensor The tensor; an F32 one's own array comes back, not a copy.
 * @returns Row-major numbers.
 *
 * @example
 * ```ts
 * import { toFloat32 } from "@gradus/transformer";
 * import { deepEqual } from "node:assert/strict";
 *
 * deepEqual(toFloat32({ shape: [1], dtype: "BF16", data: Uint16Array.of(0x3f80) }), Float32Array.of(1));
 * ```
 */
export function toFloat32({ dtype, data }: Tensor): Float32Array {
  switch (dtype) {
    case "F32":
      return data as Float32Array;
    case "F16":
      return float16ToFloat32(data as Uint16Array);
    case "BF16":
      return bfloat16ToFloat32(data as Uint16Array);
    case "I64":
      return Float32Array.from(data as BigInt64Array, Number);
    default:
      return new Float32Array(data as Float64Array | Int32Array | Uint8Array);
  }
}

/** Check the tensors, write the header, order the data. The checksum is still to be filled in. */
export function layoutSafetensors(
  tensors: Record<string, Tensor>,
  metadata: Record<string, string> = {},
): SafetensorsLayout {
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== "string") {
      throw new TypeError(`Cannot encode safetensors: metadata "${key}" must be a string, found ${typeof value}`);
    }
  }
  const names = Object.keys(tensors);
  for (const name of names) checkTensor(name, tensors[name]);
  const order = Object.keys(formats);
  const rank = (name: string): number => order.indexOf(tensors[name].dtype);
  names.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));

  // The checksum comes first, so that its digits are the first thing to match `checksumPrefix`: inside any other
  // text of the header the quotes are escaped.
  const { [checksumKey]: _, ...others } = metadata;
  const entries: [string, unknown][] = [["__metadata__", { [checksumKey]: "xxh32:00000000", ...others }]];
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const name of names) {
    const { dtype, shape, data } = tensors[name];
    entries.push([name, { dtype, shape, data_offsets: [at, at + data.byteLength] }]);
    pieces.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    at += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const length = Math.ceil(text.length / 8) * 8;
  if (length > longestHeader) {
    throw new RangeError(`Cannot encode safetensors: the header may have ${longestHeader} bytes, found ${length}`);
  }
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(text, 8);
  return { header, checksumAt: findChecksum(header), pieces };
}

/** The eight digits to put at `checksumAt`, once `hash` has seen the whole file. */
export function checksumDigits(hash: XxHash32): Uint8Array {
  return new TextEncoder().encode(hash.digest().toString(16).padStart(8, "0"));
}

function checkTensor(name: string, { dtype, shape, data }: Tensor): void {
  const fail = (what: string): string => `Cannot encode safetensors: tensor "${name}" ${what}`;
  if (name === "__metadata__") throw new RangeError(fail("has a name that the format reserves"));
  if (!Object.hasOwn(formats, dtype)) {
    throw new TypeError(fail(`must have one of the dtypes ${Object.keys(formats).join(", ")}, found ${dtype}`));
  }
  const { array } = formats[dtype];
  if (!(data instanceof array)) {
    const kind = (data as object | undefined)?.constructor?.name ?? typeof data;
    throw new TypeError(fail(`of dtype ${dtype} must be a ${array.name}, found ${kind}`));
  }
  if (!Array.isArray(shape) || !shape.every((n) => Number.isSafeInteger(n) && n >= 0)) {
    throw new RangeError(fail(`must have a shape of whole numbers, found ${JSON.stringify(shape)}`));
  }
  const count = shape.reduce((product, n) => product * n, 1);
  if (count !== data.length) {
    throw new RangeError(fail(`of shape [${shape.join(", ")}] must have ${count} elements, found ${data.length}`));
  }
}

function parseHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < 8) throw malformed(`expected at least 8 bytes, found ${bytes.length} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > longestHeader) {
    throw new RangeError(
      `Cannot decode safetensors: the header may have ${longestHeader} bytes, found ${length} (not a safetensors file?)`,
    );
  }
  const dataStart = 8 + Number(length);
  if (dataStart > bytes.length) {
    throw malformed(`the header has ${length} bytes, but the file only ${bytes.length} (truncated?)`);
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, dataStart)));
  } catch (cause) {
    throw malformed(`the header is not JSON: ${(cause as Error).message}`, cause);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    throw malformed("the header must be a JSON object");
  }
  return { header: header as Record<string, unknown>, dataStart };
}

function parseMetadata(value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw malformed("__metadata__ must be an object of strings");
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") throw malformed(`__metadata__ "${key}" must be a string, found ${typeof text}`);
  }
  return { ...value } as Record<string, string>;
}

interface Entry {
  name: string;
  dtype: Dtype;
  shape: number[];
  begin: number;
  end: number;
}

function parseEntry(name: string, entry: unknown): Entry {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const whole = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  if (typeof dtype !== "string" || !Array.isArray(shape) || !shape.every(whole)) {
    throw malformed(`tensor "${name}" must have a dtype and a shape of whole numbers, found ${JSON.stringify(entry)}`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(whole) || offsets[0] > offsets[1]) {
    throw malformed(`tensor "${name}" must have data_offsets [begin, end], found ${JSON.stringify(offsets)}`);
  }
  if (!Object.hasOwn(formats, dtype)) {
    throw new RangeError(
      `Cannot decode safetensors: tensor "${name}" must have one of the dtypes ${Object.keys(formats).join(", ")}, ` +
        `found ${dtype}`,
    );
  }
  const expected = shape.reduce((product, n) => product * n, formats[dtype as Dtype].bytes);
  const [begin, end] = offsets as [number, number];
  if (end - begin !== expected) {
    throw malformed(
      `tensor "${name}" of ${dtype} [${shape.join(", ")}] must have ${expected} bytes, found ${end - begin}`,
    );
  }
  return { name, dtype: dtype as Dtype, shape, begin, end };
}

function verifyChecksum(bytes: Uint8Array, dataStart: number, found: string): void {
  // Another writer's "checksum" is not ours to judge.
  if (!/^xxh32:[0-9a-f]{8}$/.test(found)) return;
  const header = bytes.slice(0, dataStart);
  const at = findChecksum(header);
  const hash = new XxHash32();
  if (at >= 0) header.fill(0x30, at, at + 8);
  hash.update(header);
  hash.update(bytes.subarray(dataStart));
  const digits = new TextDecoder().decode(checksumDigits(hash));
  if (found !== `xxh32:${digits}`) {
    throw new Error(
      `Cannot decode safetensors: the content has checksum xxh32:${digits}, but the file was written with ${found} ` +
        "(corrupted, or changed by a program that copied our metadata; { verify: false } reads it all the same)",
    );
  }
}

/** Where the digits of the checksum start in a header, −1 if nowhere. */
function findChecksum(header: Uint8Array): number {
  const pattern = new TextEncoder().encode(checksumPrefix);
  for (let at = header.indexOf(pattern[0]); at >= 0; at = header.indexOf(pattern[0], at + 1)) {
    if (pattern.every((byte, i) => header[at + i] === byte)) return at + pattern.length;
  }
  return -1;
}

function malformed(what: string, cause?: unknown): SyntaxError {
  return new SyntaxError(`Cannot decode safetensors: ${what}`, { cause });
}
