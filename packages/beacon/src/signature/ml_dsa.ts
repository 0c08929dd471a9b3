/**
 * ML-DSA-65 (FIPS 204): signatures that a quantum computer is not known to forge.
 *
 * The runtime's own implementation is taken where its WebCrypto has one (Deno; Node 24 and later), else
 * `@noble/post-quantum`. Both make and accept the same signatures.
 */

import { ml_dsa65 } from "@noble/post-quantum/ml-dsa.js";

/** Signs for a beacon. */
export interface Signer {
  /** 1952 bytes for ML-DSA-65. */
  readonly publicKey: Uint8Array;
  /** A signature of the message; need not be the same every time. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

// FIPS 204's context string stays empty: Deno 2.9's WebCrypto ignores it. A pulse begins with its version's name instead.
const NAME = "ML-DSA-65";

type Implementation = "native" | "noble";

/**
 * A signer from a seed of 32 bytes (ξ of FIPS 204, algorithm 1). Whoever knows the seed can sign: take it from
 * `crypto.getRandomValues` and keep it.
 *
 * @param seed 32 secret bytes.
 * @throws {RangeError} A seed of another length.
 *
 * @example
 * ```ts
 * const signer = mlDsaSigner(crypto.getRandomValues(new Uint8Array(32)));
 * const message = new TextEncoder().encode("pulse");
 * await verifyMlDsa(message, await signer.sign(message), signer.publicKey); // true
 * ```
 */
export function mlDsaSigner(seed: Uint8Array): Signer {
  if (seed.length !== 32)
    throw new RangeError(`Cannot make a signer: expected a seed of 32 bytes, found ${seed.length}`);
  const { publicKey, secretKey } = ml_dsa65.keygen(seed);
  return {
    publicKey,
    // Hedged with fresh randomness, as FIPS 204 recommends.
    sign: async (message) => ml_dsa65.sign(message, secretKey),
  };
}

/** Whether this runtime's WebCrypto verifies ML-DSA-65; asked once. */
let native: Promise<boolean> | undefined;

/** Whether {@link verifyMlDsa} uses the runtime's own implementation. */
export function hasNativeMlDsa(): Promise<boolean> {
  native ??= importKey(new Uint8Array(1952)).then(
    () => true,
    () => false,
  );
  return native;
}

// The types of WebCrypto do not know the format and the algorithm yet.
function importKey(publicKey: Uint8Array): Promise<CryptoKey> {
  const subtle = globalThis.crypto.subtle as unknown as {
    importKey(
      format: string,
      key: Uint8Array,
      name: { name: string },
      exportable: boolean,
      use: string[],
    ): Promise<CryptoKey>;
  };
  return subtle.importKey("raw-public", publicKey, { name: NAME }, false, ["verify"]);
}

/**
 * Checks an ML-DSA-65 signature of a beacon. False for signatures and keys that are malformed.
 *
 * @param message What was signed.
 * @param signature 3309 bytes.
 * @param publicKey 1952 bytes.
 * @param implementation Default: native where there is one.
 */
export async function verifyMlDsa(
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
  implementation?: Implementation,
): Promise<boolean> {
  if (signature.length !== 3309 || publicKey.length !== 1952) return false;
  if ((implementation ?? ((await hasNativeMlDsa()) ? "native" : "noble")) === "noble") {
    return ml_dsa65.verify(signature, message, publicKey);
  }
  const key = await importKey(publicKey);
  return globalThis.crypto.subtle.verify({ name: NAME }, key, signature as BufferSource, message as BufferSource);
}
