import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { normalQuantile } from "./normal.ts";

// From mpmath at 40 digits, as the root of log Φ(z) = log p, where p is the double.
const quantiles: [number, number][] = [
  [2 ** -53, -8.209536151601387],
  [1e-15, -7.941345326170997],
  [1e-12, -7.034483825301132],
  [1e-11, -6.706023155495136],
  [1e-9, -5.9978070150076865],
  [1e-6, -4.753424308822899],
  [0.0001, -3.7190164854556804],
  [0.001, -3.0902323061678136],
  [0.01, -2.326347874040841],
  [0.025, -1.9599639845400543],
  [0.05, -1.6448536269514726],
  [0.075, -1.439531470938456],
  [0.1, -1.2815515655446004],
  [0.25, -0.6744897501960817],
  [0.4, -0.2533471031357997],
  [0.499, -0.002506630899571766],
];

test("agrees with quantiles computed to 40 digits, to 4 parts in 1e16", () => {
  for (const [p, z] of quantiles) {
    assert.ok(Math.abs(normalQuantile(p) / z - 1) < 5e-16, `p = ${p}: ${normalQuantile(p)}, expected ${z}`);
  }
});

/** Φ(z) = ½ + φ(z) (z + z³/3 + z⁵/(3·5) + …) */
function distribution(z: number): number {
  let sum = 0;
  for (let term = z, k = 3; Math.abs(term) > 1e-18; k += 2) {
    sum += term;
    term *= (z * z) / k;
  }
  return 0.5 + (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * sum;
}

test("inverts the distribution function", () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }), (p) => {
      const back = distribution(normalQuantile(p));
      assert.ok(Math.abs(back - p) < 1e-14, `Φ(Φ⁻¹(${p})) = ${back}`);
    }),
  );
});

test("is odd about one half and increasing, also across the joints of its three pieces", () => {
  assert.equal(normalQuantile(0.5), 0);
  const joints = [0.075, Math.exp(-25), 0.25, 1e-3];
  for (const joint of joints) {
    let previous = Number.NEGATIVE_INFINITY;
    for (let i = -50; i <= 50; i++) {
      const p = joint * (1 + i * 1e-13);
      const z = normalQuantile(p);
      assert.ok(z > previous - 4e-15, `falls at p = ${p}`);
      previous = z;
    }
  }
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (n) => {
      const p = (n + 0.5) * 2 ** -33;
      return normalQuantile(p) === -normalQuantile(1 - p);
    }),
  );
});

test("gives these doubles everywhere", () => {
  assert.equal(normalQuantile(0.3), -0.5244005127080407);
  assert.equal(normalQuantile(0.01), -2.3263478740408408);
  assert.equal(normalQuantile(1e-12), -7.034483825301132);
});
