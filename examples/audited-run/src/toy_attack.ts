/**
 * Why the beacon does not sign with RSA: a toy RSA key falls to a simulated quantum computer, and a forged pulse is accepted.
 *
 * **Toy-sized.** The modulus has 16 bits; simulating order finding takes memory and time exponential in the bits, and trial
 * division would be faster. A real RSA-2048 key needs a quantum computer with about a million physical qubits, which does not
 * exist. What carries over is the algorithm: given such a machine, every RSA-signed record ever made can be forged, and an
 * ML-DSA-signed one, as far as is known, cannot.
 *
 * @module
 */

import {
  createBeacon,
  encodePulse,
  mlDsaSigner,
  operatingSystem,
  outputOf,
  type Pulse,
  verifyPulse,
} from "@gradus/beacon";
import { factor } from "@gradus/shor";
import { sha3_256 } from "@noble/hashes/sha3.js";

/** An RSA public key, toy-sized. */
export interface ToyRsaKey {
  readonly modulus: number;
  readonly exponent: number;
}

const power = (base: number, exponent: number, modulus: number): number => {
  let result = 1;
  let square = base % modulus;
  for (let e = exponent; e > 0; e = Math.floor(e / 2)) {
    if (e % 2) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
};

/** The message's hash as a number below the modulus. */
function digest(message: Uint8Array, { modulus }: ToyRsaKey): number {
  const bytes = sha3_256(message);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) % modulus;
}

/** Textbook RSA: the digest to the power of the private exponent. */
export function signToyRsa(message: Uint8Array, key: ToyRsaKey, privateExponent: number): number {
  return power(digest(message, key), privateExponent, key.modulus);
}

/** Whether a toy RSA signature is valid. */
export function verifyToyRsa(message: Uint8Array, signature: number, key: ToyRsaKey): boolean {
  return power(signature, key.exponent, key.modulus) === digest(message, key);
}

/** The private exponent, from the public key alone: factor the modulus, invert the exponent. */
export function recoverPrivateExponent({ modulus, exponent }: ToyRsaKey, seed: number): number {
  const { factors, complete } = factor(modulus, { seed });
  if (!complete) throw new Error(`Cannot recover the key: ${modulus} was not factored`);
  const phi = factors.reduce((product, prime) => product * (prime - 1), 1);
  for (let d = 1; d < phi; d++) if ((d * exponent) % phi === 1) return d;
  throw new RangeError(`Cannot recover the key: ${exponent} has no inverse modulo ${phi}`);
}

/** A pulse with another local random value, and the output that belongs to it. Its ML-DSA signature is the old one. */
export function forgePulse(pulse: Pulse, localRandomValue: string): Pulse {
  const { signatureValue, outputValue: _, ...body } = { ...pulse, localRandomValue };
  return { ...body, signatureValue, outputValue: outputOf(body) };
}

/** What the forger's toy RSA signature is over. */
export function messageOf(pulse: Pulse): Uint8Array {
  const { signatureValue: _, outputValue: __, ...body } = pulse;
  return encodePulse(body);
}

/** The caveat that belongs to every run of the attack. */
export const caveat = (modulus: number): string =>
  `Toy-sized: a modulus of ${Math.floor(Math.log2(modulus)) + 1} bits on a simulated quantum computer. RSA-2048 is out of reach of ` +
  "any simulation, and of every quantum computer that exists; trial division breaks this key faster.";

/** What the attack came to, step by step. */
export interface Attack {
  readonly key: ToyRsaKey;
  /** The private exponent, found from the public key. */
  readonly privateExponent: number;
  /** Whether the honest RSA signature passes for the honest pulse, and for the forged one. */
  readonly honest: { readonly genuine: boolean; readonly forged: boolean };
  /** Whether the forged pulse passes with the forger's RSA signature. */
  readonly acceptedByRsa: boolean;
  /** Why ML-DSA refuses it; undefined if it did not. */
  readonly refusedByMlDsa: string | undefined;
}

/**
 * The whole attack: a beacon signs a pulse with ML-DSA and, as older beacons do, with RSA; the forger has only the public keys.
 *
 * @param seed Of the simulated measurements.
 */
export async function attackToyBeacon(seed: number): Promise<Attack> {
  const key: ToyRsaKey = { modulus: 197 * 199, exponent: 5 };
  const secret = 23_285; // the operator's: 5 · 23285 = 1 modulo 196 · 198
  const signer = mlDsaSigner(new Uint8Array(32).fill(1));
  const pulse = await createBeacon({ signer, entropy: operatingSystem(), period: 1000 }).pulse(0);
  const honest = signToyRsa(messageOf(pulse), key, secret);

  // From here on, only what is public.
  const privateExponent = recoverPrivateExponent(key, seed);
  const forged = forgePulse(pulse, "ab".repeat(64));
  const signature = signToyRsa(messageOf(forged), key, privateExponent);
  const verdict = await verifyPulse(forged, signer.publicKey);
  return {
    key,
    privateExponent,
    honest: {
      genuine: verifyToyRsa(messageOf(pulse), honest, key),
      forged: verifyToyRsa(messageOf(forged), honest, key),
    },
    acceptedByRsa: verifyToyRsa(messageOf(forged), signature, key),
    refusedByMlDsa: verdict.valid ? undefined : verdict.reason,
  };
}
