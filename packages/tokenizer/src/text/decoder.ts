/**
 * From ids back to text.
 *
 * A token is bytes, and a character may be spread over several tokens. Malformed UTF-8, such as half a character at the
 * end, becomes U+FFFD, as everywhere on the web and in Rust.
 */
import { tokenBytes, utf8 } from "../bpe/byte_characters.ts";
import { check, show } from "../check.ts";
import type { Vocabulary } from "../vocabulary.ts";

/** Options of `decode` and `decodeStream`. */
export interface DecodeOptions {
  /** Leaves out special tokens; default false. */
  skipSpecialTokens?: boolean;
}

const REGULAR = 1;
const SPECIAL = 2;

/** The bytes of all tokens. */
export class TokenBytes {
  readonly #bytes: Uint8Array;
  readonly #starts: Int32Array;
  /** 0: there is no such id. */
  readonly #kinds: Uint8Array;

  constructor({ ids, added }: Vocabulary, size: number) {
    this.#kinds = new Uint8Array(size);
    const tokens = new Array<Uint8Array | undefined>(size);
    for (const [token, id] of ids) {
      tokens[id] = tokenBytes(token);
      this.#kinds[id] = REGULAR;
    }
    // An added token is its text: Rust decodes those with characters like "é" as if they were bytes, and so to U+FFFD.
    for (const { content, id, special } of added) {
      tokens[id] = utf8.encode(content);
      this.#kinds[id] = special ? SPECIAL : REGULAR;
    }
    this.#starts = new Int32Array(size + 1);
    for (let id = 0; id < size; id++) this.#starts[id + 1] = this.#starts[id] + (tokens[id]?.length ?? 0);
    this.#bytes = new Uint8Array(this.#starts[size]);
    for (let id = 0; id < size; id++) this.#bytes.set(tokens[id] ?? [], this.#starts[id]);
  }

  /** Number of bytes of a token. */
  length(id: number): number {
    return this.#starts[id + 1] - this.#starts[id];
  }

  /**
   * The bytes of tokens, one after the other.
   *
   * @throws {TypeError} If they are no array.
   * @throws {RangeError} If an id is not in the vocabulary.
   */
  join(ids: ArrayLike<number>, { skipSpecialTokens = false }: DecodeOptions): Uint8Array {
    const typed = ArrayBuffer.isView(ids);
    check("decode", "ids", ids, "an array of ids", typed || Array.isArray(ids));
    const kinds = this.#kinds;
    const starts = this.#starts;
    let total = 0;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i];
      if (!kinds[id] || !(typed || typeof id === "number"))
        throw new RangeError(
          `Cannot decode: ids[${i}] must be the id of a token, 0 to ${kinds.length - 1}, found ${show(id)}`,
        );
      total += starts[id + 1] - starts[id];
    }
    const bytes = this.#bytes;
    const joined = new Uint8Array(total);
    let to = 0;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i];
      if (skipSpecialTokens && kinds[id] === SPECIAL) continue;
      for (let from = starts[id]; from < starts[id + 1]; from++) joined[to++] = bytes[from];
    }
    return to === total ? joined : joined.subarray(0, to);
  }
}

/** Decodes ids as they come. */
export interface DecodeStream {
  /** The text that is complete with these ids: never half a character. */
  push(ids: number | ArrayLike<number>): string;
  /** What is left: U+FFFD if a character has remained incomplete. The stream then begins anew. */
  end(): string;
}

/** A stream over the tokens. */
export function streamDecoder(tokens: TokenBytes, options: DecodeOptions): DecodeStream {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return {
    push: (ids) => decoder.decode(tokens.join(typeof ids === "number" ? [ids] : ids, options), { stream: true }),
    end: () => decoder.decode(),
  };
}
