import assert from "node:assert/strict";
import { test } from "node:test";
import { attackToyBeacon, caveat } from "./toy_attack.ts";

test("a toy RSA key falls to the simulator: the forged pulse passes RSA and is refused by ML-DSA", async () => {
  for (const seed of [1, 2, 3]) {
    const attack = await attackToyBeacon(seed);
    assert.equal((attack.privateExponent * attack.key.exponent) % (196 * 198), 1);
    assert.deepEqual(attack.honest, { genuine: true, forged: false });
    assert.ok(attack.acceptedByRsa);
    assert.match(attack.refusedByMlDsa ?? "", /the signature of pulse 1 is not by this beacon's key/);
  }
});

test("the caveat says how far this is from a key in use", () => {
  assert.match(caveat(197 * 199), /Toy-sized: a modulus of 16 bits .* out of reach/);
});
