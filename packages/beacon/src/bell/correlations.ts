/**
 * What quantum mechanics predicts for a Bell test with polarised photon pairs and imperfect detectors.
 *
 * A source emits pairs in the state cos θ |HV⟩ + sin θ |VH⟩. Each side turns a polariser to an angle and puts one
 * detector behind it: a click is the outcome −1, **no click is +1**, for whatever reason nothing clicked. So lost photons
 * are counted and not left out, which is what closes the detection loophole. A side's observable is
 *
 *     A = 1 − 2 η Π(α),   Π(α) = |α⟩⟨α|,   |α⟩ = cos α |H⟩ + sin α |V⟩
 *
 * with η the chance that a photon which passes is detected. Eberhard found (Phys. Rev. A 47, R747, 1993) that with weakly
 * entangled pairs η > 2/3 suffices for a violation; with θ = π/4 it takes η > 2(√2 − 1) = 0.8284.
 */

import { checkShare } from "./check.ts";

/** Angles of a Bell test, in radians. */
export interface BellAngles {
  /** The state cos θ |HV⟩ + sin θ |VH⟩. π/4 is maximally entangled. */
  readonly theta: number;
  /** Alice's two polariser angles, for her settings 0 and 1. */
  readonly alice: readonly [number, number];
  /** Bob's two polariser angles. */
  readonly bob: readonly [number, number];
}

/** What is wrong with a real apparatus. */
export interface Imperfections {
  /** η: chance that a photon which passes its polariser makes a click, the same for every photon. Default 1. */
  efficiency?: number;
  /** V: the state is V |ψ⟩⟨ψ| + (1 − V) · 1/4, white noise mixed in. Default 1. */
  visibility?: number;
  /** Radians by which each of Bob's polarisers is turned too far. Default 0. */
  misalignment?: number;
}

/** Chances of the four outcomes of one trial, in the order (+1, +1), (+1, −1), (−1, +1), (−1, −1); Alice's first. */
export type OutcomeChances = readonly [number, number, number, number];

/**
 * The chances of the outcomes for one pair of settings.
 *
 * P(−1, −1) = η² ⟨Π(α) ⊗ Π(β)⟩, P(−1 of Alice) = η ⟨Π(α)⟩ = η (cos²θ cos²α + sin²θ sin²α), and so on: Alice's chances do
 * not depend on Bob's angle (no signalling).
 *
 * @param angles State and polarisers.
 * @param x Alice's setting, 0 or 1.
 * @param y Bob's setting, 0 or 1.
 * @param imperfections What is wrong with the apparatus.
 * @throws {RangeError} An efficiency or visibility outside [0, 1], or a setting that is not 0 or 1.
 *
 * @example
 * ```ts
 * const angles = { theta: Math.PI / 4, alice: [0, Math.PI / 4], bob: [Math.PI / 8, -Math.PI / 8] } as const;
 * outcomeChances(angles, 0, 0); // [0.073, 0.427, 0.427, 0.073]: mostly different, the photons are orthogonal
 * ```
 */
export function outcomeChances(
  angles: BellAngles,
  x: number,
  y: number,
  { efficiency = 1, visibility = 1, misalignment = 0 }: Imperfections = {},
): OutcomeChances {
  checkShare("efficiency", efficiency);
  checkShare("visibility", visibility);
  if ((x !== 0 && x !== 1) || (y !== 0 && y !== 1)) {
    throw new RangeError(`Cannot predict a trial: settings must be 0 or 1, found ${x} and ${y}`);
  }
  const a = angles.alice[x];
  const b = angles.bob[y] + misalignment;
  const c = Math.cos(angles.theta);
  const s = Math.sin(angles.theta);
  const amplitude = c * Math.cos(a) * Math.sin(b) + s * Math.sin(a) * Math.cos(b);
  const passA = c * c * Math.cos(a) ** 2 + s * s * Math.sin(a) ** 2;
  const passB = c * c * Math.sin(b) ** 2 + s * s * Math.cos(b) ** 2;
  const noise = 1 - visibility;
  const both = efficiency * efficiency * (visibility * amplitude * amplitude + noise / 4);
  const alice = efficiency * (visibility * passA + noise / 2);
  const bob = efficiency * (visibility * passB + noise / 2);
  return [1 - alice - bob + both, bob - both, alice - both, both];
}

/**
 * The CHSH score that the apparatus has on average: S = E(0,0) + E(0,1) + E(1,0) − E(1,1), E(x, y) the mean of the product
 * of the outcomes. No local theory exceeds 2, no quantum one 2√2.
 *
 * @throws {RangeError} As {@link outcomeChances}.
 *
 * Source: Clauser, Horne, Shimony, Holt, Phys. Rev. Lett. 23, 880 (1969); Tsirelson (1980).
 *
 * @example
 * ```ts
 * expectedScore(bestAngles(1)); // 2.8284
 * ```
 */
export function expectedScore(angles: BellAngles, imperfections: Imperfections = {}): number {
  let score = 0;
  for (const [x, y, sign] of [
    [0, 0, 1],
    [0, 1, 1],
    [1, 0, 1],
    [1, 1, -1],
  ] as const) {
    const [pp, pm, mp, mm] = outcomeChances(angles, x, y, imperfections);
    score += sign * (pp + mm - pm - mp);
  }
  return score;
}
