/**
 * Verifies pulses of drand's network "quicknet" offline: BLS signatures on BLS12-381, unchained, RFC 9380.
 *
 * A round's message is SHA-256 of its number (8 bytes, big-endian); the signature, a point of G1, is the network's threshold
 * signature of it; the randomness is SHA-256 of the signature. BLS signatures are unique, so deriving the output from one is
 * no trap here. BLS is not secure against quantum computers.
 *
 * Source: drand's specification, https://docs.drand.love/docs/cryptography/.
 */

import { bls12_381 } from "@noble/curves/bls12-381.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { fromHex, toHex, Writer } from "../encoding.ts";

/** A round as drand's HTTP interface gives it. */
export interface DrandPulse {
  readonly round: number;
  readonly randomness: string;
  readonly signature: string;
}

/** What identifies a drand network. */
export interface DrandChain {
  /** Point of G2, 96 bytes, hexadecimal. */
  readonly publicKey: string;
  /** Seconds since 1970 of round 1. */
  readonly genesisTime: number;
  /** Seconds between rounds. */
  readonly period: number;
}

/** The mainnet of the League of Entropy with a period of 3 seconds. */
export const QUICKNET: DrandChain = {
  publicKey:
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
  genesisTime: 1692803367,
  period: 3,
};

const DOMAIN = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

/**
 * Whether a recorded round is genuine. False for anything malformed.
 *
 * @param pulse The round.
 * @param chain The network. Default quicknet.
 *
 * @example
 * ```ts
 * const round = {
 *   round: 657413,
 *   randomness: "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587",
 *   signature: "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b",
 * };
 * verifyDrand(round); // true
 * verifyDrand({ ...round, round: 657414 }); // false
 * ```
 */
export function verifyDrand(pulse: DrandPulse, chain: DrandChain = QUICKNET): boolean {
  try {
    const signature = fromHex(pulse.signature);
    if (toHex(sha256(signature)) !== pulse.randomness) return false;
    const bls = bls12_381.shortSignatures;
    const message = bls.hash(sha256(new Writer().uint64(pulse.round).finish()), DOMAIN);
    return bls.verify(signature, message, fromHex(chain.publicKey));
  } catch {
    return false;
  }
}

/** Milliseconds since 1970 at which a round is due. */
export function drandTime(round: number, { genesisTime, period }: DrandChain = QUICKNET): number {
  return 1000 * (genesisTime + (round - 1) * period);
}
