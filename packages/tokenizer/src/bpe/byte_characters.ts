/**
 * The visible character that stands for each byte in byte-level vocabularies: the byte's own Latin-1 character if that
 * is printable, else the next of U+0100, U+0101 … (GPT-2's `bytes_to_unicode`).
 */
export const byteCharacters: readonly string[] = /* @__PURE__ */ makeByteCharacters();

function makeByteCharacters(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCharCode(printable ? byte : next++);
  });
}

/** The byte for each of those characters, by its code unit; -1 where there is none. */
const byteOf: Int16Array = /* @__PURE__ */ makeByteOf();

function makeByteOf(): Int16Array {
  const table = new Int16Array(0x144).fill(-1);
  for (const [byte, character] of byteCharacters.entries()) table[character.charCodeAt(0)] = byte;
  return table;
}

/** To UTF-8. */
export const utf8: TextEncoder = /* @__PURE__ */ new TextEncoder();

/** The bytes that a token stands for; one with a character that stands for no byte is text, as in Rust's decoder. */
export function tokenBytes(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = byteOf[token.charCodeAt(i)] ?? -1;
    if (byte < 0) return utf8.encode(token);
    bytes[i] = byte;
  }
  return bytes;
}

/** The token that stands for bytes. */
export function tokenOf(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let token = "";
  for (let i = start; i < end; i++) token += byteCharacters[bytes[i]];
  return token;
}
