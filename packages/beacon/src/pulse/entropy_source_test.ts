import assert from "node:assert/strict";
import { test } from "node:test";
import { deterministicSource, memorySource } from "../bell/local_sources.ts";
import { quantumSource } from "../bell/source.ts";
import { mlDsaSigner } from "../signature/ml_dsa.ts";
import { createBeacon } from "./beacon.ts";
import { simulatedBellTest } from "./entropy_source.ts";

const trials = 160_000;

test("a pulse from a simulated Bell test says that it is simulated, and what was certified", async () => {
  const entropy = simulatedBellTest({ source: quantumSource(), trials, minimumScore: 2.8, seed: (i) => `test ${i}` });
  const beacon = createBeacon({ signer: mlDsaSigner(new Uint8Array(32)), entropy, period: 1000 });
  const { source } = await beacon.pulse(0);
  assert.equal(source.kind, "simulated-bell-test");
  assert.equal(source.simulated, true);
  assert.ok(source.certifiedBits > 1000);
});

test("with local devices the draw is refused, and the beacon makes no pulse", async () => {
  for (const source of [deterministicSource(), memorySource()]) {
    const entropy = simulatedBellTest({ source, trials: 20_000, minimumScore: 2.8, seed: (i) => `local ${i}` });
    const beacon = createBeacon({ signer: mlDsaSigner(new Uint8Array(32)), entropy, period: 1000 });
    await assert.rejects(beacon.pulse(0), /score [12]\.\d+ is below the declared 2.8, expected enough to extract 512/);
    assert.equal(beacon.last, undefined);
  }
});

test("a good score in too few trials does not suffice", async () => {
  const entropy = simulatedBellTest({ source: quantumSource(), trials: 1000, minimumScore: 2.2, seed: () => "few" });
  await assert.rejects(entropy.draw(), /0 bits certified, expected enough to extract 512/);
});

test("the extractor's seed is asked for after the raw data, and changes the output", async () => {
  const order: string[] = [];
  const draw = (fill: number) =>
    simulatedBellTest({
      source: {
        ...quantumSource(),
        trial: (x, y, random) => {
          if (order.at(-1) !== "trial") order.push("trial");
          return quantumSourceOnce.trial(x, y, random);
        },
      },
      trials,
      minimumScore: 2.8,
      seed: () => "same",
      extractorSeed: (bytes) => {
        order.push("seed");
        bytes.fill(fill);
      },
    }).draw();
  const [a, b] = [await draw(0x5a), await draw(0x33)];
  assert.deepEqual(order, ["trial", "seed", "trial", "seed"]);
  assert.notDeepEqual(a.value, b.value);
  assert.equal(a.value.length, 64);
});

const quantumSourceOnce = quantumSource();
