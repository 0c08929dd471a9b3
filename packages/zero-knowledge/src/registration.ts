/**
 * The append-only log in which transcripts are registered before their pulse: a chain of hashes, so that whoever has its latest
 * head notices when an earlier entry is changed, removed or slipped in.
 */

import { sha3_256 } from "@noble/hashes/sha3.js";

/** An entry. Bytes are hexadecimal. */
export interface Registration {
  /** τ, or the hash of whatever else is fixed in advance. */
  readonly transcript: string;
  /** Index of the last pulse that was out when the entry was made. */
  readonly pulse: number;
  /** SHA3-256(head before ‖ τ ‖ pulse). */
  readonly head: string;
}

/** How much later than its registration's pulse a target has to be: the next one may be under way already. */
export const DELAY = 2;

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

function headAfter(before: string, transcript: string, pulse: number): string {
  return hex(sha3_256(new TextEncoder().encode(`gradus registration 1 ${before} ${transcript} ${pulse}`)));
}

/**
 * The log with one more entry.
 *
 * @param log So far.
 * @param transcript τ, 32 bytes.
 * @param pulse Index of the beacon's last pulse.
 * @throws {RangeError} A pulse before that of the last entry, or a transcript that is not 32 bytes.
 *
 * @example
 * ```ts
 * const log = register([], new Uint8Array(32), 7);
 * findRegistration(log, new Uint8Array(32))?.pulse; // 7
 * ```
 */
export function register(log: readonly Registration[], transcript: Uint8Array, pulse: number): Registration[] {
  const last = log.at(-1);
  if (!Number.isSafeInteger(pulse) || pulse < (last?.pulse ?? 0)) {
    throw new RangeError(`Cannot register: expected a pulse from ${last?.pulse ?? 0}, found ${pulse}`);
  }
  if (!(transcript instanceof Uint8Array) || transcript.length !== 32) {
    const found = transcript instanceof Uint8Array ? `${transcript.length} bytes` : typeof transcript;
    throw new RangeError(`Cannot register: expected a transcript of 32 bytes, found ${found}`);
  }
  const text = hex(transcript);
  return [...log, { transcript: text, pulse, head: headAfter(last?.head ?? "", text, pulse) }];
}

/**
 * The first entry of a transcript in an intact log; undefined where there is none.
 *
 * @throws {Error} A log with a malformed entry, or whose chain of hashes is broken: says where.
 */
export function findRegistration(log: readonly Registration[], transcript: Uint8Array): Registration | undefined {
  let head = "";
  let pulse = 0;
  log.forEach((entry, i) => {
    if (!/^[0-9a-f]{64}$/.test(entry?.transcript) || !Number.isSafeInteger(entry.pulse)) {
      throw new Error(`Cannot trust the log: entry ${i + 1} has no transcript of 32 bytes or no pulse`);
    }
    if (entry.head !== headAfter(head, entry.transcript, entry.pulse) || entry.pulse < pulse) {
      throw new Error(`Cannot trust the log: entry ${i + 1} does not follow from the one before`);
    }
    ({ head, pulse } = entry);
  });
  const text = hex(transcript);
  return log.find((entry) => entry.transcript === text);
}
