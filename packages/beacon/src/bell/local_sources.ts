/**
 * Sources without anything quantum in them: local hidden-variable models, the adversaries of the certificate.
 *
 * Each is built so that locality can be read off the code: a hidden variable is drawn, then Alice's outcome is computed from
 * it and x alone, Bob's from it and y alone. Their bits pass the usual statistical tests and are known to whoever chose the
 * seed; only the CHSH score tells, and it must certify exactly nothing.
 */

import type { Stream } from "@gradus/seeds";
import type { BellSource, Outcome } from "./source.ts";

/** What a local model does: a hidden variable, then each side's answer to its own setting. */
interface LocalModel<Hidden> {
  hidden(random: Stream): Hidden;
  alice(hidden: Hidden, x: 0 | 1): Outcome;
  bob(hidden: Hidden, y: 0 | 1): Outcome;
  /** What the boxes may remember of a trial that is over: everything. */
  remember?(x: 0 | 1, y: 0 | 1, a: Outcome, b: Outcome): void;
}

function localSource<Hidden>(name: string, model: LocalModel<Hidden>): BellSource {
  return {
    name: `${name} (local, simulated)`,
    simulated: true,
    local: true,
    trial(x, y, random) {
      const hidden = model.hidden(random);
      const a = model.alice(hidden, x);
      const b = model.bob(hidden, y);
      model.remember?.(x, y, a, b);
      return [a, b];
    },
  };
}

/**
 * The best that a deterministic local theory can do: S = 2 on average, with outcomes that look perfectly random. The hidden
 * variable picks one of the eight assignments (a₀, a₁, b₀, b₁) that win three of the four pairs of settings.
 *
 * @example
 * ```ts
 * const result = runBellTest(deterministicSource(), { trials: 10_000, seed: 1 });
 * certify(result, { minimumScore: 2.7 }).bits; // 0
 * ```
 */
export function deterministicSource(): BellSource {
  const winners = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
    .map((bits) => [0, 1, 2, 3].map((i) => (((bits >> i) & 1) === 1 ? -1 : 1) as Outcome))
    .filter(([a0, a1, b0, b1]) => a0 * b0 + a0 * b1 + a1 * b0 - a1 * b1 === 2);
  return localSource("deterministic", {
    hidden: (random) => winners[random.integer(0, winners.length)],
    alice: (assignment, x) => assignment[x],
    bob: (assignment, y) => assignment[2 + y],
  });
}

/**
 * Boxes that remember all earlier trials, of both sides, and adapt: they play the assignment that would lose on the pair of
 * settings seen least often so far. Memory gains nothing on fresh settings (S = 2 on average still), but it breaks
 * certificates that assume independent trials; entropy accumulation does not.
 */
export function memorySource(): BellSource {
  const seen = [0, 0, 0, 0];
  // The assignment that loses on pair (x, y) = (0,0), (0,1), (1,0), (1,1).
  const losers = [
    [1, 1, -1, 1],
    [1, -1, 1, -1],
    [1, -1, 1, 1],
    [1, 1, 1, 1],
  ] as const;
  return localSource("memory", {
    hidden: (random) => ({
      assignment: losers[seen.indexOf(Math.min(...seen))],
      sign: random.uint32() & 1 ? 1 : -1,
    }),
    alice: ({ assignment, sign }, x) => (assignment[x] * sign) as Outcome,
    bob: ({ assignment, sign }, y) => (assignment[2 + y] * sign) as Outcome,
    remember: (x, y) => {
      seen[2 * x + y]++;
    },
  });
}

/**
 * The detection loophole: each photon carries a setting that it is willing to be measured in. Asked for the other, it stays
 * silent (outcome 0). Among the trials in which both sides click, S = 4, more than quantum mechanics allows; counted with
 * all trials, silence being +1, S ≤ 2. Whoever throws away the silent trials is fooled.
 *
 * The hidden variable is (x′, y′, a): Alice clicks only at x = x′ and Bob only at y = y′, a their outcome, Bob's with the
 * sign that wins.
 */
export function detectionLoopholeSource(): BellSource {
  return localSource("detection loophole", {
    hidden: (random) => ({
      x: random.uint32() & 1,
      y: random.uint32() & 1,
      a: (random.uint32() & 1 ? 1 : -1) as Outcome,
    }),
    alice: (photon, x) => (x === photon.x ? photon.a : 0),
    bob: (photon, y) => (y !== photon.y ? 0 : photon.x & photon.y ? (-photon.a as Outcome) : photon.a),
  });
}
