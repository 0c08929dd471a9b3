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
import { DIGEST, siblings } from "./tree.ts";

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

/** Writes a proof. */
export function encodeProof(commitment: Commitment, openings: readonly Opening[]): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(commitment.beacon);
  if (name.length > 255)
    throw new RangeError(`Cannot write a proof: the beacon's name has ${name.length} bytes, at most 255`);
  const header = MAGIC.length + 2 + name.length + 8 + 4 + 32;
  const digests = openings.reduce(
    (sum, opening) => sum + opening.siblings.reduce((all, level) => all + level.length, 0),
    0,
  );
  const bytes = new Uint8Array(header + openings.length * 66 + digests * 32);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint16(5, name.length);
  bytes.set(name, 7);
  view.setBigUint64(7 + name.length, BigInt(commitment.targetPulse));
  view.setUint32(15 + name.length, commitment.rounds);
  bytes.set(commitment.root, 19 + name.length);
  let at = header;
  const put = (words: Uint32Array) => {
    bytes.set(new Uint8Array(words.buffer, words.byteOffset, 32), at);
    at += 32;
  };
  for (const opening of openings) {
    bytes.set(opening.colours, at);
    at += 2;
    opening.salts.forEach(put);
    for (const level of opening.siblings) level.forEach(put);
  }
  return bytes;
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
  // Aligned digests can be compared and hashed by words.
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
    const places = siblings(graph.vertices, graph.edges[2 * edges[round]], graph.edges[2 * edges[round] + 1]);
    yield { colours, salts, siblings: places.map((level) => level.map(() => take(round))) };
  }
  if (at !== bytes.length)
    throw new SyntaxError(`Cannot read a proof: ${bytes.length - at} bytes follow its last round`);
}
