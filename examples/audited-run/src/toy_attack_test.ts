import assert from "node:assert/strict";
import { test } from "node:test";
import { createBeacon, mlDsaSigner, operatingSystem, verifyPulse } from "@gradus/beacon";
import {
  caveat,
  forgePulse,
  messageOf,
  recoverPrivateExponent,
  signToyRsa,
  type ToyRsaKey,
  verifyToyRsa,
} from "./toy_attack.ts";

test("a toy RSA key falls to the simulator: the forged pulse passes RSA and is refused by ML-DSA", async (t) => {
  const key: ToyRsaKey = { modulus: 197 * 199, exponent: 5 };
  const secret = 23_285; // the operator's: 5 · 23285 = 1 modulo 196 · 198
  assert.equal((secret * key.exponent) % (196 * 198), 1);

  const signer = mlDsaSigner(new Uint8Array(32).fill(1));
  const pulse = await createBeacon({ signer, entropy: operatingSystem(), period: 1000 }).pulse(0);
  const honest = signToyRsa(messageOf(pulse), key, secret);
  assert.ok(verifyToyRsa(messageOf(pulse), honest, key));

  // From here on, only what is public.
  const found = recoverPrivateExponent(key, 1);
  const forged = forgePulse(pulse, "ab".repeat(64));
  assert.ok(!verifyToyRsa(messageOf(forged), honest, key));
  assert.ok(verifyToyRsa(messageOf(forged), signToyRsa(messageOf(forged), key, found), key));
  const verdict = await verifyPulse(forged, signer.publicKey);
  assert.ok(!verdict.valid && verdict.code === "signature");

  t.diagnostic?.(caveat(key.modulus));
  assert.match(caveat(key.modulus), /Toy-sized: a modulus of 16 bits .* out of reach/);
});
