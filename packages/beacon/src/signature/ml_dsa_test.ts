import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ml_dsa65 } from "@noble/post-quantum/ml-dsa.js";
import { fromHex } from "../encoding.ts";
import { hasNativeMlDsa, mlDsaSigner, verifyMlDsa } from "./ml_dsa.ts";

const vectors = JSON.parse(readFileSync(new URL("../../fixtures/acvp_ml_dsa_65.json", import.meta.url), "utf8"));

test("keys are NIST's (ACVP, ML-DSA-keyGen)", () => {
  for (const { seed, pk, sk } of vectors.keyGen) {
    const { publicKey, secretKey } = ml_dsa65.keygen(fromHex(seed));
    assert.deepEqual(publicKey, fromHex(pk));
    assert.deepEqual(secretKey, fromHex(sk));
    assert.deepEqual(mlDsaSigner(fromHex(seed)).publicKey, fromHex(pk));
  }
});

test("deterministic signatures are NIST's (ACVP, ML-DSA-sigGen)", () => {
  for (const { sk, message, signature } of vectors.sigGen) {
    const made = ml_dsa65.internal.sign(fromHex(message), fromHex(sk), { extraEntropy: false });
    assert.deepEqual(made, fromHex(signature));
  }
});

test("verdicts are NIST's, for valid signatures and each way of breaking one (ACVP, ML-DSA-sigVer)", () => {
  assert.equal(vectors.sigVer.tests.length, 5);
  for (const { testPassed, reason, message, signature } of vectors.sigVer.tests) {
    const verdict = ml_dsa65.internal.verify(fromHex(signature), fromHex(message), fromHex(vectors.sigVer.pk));
    assert.equal(verdict, testPassed, reason);
  }
});

test("a beacon's signature is FIPS 204's over 0 ‖ 0 ‖ message: pure, no context", async () => {
  const signer = mlDsaSigner(new Uint8Array(32).fill(1));
  const message = new TextEncoder().encode("pulse");
  const formatted = new Uint8Array([0, 0, ...message]);
  assert.ok(ml_dsa65.internal.verify(await signer.sign(message), formatted, signer.publicKey));
});

test("native and portable verification agree, where there is a native one", async (t) => {
  const signer = mlDsaSigner(new Uint8Array(32).fill(2));
  const message = new TextEncoder().encode("pulse");
  const signature = await signer.sign(message);
  const flipped = signature.map((byte, i) => (i === 100 ? byte ^ 1 : byte));
  assert.ok(await verifyMlDsa(message, signature, signer.publicKey, "noble"));
  assert.ok(!(await verifyMlDsa(message, flipped, signer.publicKey, "noble")));
  if (!(await hasNativeMlDsa())) return t.skip("this runtime's WebCrypto has no ML-DSA");
  assert.ok(await verifyMlDsa(message, signature, signer.publicKey, "native"));
  assert.ok(!(await verifyMlDsa(message, flipped, signer.publicKey, "native")));
});

test("malformed signatures and keys are false, a malformed seed is an error", async () => {
  const signer = mlDsaSigner(new Uint8Array(32));
  assert.equal(await verifyMlDsa(new Uint8Array(1), new Uint8Array(3), signer.publicKey), false);
  assert.equal(await verifyMlDsa(new Uint8Array(1), new Uint8Array(3309), new Uint8Array(7)), false);
  assert.throws(() => mlDsaSigner(new Uint8Array(31)), /seed of 32 bytes, found 31/);
});
