/**
 * Proofs as bytes.
 *
 *     "GZ3C", version 1                                                  4 + 1
 *     length of the beacon's name, name, target pulse                    2 + n + 8
 *     rounds, root                                                       4 + 32
 *     for each round: two bytes of colours, two salts, siblings          2 + 64 + 32 for each
 *
 * Numbers are big-endian. How many siblings a round has follows from its edge, which follows from the pulse, so the file has no
 * lengths that could disagree: it is exactly as long as it has to be, or refused.
 */

import type { Graph } from "./graph.ts";
import type { Commitment } from "./transcript.ts";
import { DIGEST, siblingsOfEdges } from "./tree.ts";

/** What a round shows: both ends of its edge, the first one first. */
export interface Opening {
  readonly colours: readonly [number, number];
  readonly salts: readonly [Uint32Array, Uint32Array];
  /** Digests that are not computable, for each level from the leaves up. */
  readonly siblings: readonly (readonly Uint32Array[])[];
}

/** The part of a proof before its rounds. */
export interface ProofHeader extends Omit<Commitment, "graphHash"> {
  /** Where the rounds begin. */
  readonly length: number;
}

const MAGIC = [0x47, 0x5a, 0x33, 0x43, 1];

/** Writes a proof into one array: its header at once, then round after round. */
export class ProofWriter {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #at: number;

  /** @param digests How many siblings all rounds have together. */
  constructor({ beacon, targetPulse, rounds, root }: Commitment, digests: number) {
    const name = new TextEncoder().encode(beacon);
    this.#at = MAGIC.length + 2 + name.length + 8 + 4 + 32;
    this.bytes = new Uint8Array(this.#at + rounds * 66 + digests * 32);
    this.#view = new DataView(this.bytes.buffer);
    this.bytes.set(MAGIC);
    this.#view.setUint16(5, name.length);
    this.bytes.set(name, 7);
    this.#view.setBigUint64(7 + name.length, BigInt(targetPulse));
    this.#view.setUint32(15 + name.length, rounds);
    this.bytes.set(root, 19 + name.length);
  }

  colours(first: number, second: number): void {
    this.bytes[this.#at++] = first;
    this.bytes[this.#at++] = second;
  }

  /** A digest or a salt: 8 words from a place on. */
  digest(words: Uint32Array, from: number): void {
    for (let w = 0; w < DIGEST; w++, this.#at += 4) this.#view.setUint32(this.#at, words[from + w], true);
  }
}

/**
 * Reads what stands before the rounds.
 *
 * @throws {SyntaxError} Not such a proof, another version, or cut short.
 */
export function parseHeader(bytes: Uint8Array): ProofHeader {
  const refuse = (what: string) => new SyntaxError(`Cannot read a proof: ${what}`);
  if (bytes.length < 51) throw refuse(`expected at least 51 bytes, found ${bytes.length}`);
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) throw refuse("it does not begin with GZ3C and version 1");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const size = view.getUint16(5);
  const length = 51 + size;
  if (size > 255 || bytes.length < length) throw refuse("the beacon's name is cut short or longer than 255 bytes");
  let beacon: string;
  try {
    beacon = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(7, 7 + size));
  } catch {
    throw refuse("the beacon's name is not UTF-8");
  }
  const targetPulse = Number(view.getBigUint64(7 + size));
  if (!Number.isSafeInteger(targetPulse)) throw refuse("the target pulse is beyond 2^53");
  return { beacon, targetPulse, rounds: view.getUint32(15 + size), root: bytes.slice(19 + size, length), length };
}

/**
 * Reads the rounds one after the other, given their edges.
 *
 * @throws {SyntaxError} A file that is shorter or longer than its rounds.
 */
export function* parseRounds(bytes: Uint8Array, start: number, graph: Graph, edges: Uint32Array): Generator<Opening> {
  const siblingsOf = siblingsOfEdges(graph);
  let at = start;
  const take = (round: number): Uint32Array => {
    if (at + 32 > bytes.length)
      throw new SyntaxError(`Cannot read a proof: it ends in round ${round + 1} of ${edges.length}`);
    const words = new Uint32Array(DIGEST);
    new Uint8Array(words.buffer).set(bytes.subarray(at, at + 32));
    at += 32;
    return words;
  };
  for (let round = 0; round < edges.length; round++) {
    const colours = [bytes[at], bytes[at + 1]] as const;
    at += 2;
    const salts = [take(round), take(round)] as const;
    yield { colours, salts, siblings: siblingsOf(edges[round]).map((level) => level.map(() => take(round))) };
  }
  if (at !== bytes.length)
    throw new SyntaxError(`Cannot read a proof: ${bytes.length - at} bytes follow its last round`);
}
