/** Hexadecimal text and a canonical binary writer. */

/** Bytes as lower-case hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/**
 * Hexadecimal digits, of either case, as bytes.
 *
 * @throws {SyntaxError} An odd number of digits, or something that is none.
 */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  if (typeof text !== "string" || text.length % 2 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new SyntaxError(
      `Cannot read hexadecimal digits: expected an even number of them, found ${JSON.stringify(text)}`,
    );
  }
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

/** Whether two arrays have the same bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Writes big-endian integers and length-prefixed strings: two different sequences of fields never give the same bytes. */
export class Writer {
  #parts: Uint8Array[] = [];

  uint32(value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value);
    this.#parts.push(bytes);
    return this;
  }

  uint64(value: number): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
    this.#parts.push(bytes);
    return this;
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }

  /** Length, then the bytes. */
  bytes(bytes: Uint8Array): this {
    return this.uint32(bytes.length).raw(bytes);
  }

  /** Length in bytes, then UTF-8. */
  text(text: string): this {
    return this.bytes(new TextEncoder().encode(text));
  }

  finish(): Uint8Array<ArrayBuffer> {
    const result = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      result.set(part, at);
      at += part.length;
    }
    return result;
  }
}
