import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type DrandPulse, drandTime, QUICKNET, verifyDrand } from "./drand.ts";
import { type NistPulse, verifyNist } from "./nist.ts";

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), "utf8"));

test("a recorded round of drand's quicknet verifies, and no change of it does", () => {
  const { pulse } = read("drand_quicknet_657413.json") as { pulse: DrandPulse };
  assert.ok(verifyDrand(pulse));
  assert.ok(!verifyDrand({ ...pulse, round: pulse.round + 1 }));
  assert.ok(!verifyDrand({ ...pulse, randomness: `00${pulse.randomness.slice(2)}` }));
  assert.ok(!verifyDrand({ ...pulse, signature: `a${pulse.signature.slice(1)}` }));
  assert.ok(!verifyDrand({ ...pulse, signature: "not hexadecimal" }));
  assert.ok(!verifyDrand(pulse, { ...QUICKNET, publicKey: `93${QUICKNET.publicKey.slice(2)}` }));
  assert.equal(new Date(drandTime(pulse.round)).toISOString(), "2023-09-15T11:00:03.000Z");
});

test("a recorded pulse of NIST's beacon verifies, and no change of it does", async () => {
  const { pulse, certificate } = read("nist_pulse_54610.json") as { pulse: NistPulse; certificate: string };
  assert.ok(await verifyNist(pulse, certificate));
  const other = `00${pulse.localRandomValue.slice(2)}`;
  for (const change of [
    { pulseIndex: 54611 },
    { timeStamp: "2018-08-30T17:45:00.000Z" },
    { localRandomValue: other },
    { outputValue: other },
    { listValues: pulse.listValues.slice(1) },
    { signatureValue: `00${pulse.signatureValue.slice(2)}` },
  ]) {
    assert.ok(!(await verifyNist({ ...pulse, ...change }, certificate)), JSON.stringify(change).slice(0, 40));
  }
  assert.ok(!(await verifyNist(pulse, certificate.slice(0, 400))));
});
