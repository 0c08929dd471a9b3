/**
 * The state and the polariser angles with the largest CHSH score for detectors of a given efficiency.
 *
 * Two simplifications make the search small. At the optimum both sides do the same with H and V exchanged, Bob's angles
 * being Alice's plus π/2: found by a search over all five parameters that assumed nothing, from many starts. And for given
 * polarisers the score is ⟨ψ|M|ψ⟩ with a 2 × 2 matrix M on the span of |HV⟩ and |VH⟩, so the best θ is its eigenvector.
 * What is left is Alice's two angles; a compass search follows their optimum from η = 1, where it is known in closed form,
 * down to the η that was asked for.
 */

import { checkShare } from "./check.ts";
import { type BellAngles, expectedScore } from "./correlations.ts";

/**
 * The best state and angles at detector efficiency η, for one photon detector on each side.
 *
 * The scores: η = 1 → 2.8284, 0.95 → 2.5697, 0.9 → 2.3596, 0.85 → 2.1988, 0.8 → 2.0876, 0.75 → 2.0246, 0.7 → 2.0018. At
 * η ≤ 2/3 (Eberhard's bound) no quantum state beats 2.
 *
 * @param efficiency η, from 0 to 1.
 * @throws {RangeError} An efficiency outside [0, 1].
 *
 * @example
 * ```ts
 * const angles = bestAngles(0.9);
 * expectedScore(angles, { efficiency: 0.9 }); // 2.3596
 * Math.abs(Math.cos(2 * angles.theta)); // 0.29: with loss, less entanglement (0 would be the most) is better
 * ```
 */
export function bestAngles(efficiency: number): BellAngles {
  checkShare("efficiency", efficiency);
  let angles: [number, number] = [Math.PI / 16, (-3 * Math.PI) / 16];
  for (let step = 0; step <= 64; step++) angles = climb(angles, 1 + (efficiency - 1) * (step / 64));
  return atBestState(angles, efficiency);
}

/** Compass search: goes where the score is higher, halves the step where no direction leads up. */
function climb(start: [number, number], efficiency: number): [number, number] {
  const score = (a: number, b: number) => expectedScore(atBestState([a, b], efficiency), { efficiency });
  let [a, b] = start;
  let best = score(a, b);
  for (let step = 0.02; step > 1e-7; ) {
    const better = [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
      [1, 1],
      [-1, -1],
      [1, -1],
      [-1, 1],
    ].find(([i, j]) => score(a + i * step, b + j * step) > best);
    if (better) {
      a += better[0] * step;
      b += better[1] * step;
      best = score(a, b);
    } else step /= 2;
  }
  return [a, b];
}

/** The polarisers with the θ that suits them best: three scores determine the quadratic form ⟨ψ|M|ψ⟩. */
function atBestState(alice: [number, number], efficiency: number): BellAngles {
  const bob = [alice[0] + Math.PI / 2, alice[1] + Math.PI / 2] as const;
  const at = (theta: number) => expectedScore({ theta, alice, bob }, { efficiency });
  const m00 = at(0);
  const m11 = at(Math.PI / 2);
  const m01 = at(Math.PI / 4) - (m00 + m11) / 2;
  return { theta: Math.atan2(2 * m01, m00 - m11) / 2, alice, bob };
}
