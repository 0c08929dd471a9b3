/**
 * The fields in the middle of a pulse, the same in NIST's and in ours, with NIST's lengths before them (NIST IR 8213, section
 * 4.1.2).
 *
 * @module
 */

import { fromHex, type Writer } from "../encoding.ts";

/** From the cipher suite to the external value. Values are 64 bytes in hexadecimal digits. */
export interface SharedFields {
  /** How a pulse is hashed and signed. */
  readonly cipherSuite: number;
  /** Milliseconds from one pulse to the next. */
  readonly period: number;
  /** Hash of the public key, or of its certificate. */
  readonly certificateId: string;
  readonly chainIndex: number;
  /** 1 for the first pulse of a chain. */
  readonly pulseIndex: number;
  /** UTC, milliseconds: `"2026-11-24T12:00:00.000Z"`. */
  readonly timeStamp: string;
  readonly localRandomValue: string;
  /** Another beacon's output, mixed in; zeros without one. */
  readonly external: { readonly sourceId: string; readonly statusCode: number; readonly value: string };
}

/** Writes them in order. */
export function writeSharedFields(writer: Writer, pulse: SharedFields): Writer {
  return writer
    .uint32(pulse.cipherSuite)
    .uint32(pulse.period)
    .bytes(fromHex(pulse.certificateId))
    .uint64(pulse.chainIndex)
    .uint64(pulse.pulseIndex)
    .text(pulse.timeStamp)
    .bytes(fromHex(pulse.localRandomValue))
    .bytes(fromHex(pulse.external.sourceId))
    .uint32(pulse.external.statusCode)
    .bytes(fromHex(pulse.external.value));
}
