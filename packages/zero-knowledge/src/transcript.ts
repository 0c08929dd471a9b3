/**
 * What is fixed before the challenge, and the challenge that follows from it.
 *
 *     τ     = SHA3-256(statement ‖ k ‖ root ‖ beacon ‖ target pulse)
 *     edges = rejection sampling from SHAKE256(output of the target pulse ‖ τ)
 *
 * τ is registered while the target pulse is still unknown to everybody: a prover who dislikes his edges cannot try another
 * commitment. In the Fiat-Shamir variant SHA3-512(τ) stands in for the pulse, and he can try as many as he likes.
 */

import { sha3_256, sha3_512, shake256 } from "@noble/hashes/sha3.js";

/** What τ binds. */
export interface Commitment {
  /** 32 bytes, {@link graphHash}. */
  readonly graphHash: Uint8Array;
  /** k. */
  readonly rounds: number;
  /** Hash of all rounds' roots, 32 bytes. */
  readonly root: Uint8Array;
  /** Name of the beacon, `""` with Fiat-Shamir. */
  readonly beacon: string;
  /** Index of the pulse that will choose the edges, 0 with Fiat-Shamir. */
  readonly targetPulse: number;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** The hash whose digest is a commitment's root: still to be given the roots of all rounds, in order. */
export function hashOfRounds(): ReturnType<typeof sha3_256.create> {
  return sha3_256.create().update(text("gradus rounds 1"));
}

/** τ, 32 bytes. */
export function transcriptOf({ graphHash, rounds, root, beacon, targetPulse }: Commitment): Uint8Array {
  const name = text(beacon);
  const numbers = new DataView(new ArrayBuffer(16));
  numbers.setUint32(0, rounds);
  numbers.setBigUint64(4, BigInt(targetPulse));
  numbers.setUint32(12, name.length);
  return sha3_256
    .create()
    .update(text("gradus three-colouring 1"))
    .update(graphHash)
    .update(root)
    .update(new Uint8Array(numbers.buffer))
    .update(name)
    .digest();
}

/** What Fiat and Shamir put in the beacon's place: the transcript's own hash. */
export function fiatShamirOutput(transcript: Uint8Array): Uint8Array {
  return sha3_512(transcript);
}

/** Refuses what is no pulse's output. @throws {RangeError} Not bytes, or fewer than 32. */
export function checkOutput(output: Uint8Array): void {
  if (!(output instanceof Uint8Array) || output.length < 32) {
    const found = output instanceof Uint8Array ? `${output.length} bytes` : typeof output;
    throw new RangeError(`Cannot use a pulse's output: expected a Uint8Array of at least 32 bytes, found ${found}`);
  }
}

/**
 * The challenged edges: for each round one of `edges`, unbiased. Words of 32 bits that would favour the first edges are drawn
 * again.
 *
 * @param output The pulse's output.
 * @param transcript τ.
 * @param edges |E|.
 * @param rounds k.
 */
export function challengedEdges(
  output: Uint8Array,
  transcript: Uint8Array,
  edges: number,
  rounds: number,
): Uint32Array {
  const stream = shake256.create({}).update(text("gradus challenge 1")).update(output).update(transcript);
  const limit = Math.floor(2 ** 32 / edges) * edges;
  const result = new Uint32Array(rounds);
  for (let i = 0; i < rounds; ) {
    const bytes = stream.xof(Math.min(4096, 4 * (rounds - i)));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at < bytes.length && i < rounds; at += 4) {
      const word = view.getUint32(at);
      if (word < limit) result[i++] = word % edges;
    }
  }
  return result;
}
