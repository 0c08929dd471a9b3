/**
 * The options of rejection sampling with their defaults, checked.
 *
 * @module
 */

import { reasoningPath } from "./distinct.ts";
import type { RejectionOptions } from "./types.ts";

/** Options whose default is "none". */
type Optional = "journal" | "onProgress" | "signal" | "problemId";

/** Every option given. */
export type RejectionSettings<Problem> = Required<Omit<RejectionOptions<Problem>, Optional | "temperature">> &
  Pick<RejectionOptions<Problem>, Optional> & { readonly temperatures: readonly number[] };

/** Checks the options at the door. */
export function settle<Problem>(options: RejectionOptions<Problem>): RejectionSettings<Problem> {
  const { temperature = 0.7, maxPerProblem = 4, ...rest } = options;
  const settings: RejectionSettings<Problem> = {
    samplesPerProblem: 8,
    maxRejectedPerProblem: maxPerProblem,
    seed: 0,
    distinctBy: reasoningPath,
    concurrency: 1,
    retries: 2,
    retryDelayMs: 500,
    sampleTimeoutMs: 600_000,
    verifyTimeoutMs: 10_000,
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
    problems: options.problems,
    sample: options.sample,
    verify: options.verify,
    maxPerProblem,
    temperatures: typeof temperature === "number" ? [temperature] : [...temperature],
  };
  for (const name of ["samplesPerProblem", "maxPerProblem", "concurrency"] as const) checkInteger(settings, name, 1);
  for (const name of ["maxRejectedPerProblem", "retries", "seed"] as const) checkInteger(settings, name, 0);
  for (const name of ["retryDelayMs", "sampleTimeoutMs", "verifyTimeoutMs"] as const) {
    if (!(settings[name] >= 0)) {
      throw new RangeError(`Cannot sample: ${name} must be a number of at least 0, found ${settings[name]}`);
    }
  }
  for (const name of ["sample", "verify"] as const) {
    if (typeof settings[name] !== "function") {
      throw new TypeError(`Cannot sample: ${name} must be a function, found ${typeof settings[name]}`);
    }
  }
  if (settings.temperatures.length === 0 || settings.temperatures.some((value) => !(value >= 0 && value < Infinity))) {
    throw new RangeError(`Cannot sample: temperature must be at least 0, found [${settings.temperatures}]`);
  }
  return settings;
}

function checkInteger<Name extends string>(settings: Record<Name, number>, name: Name, least: number): void {
  if (!(Number.isSafeInteger(settings[name]) && settings[name] >= least)) {
    throw new RangeError(`Cannot sample: ${name} must be an integer of at least ${least}, found ${settings[name]}`);
  }
}
