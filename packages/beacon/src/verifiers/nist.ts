/**
 * Verifies pulses of NIST's Randomness Beacon 2.0 offline: RSA signatures with SHA-512, which a quantum computer would forge.
 *
 *     message        = the fields in order, text and values with their lengths (NIST IR 8213, section 4.1.2)
 *     signatureValue = RSA-PKCS1-v1.5-SHA512(message)
 *     outputValue    = SHA-512(message ‖ signature)
 *
 * The certificate comes from the caller; that it is NIST's, and still valid, is not checked here. (`certificateId` is not the
 * hash of the PEM or DER file that the server gives, for the certificates that we have seen, so it cannot be checked either.)
 */

import { fromHex, toHex, Writer } from "../encoding.ts";
import { type SharedFields, writeSharedFields } from "../pulse/shared_fields.ts";

/** A pulse as NIST's server gives it. */
export interface NistPulse extends SharedFields {
  readonly uri: string;
  readonly version: string;
  readonly listValues: readonly { readonly uri?: string; readonly type: string; readonly value: string }[];
  readonly precommitmentValue: string;
  readonly statusCode: number;
  readonly signatureValue: string;
  readonly outputValue: string;
}

/** The bytes that NIST signs. */
export function encodeNistPulse(pulse: NistPulse): Uint8Array<ArrayBuffer> {
  const writer = writeSharedFields(new Writer().text(pulse.uri).text(pulse.version), pulse);
  for (const { value } of pulse.listValues) writer.bytes(fromHex(value));
  return writer.bytes(fromHex(pulse.precommitmentValue)).uint32(pulse.statusCode).finish();
}

/**
 * Whether a recorded pulse is signed by the key of a certificate and has the output that belongs to it. False for anything
 * malformed.
 *
 * @param pulse The pulse, `response.pulse`.
 * @param certificate PEM.
 */
export async function verifyNist(pulse: NistPulse, certificate: string): Promise<boolean> {
  const { subtle } = globalThis.crypto;
  try {
    const message = encodeNistPulse(pulse);
    const signature = fromHex(pulse.signatureValue);
    const output = await subtle.digest("SHA-512", new Writer().raw(message).raw(signature).finish());
    if (toHex(new Uint8Array(output)) !== pulse.outputValue.toLowerCase()) return false;
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-512" };
    const key = await subtle.importKey("spki", publicKeyOf(certificate), algorithm, false, ["verify"]);
    return await subtle.verify(algorithm, key, signature, message);
  } catch {
    return false;
  }
}

/**
 * The SubjectPublicKeyInfo of an X.509 certificate in PEM.
 *
 *     Certificate ::= SEQUENCE { tbs SEQUENCE { [0] version, serial, algorithm, issuer, validity, subject, publicKey, … }, … }
 */
function publicKeyOf(pem: string): Uint8Array<ArrayBuffer> {
  const der = Uint8Array.from(atob(pem.replace(/-----[^-]*-----|\s/g, "")), (character) => character.charCodeAt(0));
  const tbs = elementAt(der, elementAt(der, 0).start);
  let at = tbs.start;
  if (der[at] === 0xa0) at = elementAt(der, at).end;
  for (let skipped = 0; skipped < 5; skipped++) at = elementAt(der, at).end;
  return der.slice(at, elementAt(der, at).end);
}

/** Where the content of the DER element at `at` starts and ends. */
function elementAt(der: Uint8Array, at: number): { start: number; end: number } {
  let start = at + 2;
  let length = der[at + 1];
  if (length & 0x80) {
    start += length & 0x7f;
    length = 0;
    for (let i = at + 2; i < start; i++) length = length * 256 + der[i];
  }
  if (!(start + length <= der.length)) throw new SyntaxError("Cannot read a certificate: it is cut short");
  return { start, end: start + length };
}
