/**
 * From a name to a place in Philox's counter space.
 *
 * The root and the purpose are hashed to the 64-bit key with SipHash-2-4; step, prompt and sample are counter words as
 * they are, and the fourth word numbers the blocks inside a stream:
 *
 *     key     = SipHash-2-4 of the purpose (UTF-16LE), keyed by the root and the kind of thing made
 *     counter = (block, step, prompt, sample)
 *
 * Under one root and purpose, two different addresses can therefore never share a counter: their streams are disjoint
 * by construction. Two different (root, purpose) pairs share a key with probability 2^-64; among n pairs, by the
 * birthday bound, at most n²/2^65: 3e-14 for a thousand, 3e-8 for a million.
 */

import { sipHash } from "./hash.ts";

/** Where a stream's numbers start: a run's seed. Numbers and bigints of equal value are the same root; strings differ. */
export type Root = number | bigint | string;

/** The name of a random choice. What is left out is 0. */
export interface Address {
  /** What the numbers are for, e.g. `"init"`, `"sample"`, `"shuffle"`. Any string but the empty one. */
  purpose: string;
  /** Training step: an integer from 0 to 2^32 − 1. Default 0. */
  step?: number;
  /** Index of the prompt: an integer from 0 to 2^32 − 1. Default 0. */
  prompt?: number;
  /** Index of the sample of that prompt: an integer from 0 to 2^32 − 1. Default 0. */
  sample?: number;
}

/** What an address is resolved for. Each kind has keys of its own, so they never share numbers. */
export const KIND = { stream: 0, permutation: 2 } as const;

/** A resolved address: the Philox key (two words) and the counter words beside the block number. */
export interface Place {
  key0: number;
  key1: number;
  step: number;
  prompt: number;
  sample: number;
}

function counterWord(name: string, value: number | undefined): number {
  if (value === undefined) return 0;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw new RangeError(`Cannot resolve the address: ${name} must be an integer from 0 to 2^32 - 1, got ${value}`);
  }
  return value;
}

/**
 * Checks an address and resolves it to a Philox key and counter words.
 *
 * @param root The run's seed: a safe integer from 0, a bigint from 0 to 2^64 − 1, or a string.
 * @param address The name of the choice.
 * @param kind What the numbers are for, see {@link KIND}.
 * @throws {TypeError} If the root or the purpose has the wrong type.
 * @throws {RangeError} If the root, step, prompt or sample is out of range, or the purpose is empty.
 *
 * @example
 * ```ts
 * resolve(42, { purpose: "init", step: 3 }, KIND.stream).step; // 3
 * ```
 */
export function resolve(root: Root, address: Address, kind: number): Place {
  const purpose = address?.purpose;
  if (typeof purpose !== "string") {
    throw new TypeError(`Cannot resolve the address: purpose must be a string, got ${typeof purpose}`);
  }
  if (purpose === "") throw new RangeError('Cannot resolve the address: purpose must not be empty, got ""');
  const step = counterWord("step", address.step);
  const prompt = counterWord("prompt", address.prompt);
  const sample = counterWord("sample", address.sample);
  let low: number;
  let high: number;
  let tag = kind;
  if (typeof root === "number") {
    if (!Number.isSafeInteger(root) || root < 0) {
      throw new RangeError(
        `Cannot resolve the address: a number root must be an integer from 0 to 2^53 - 1, got ${root}`,
      );
    }
    low = root >>> 0;
    high = Math.floor(root / 0x100000000);
  } else if (typeof root === "bigint") {
    if (root < 0n || root >> 64n !== 0n) {
      throw new RangeError(`Cannot resolve the address: a bigint root must be from 0 to 2^64 - 1, got ${root}`);
    }
    low = Number(root & 0xffffffffn);
    high = Number(root >> 32n);
  } else if (typeof root === "string") {
    [low, high] = sipHash(root, 0, 0, 0, 0);
    tag += 1;
  } else {
    throw new TypeError(`Cannot resolve the address: root must be a number, bigint or string, got ${typeof root}`);
  }
  const [key0, key1] = sipHash(purpose, low, high, tag, 0);
  return { key0, key1, step, prompt, sample };
}
