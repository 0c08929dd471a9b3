import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { runBellTest } from "../bell/experiment.ts";
import { quantumSource } from "../bell/source.ts";
import { entropyRate } from "./accumulation.ts";
import { certify } from "./certificate.ts";
import { binaryEntropy, minEntropy, vonNeumannEntropy } from "./entropy.ts";

test("the entropies of one trial are the published ones", () => {
  for (const [score, min, shannon] of [
    [2.1, ".0385", ".0753"],
    [2.4, ".1940", ".3461"],
    [2.7, ".4928", ".7285"],
  ] as const) {
    assert.equal(minEntropy(score).toFixed(4), `0${min}`);
    assert.equal(vonNeumannEntropy(score).toFixed(4), `0${shannon}`);
  }
  assert.ok(Math.abs(minEntropy(2 * Math.SQRT2) - 1) < 1e-7);
  assert.ok(Math.abs(vonNeumannEntropy(2 * Math.SQRT2) - 1) < 1e-7);
  assert.equal(minEntropy(2), 0);
  assert.equal(vonNeumannEntropy(1.7), 0);
});

test("the min-entropy is −log₂ of the best guess, found by searching through all qubit strategies that have the score", () => {
  // An eavesdropper may mix strategies: the guessing probability is the concave hull of max |⟨A⟩| at a given score, which
  // two-qubit measurements reach with ⟨A⟩ = √(2 − S²/4) (Pironio et al., Methods). Checked by brute force over states
  // cos θ|00⟩ + sin θ|11⟩ with the best observables: S = 2 √(1 + sin² 2θ), ⟨A₀⟩ = cos 2θ for σ_z.
  for (let theta = 0.02; theta < Math.PI / 4; theta += 0.01) {
    const score = 2 * Math.sqrt(1 + Math.sin(2 * theta) ** 2);
    const guess = (1 + Math.cos(2 * theta)) / 2;
    assert.ok(Math.abs(minEntropy(score) + Math.log2(guess)) < 1e-9);
  }
});

test("von Neumann entropy is at least min-entropy, both grow with the score", () => {
  const score = fc.double({ min: 2, max: 2 * Math.SQRT2, noNaN: true });
  fc.assert(
    fc.property(score, score, (s, t) => {
      assert.ok(vonNeumannEntropy(s) >= minEntropy(s) - 1e-12);
      if (s < t) assert.ok(minEntropy(s) <= minEntropy(t) && vonNeumannEntropy(s) <= vonNeumannEntropy(t));
    }),
  );
});

/** The bound maximised on a grid of tangents, derivative by differences: the twin. */
function rateNaive(score: number, trials: number, gamma: number): number {
  const w = 0.5 + score / 8;
  const g = (p: number) => vonNeumannEntropy(8 * p - 4);
  const spread = (2 / Math.sqrt(trials)) * Math.sqrt(1 - 2 * Math.log2(1e-20));
  let best = 0;
  for (let p = 0.7501; p < 0.8535; p += 0.00002) {
    const slope = (g(p + 1e-7) - g(p - 1e-7)) / 2e-7;
    best = Math.max(best, g(p) + slope * (w - p) - spread * (Math.log2(13) + slope / gamma));
  }
  return best;
}

test("accumulated rates are the published ones, which are cut after three digits", () => {
  const rate = (score: number, trials: number) => entropyRate(0.5 + score / 8, { trials });
  const cut = (value: number) => Math.floor(value * 1000) / 1000;
  assert.equal(cut(rate(2.7, 1e6)), 0.388);
  assert.equal(cut(rate(2.7, 1e10)), 0.724);
  assert.equal(rate(2.0639, 1e7), 0);
  assert.ok(rate(2.0639, 1e8) > 0);
});

test("the golden-section maximum is that of a fine grid of tangents", () => {
  for (const score of [2.1, 2.4, 2.7, 2.8]) {
    for (const trials of [1e6, 1e9]) {
      for (const gamma of [1, 0.1]) {
        const fast = entropyRate(0.5 + score / 8, { trials, testShare: gamma });
        assert.ok(Math.abs(fast - rateNaive(score, trials, gamma)) < 1e-6, `S ${score}, n ${trials}, γ ${gamma}`);
      }
    }
  }
});

test("a good source is certified at the declared score, and aborts above what it reaches", () => {
  const result = runBellTest(quantumSource({ efficiency: 0.99 }), { trials: 200_000, seed: 11 });
  const passed = certify(result, { minimumScore: 2.7 });
  assert.ok(!passed.aborted && passed.bits > 8000 && passed.simulated);
  assert.equal(passed.bits, Math.floor(200_000 * entropyRate(0.5 + 2.7 / 8, { trials: 200_000 })));
  const refused = certify(result, { minimumScore: 2.82 });
  assert.ok(refused.aborted && refused.bits === 0);
});

test("numbers that no quantum device has are refused", () => {
  assert.throws(() => minEntropy(2.9), /quantum CHSH score, -4 to 2√2, found 2.9/);
  assert.throws(() => binaryEntropy(-0.1), /p must be from 0 to 1, found -0.1/);
  assert.throws(() => entropyRate(0.9, { trials: 10 }), /winShare must be .* found 0.9/);
  assert.throws(() => entropyRate(0.8, { trials: 10, smoothing: 0 }), /smoothing must be between 0 and 1, found 0/);
});
