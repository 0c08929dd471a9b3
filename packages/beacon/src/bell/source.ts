/**
 * What can stand behind the two black boxes of a Bell test: the interface, and the quantum apparatus.
 *
 * A source is asked for one trial after another. It is simulated, always: nothing that a computer does is a Bell test, and
 * what is made from it says `simulated: true` everywhere. What the simulation is good for is to try out the certificate,
 * which looks at settings and outcomes alone and must not be fooled by sources that imitate.
 */

import type { Stream } from "@gradus/seeds";
import { bestAngles } from "./best_angles.ts";
import { type BellAngles, type Imperfections, outcomeChances } from "./correlations.ts";

/** An outcome of one side: +1, −1, or 0 for "no click in either channel" where a source has such a third outcome. */
export type Outcome = -1 | 0 | 1;

/** A simulated pair of devices. Stateful where the devices have a memory. */
export interface BellSource {
  /** What it is, for records. */
  readonly name: string;
  /** Always true: see the top of this file. */
  readonly simulated: true;
  /** Whether the outcomes have a local hidden-variable model, so that an honest certificate has to say 0 bits. */
  readonly local: boolean;
  /** One trial: settings in, outcomes out. */
  trial(x: 0 | 1, y: 0 | 1, random: Stream): readonly [Outcome, Outcome];
}

/** Options of {@link quantumSource}. */
export interface QuantumSourceOptions extends Imperfections {
  /** State and angles. Default: those with the best score for the efficiency, {@link bestAngles}. */
  angles?: BellAngles;
}

/**
 * Polarised photon pairs with loss, noise and misalignment, outcomes drawn from the quantum probabilities of
 * {@link outcomeChances}; no click is +1.
 *
 * @throws {RangeError} An efficiency or a visibility outside [0, 1].
 *
 * @example
 * ```ts
 * const source = quantumSource({ efficiency: 0.9 });
 * const { score } = scoreOf(runBellTest(source, { trials: 10_000, seed: 1 }));
 * score > 2.2; // true, 2.36 on average
 * ```
 */
export function quantumSource(options: QuantumSourceOptions = {}): BellSource {
  const { efficiency = 1, angles = bestAngles(efficiency), ...rest } = options;
  const chances = [0, 1].map((x) => [0, 1].map((y) => outcomeChances(angles, x, y, { efficiency, ...rest })));
  return {
    name: `quantum (simulated), efficiency ${efficiency}`,
    simulated: true,
    local: false,
    trial(x, y, random) {
      const [pp, pm, mp] = chances[x][y];
      const u = random.uniform();
      if (u < pp) return [1, 1];
      if (u < pp + pm) return [1, -1];
      return u < pp + pm + mp ? [-1, 1] : [-1, -1];
    },
  };
}
