/**
 * Running a Bell test and scoring it.
 *
 * Settings come from a stream of their own, so that a source, which draws from another one, cannot know them in advance.
 */

import { stream } from "@gradus/seeds";
import { checkShare } from "./check.ts";
import type { BellSource } from "./source.ts";

/** Options of {@link runBellTest}. */
export interface BellTestOptions {
  /** Number of trials, a positive integer up to 2^31 − 1. */
  trials: number;
  /** Root of the random streams for settings and source. */
  seed: number | bigint | string;
  /** γ: share of trials with random settings, which are scored; the others measure with x = y = 0. Default 1. */
  testShare?: number;
}

/** Settings and outcomes of a Bell test, one byte a trial. */
export interface BellTestResult {
  /** What made them, {@link BellSource.name}. */
  readonly source: string;
  /** Always true: no apparatus is involved. */
  readonly simulated: true;
  /** γ, as asked for. */
  readonly testShare: number;
  /**
   * One byte for each trial. Bits 0 and 1: Alice's and Bob's settings; 2 and 3: their outcomes, 1 for −1 (no click counts as
   * +1); 4 and 5: no click; 6: a test trial.
   */
  readonly trials: Uint8Array;
}

/** Counts and CHSH score of a test. */
export interface BellScore {
  /** Trials with random settings. */
  readonly tests: number;
  /** Test trials won: a · b = (−1)^{xy}. */
  readonly wins: number;
  /** w = wins / tests = 1/2 + S/8 where settings are equally frequent. */
  readonly winShare: number;
  /** S = 8 w − 4. */
  readonly score: number;
  /** E(x, y) for the pairs (0,0), (0,1), (1,0), (1,1): means of the product of the outcomes; NaN where there were none. */
  readonly correlations: readonly [number, number, number, number];
}

/** Bits of a trial's byte. */
export const TRIAL = { x: 1, y: 2, alice: 4, bob: 8, noAlice: 16, noBob: 32, test: 64 } as const;

/**
 * Runs a Bell test.
 *
 * @param source What is tested.
 * @param options How long, and with which randomness.
 * @throws {RangeError} Trials not a positive integer, or a test share outside [0, 1].
 *
 * @example
 * ```ts
 * const result = runBellTest(quantumSource(), { trials: 1000, seed: 7 });
 * result.trials.length; // 1000
 * ```
 */
export function runBellTest(source: BellSource, { trials, seed, testShare = 1 }: BellTestOptions): BellTestResult {
  if (!Number.isInteger(trials) || trials < 1 || trials >= 2 ** 31) {
    throw new RangeError(`Cannot run a Bell test: trials must be an integer from 1 to 2^31 - 1, found ${trials}`);
  }
  checkShare("testShare", testShare);
  const settings = stream(seed, { purpose: "bell settings" });
  const nature = stream(seed, { purpose: "bell source" });
  const bytes = new Uint8Array(trials);
  for (let i = 0; i < trials; i++) {
    const word = settings.uint32();
    const test = testShare === 1 || settings.uniform() < testShare;
    const x = (test ? word & 1 : 0) as 0 | 1;
    const y = (test ? (word >>> 1) & 1 : 0) as 0 | 1;
    const [a, b] = source.trial(x, y, nature);
    bytes[i] =
      x |
      (y << 1) |
      (a === -1 ? TRIAL.alice : 0) |
      (b === -1 ? TRIAL.bob : 0) |
      (a === 0 ? TRIAL.noAlice : 0) |
      (b === 0 ? TRIAL.noBob : 0) |
      (test ? TRIAL.test : 0);
  }
  return { source: source.name, simulated: true, testShare, trials: bytes };
}

/** Options of {@link scoreOf}. */
export interface ScoreOptions {
  /** Leave out trials in which a side did not click: **the detection loophole**, for demonstrations. Default false. */
  postSelect?: boolean;
}

/**
 * Counts the wins of a Bell test: over all test trials, unless the loophole is asked for.
 *
 * @example
 * ```ts
 * const result = runBellTest(detectionLoopholeSource(), { trials: 10_000, seed: 3 });
 * scoreOf(result).score < 2.1; // true
 * scoreOf(result, { postSelect: true }).score; // 4: nonsense
 * ```
 */
export function scoreOf({ trials }: BellTestResult, { postSelect = false }: ScoreOptions = {}): BellScore {
  const won = [0, 0, 0, 0];
  const all = [0, 0, 0, 0];
  for (const trial of trials) {
    if (!(trial & TRIAL.test) || (postSelect && trial & (TRIAL.noAlice | TRIAL.noBob))) continue;
    const pair = ((trial & TRIAL.x) << 1) | ((trial & TRIAL.y) >> 1);
    const different = ((trial >> 2) ^ (trial >> 3)) & 1;
    all[pair]++;
    if (different === (pair === 3 ? 1 : 0)) won[pair]++;
  }
  const tests = all.reduce((sum, n) => sum + n, 0);
  const wins = won.reduce((sum, n) => sum + n, 0);
  const winShare = wins / tests;
  const correlation = (pair: number) => (pair === 3 ? -1 : 1) * ((2 * won[pair]) / all[pair] - 1);
  return {
    tests,
    wins,
    winShare,
    score: 8 * winShare - 4,
    correlations: [correlation(0), correlation(1), correlation(2), correlation(3)],
  };
}
