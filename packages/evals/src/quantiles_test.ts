import assert from "node:assert/strict";
import { test } from "node:test";
import { incompleteBeta, logGamma, normalQuantile, studentQuantile } from "./quantiles.ts";

function close(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)), `${actual} is not ${expected}`);
}

test("normal quantiles are the published ones", () => {
  // Standard tables; the last three are the check values of AS 241.
  const table = [
    [0.5, 0],
    [0.9, 1.2815515655446004],
    [0.975, 1.959963984540054],
    [0.995, 2.5758293035489004],
    [0.25, -0.6744897501960817],
    [0.001, -3.090232306167814],
    [1e-20, -9.262340089798409],
  ];
  for (const [p, z] of table) close(normalQuantile(p), z, 1e-14);
  assert.equal(normalQuantile(0), -Infinity);
  assert.equal(normalQuantile(1), Infinity);
});

test("Student's quantiles are the published ones", () => {
  const table = [
    [0.975, 1, 12.7062],
    [0.975, 2, 4.302653],
    [0.975, 3, 3.182446],
    [0.975, 4, 2.776445],
    [0.975, 9, 2.262157],
    [0.975, 30, 2.042272],
    [0.975, 120, 1.97993],
    [0.95, 5, 2.015048],
    [0.995, 2, 9.924843],
    [0.9995, 10, 4.586894],
  ];
  for (const [p, degrees, t] of table) close(studentQuantile(p, degrees), t, 1e-6);
});

test("Student's quantiles equal their closed forms at 1 and 2 degrees of freedom", () => {
  for (const p of [0.01, 0.3, 0.5, 0.6, 0.9, 0.975, 0.999]) {
    close(studentQuantile(p, 1), Math.tan(Math.PI * (p - 0.5)), 1e-12);
    const a = 2 * p - 1;
    close(studentQuantile(p, 2), a * Math.sqrt(2 / (1 - a * a)), 1e-12);
  }
});

test("Student's quantile tends to the normal one as its series says", () => {
  const z = normalQuantile(0.975);
  // Abramowitz and Stegun 26.7.5, first two terms.
  close(studentQuantile(0.975, 1e4), z + (z ** 3 + z) / 4e4 + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * 1e8), 1e-10);
});

test("the incomplete beta function equals the binomial sums it stands for", () => {
  for (const m of [1, 2, 7, 30, 200]) {
    let term = 0.5 ** m;
    let sum = 0;
    for (let x = 0; x < m; x++) {
      sum += term;
      term *= (m - x) / (x + 1);
      close(incompleteBeta(0.5, m - x, x + 1) / sum, 1, 1e-11);
    }
  }
  assert.equal(incompleteBeta(0, 2, 3), 0);
  assert.equal(incompleteBeta(1, 2, 3), 1);
});

test("log Γ is that of factorials, and of one half", () => {
  let factorial = 1;
  for (let n = 1; n <= 100; n++) {
    close(logGamma(n), Math.log(factorial), 1e-14);
    factorial *= n;
  }
  close(logGamma(0.5), Math.log(Math.PI) / 2, 1e-14);
});
