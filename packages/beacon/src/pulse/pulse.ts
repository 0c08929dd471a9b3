/**
 * A pulse: one message of a randomness beacon, with the fields of NIST's Randomness Beacon 2.0 (NIST IR 8213) and two
 * differences.
 *
 * **The output does not depend on the signature.** NIST hashes the signature into the output. With ML-DSA that would be a
 * trap: a message has many valid signatures, so the operator could sign again and again until an output suits him. Here
 *
 *     outputValue    = SHA3-512(body)
 *     signatureValue = ML-DSA-65.sign(body)
 *
 * and the body holds nothing that the operator can still choose: the local random value was committed to by the pulse before.
 *
 * **It says where its randomness is from**, `source`, and whether that was a simulation.
 */

import { sha3_512 } from "@noble/hashes/sha3.js";
import { fromHex, toHex, Writer } from "../encoding.ts";
import { type SharedFields, writeSharedFields } from "./shared_fields.ts";

/** Where a pulse's local randomness comes from. */
export interface PulseSource {
  /** `"operating-system"`, `"simulated-bell-test"`, or a name of your own. */
  readonly kind: string;
  /** Whether the randomness is a simulation's, known to whoever knows its seed. */
  readonly simulated: boolean;
  /** Certified min-entropy of the raw data in bits; 0 where nothing is certified. */
  readonly certifiedBits: number;
}

/** An earlier output that a pulse repeats, so that a chain can be followed in leaps. */
export interface ListValue {
  readonly uri: string;
  /** `"previous"`, or the last pulse before the current hour, day, month or year (UTC) began. */
  readonly type: "previous" | "hour" | "day" | "month" | "year";
  readonly value: string;
}

/** What is hashed and signed. Values are in lower case; `certificateId` is SHA3-512 of the public key. */
export interface PulseBody extends SharedFields {
  readonly uri: string;
  readonly version: "gradus-beacon-1";
  /** 0: SHA3-512 and ML-DSA-65. */
  readonly cipherSuite: 0;
  readonly listValues: readonly ListValue[];
  /** SHA3-512 of the next pulse's local random value. */
  readonly precommitmentValue: string;
  /** 0, plus 1 for the first pulse of a chain, plus 2 after a gap in time. */
  readonly statusCode: number;
  readonly source: PulseSource;
}

/** A signed pulse. */
export interface Pulse extends PulseBody {
  /** ML-DSA-65, 3309 bytes in hexadecimal digits. */
  readonly signatureValue: string;
  /** SHA3-512 of the body: what the beacon is for. */
  readonly outputValue: string;
}

/** Bits of {@link PulseBody.statusCode}. */
export const STATUS = { first: 1, gap: 2 } as const;

/** 64 zero bytes. */
export const ZERO: string = "00".repeat(64);

/** SHA3-512 of bytes given as hexadecimal digits, as hexadecimal digits: the precommitment to a value. */
export function commitmentTo(value: string): string {
  return toHex(sha3_512(fromHex(value)));
}

/**
 * The body as bytes: every field in order, text and values with their lengths before them.
 *
 * @throws {SyntaxError} A value that is not hexadecimal.
 */
export function encodePulse(body: PulseBody): Uint8Array<ArrayBuffer> {
  const writer = new Writer().text(body.version).text(body.uri);
  writeSharedFields(writer, body).uint32(body.listValues.length);
  for (const { uri, type, value } of body.listValues) writer.text(uri).text(type).bytes(fromHex(value));
  return writer
    .bytes(fromHex(body.precommitmentValue))
    .uint32(body.statusCode)
    .text(body.source.kind)
    .uint32(body.source.simulated ? 1 : 0)
    .uint64(body.source.certifiedBits)
    .finish();
}

/** The output that belongs to a body. */
export function outputOf(body: PulseBody): string {
  return toHex(sha3_512(encodePulse(body)));
}
