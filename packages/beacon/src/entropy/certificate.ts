/**
 * The certificate: so many bits of these outcomes are unpredictable to everybody, or nothing, because the test failed.
 *
 * The score to reach is declared before the first trial. A certificate for "whatever score came out" would reward luck: among
 * many beacons with classical devices some would see S > 2.
 */

import { type BellTestResult, scoreOf } from "../bell/experiment.ts";
import { type AccumulationOptions, entropyRate, QUANTUM_WIN_SHARE } from "./accumulation.ts";

/** Options of {@link certify}. */
export interface CertifyOptions extends Omit<AccumulationOptions, "trials" | "testShare"> {
  /** The CHSH score that was declared before the test; below it the test aborts. */
  minimumScore: number;
}

/** What a Bell test certifies. */
export interface Certificate {
  /** Whether the score stayed below the declared one; then there are no bits. */
  readonly aborted: boolean;
  /** Smooth min-entropy of the outcomes, in whole bits. */
  readonly bits: number;
  /** Bits a trial. */
  readonly rate: number;
  readonly trials: number;
  readonly testShare: number;
  /** S, as measured. */
  readonly score: number;
  /** S, as declared. */
  readonly minimumScore: number;
  readonly smoothing: number;
  readonly failure: number;
  /** The entropy is that of a simulation: the certificate shows the arithmetic, the bits come from a seeded generator. */
  readonly simulated: true;
}

/**
 * Certifies the min-entropy of a Bell test's outcomes, or aborts with 0 bits.
 *
 * Aborts if wins < γ · w_min · n, w_min = 1/2 + S_min/8; else the outcomes have at least n · η(w_min) bits, except for a
 * failure probability (see {@link AccumulationOptions}).
 *
 * @throws {RangeError} A minimum score beyond 2√2, or error probabilities outside (0, 1).
 *
 * @example
 * ```ts
 * const good = runBellTest(quantumSource(), { trials: 200_000, seed: 5 });
 * const { aborted, bits } = certify(good, { minimumScore: 2.8 }); // false, 28,038 bits
 * certify(runBellTest(memorySource(), { trials: 100_000, seed: 5 }), { minimumScore: 2.8 }).bits; // 0
 * ```
 */
export function certify(
  result: BellTestResult,
  { minimumScore, smoothing = 1e-10, failure = 1e-10 }: CertifyOptions,
): Certificate {
  const minimum = 0.5 + minimumScore / 8;
  if (!(minimumScore >= 0 && minimum <= QUANTUM_WIN_SHARE + 1e-12)) {
    throw new RangeError(`Cannot certify entropy: minimumScore must be from 0 to 2√2, found ${minimumScore}`);
  }
  const { testShare } = result;
  const trials = result.trials.length;
  const { wins, score } = scoreOf(result);
  const aborted = wins < testShare * minimum * trials;
  const rate = aborted ? 0 : entropyRate(minimum, { trials, testShare, smoothing, failure });
  return {
    aborted,
    bits: Math.floor(trials * rate),
    rate,
    trials,
    testShare,
    score,
    minimumScore,
    smoothing,
    failure,
    simulated: true,
  };
}
