/** Learning rate schedules: functions from the step (0, 1, …) to the learning rate. */

/** From the number of the update, beginning with 0, to its learning rate. */
export type Schedule = (step: number) => number;

/** What every schedule needs. */
export interface ScheduleOptions {
  /** The highest learning rate. */
  peak: number;
  /** Updates in all. */
  steps: number;
  /** Updates over which the rate rises linearly to the peak. Default 0. */
  warmup?: number;
}

function check({ peak, steps, warmup = 0 }: ScheduleOptions): void {
  if (!(peak >= 0)) throw new RangeError(`Cannot make a schedule: peak is ${peak}, expected a number ≥ 0`);
  if (!(steps >= 1)) throw new RangeError(`Cannot make a schedule: steps is ${steps}, expected a number ≥ 1`);
  if (!(warmup >= 0)) throw new RangeError(`Cannot make a schedule: warmup is ${warmup}, expected a number ≥ 0`);
}

/** (step + 1) / warmup, at most 1. */
function rise(step: number, warmup = 0): number {
  return step < warmup ? (step + 1) / warmup : 1;
}

/** The peak throughout, after the warm-up. */
export function constantSchedule(options: ScheduleOptions): Schedule {
  check(options);
  return (step) => options.peak * rise(step, options.warmup);
}

/**
 * DeepSeek's schedule: the peak until 80% of the steps, then 31.6% of it until 90%, then 10% (DeepSeekMath, section 2.2.1;
 * 31.6% is 1/√10). `drops` are pairs of a share of the steps and the factor from there on.
 *
 * ```ts
 * import { multiStepSchedule } from "@gradus/autodiff";
 * const rate = multiStepSchedule({ peak: 1e-3, steps: 100, warmup: 10 });
 * console.log(rate(0), rate(50), rate(85), rate(95)); // 1e-4, 1e-3, 3.16e-4, 1e-4
 * ```
 */
export function multiStepSchedule(
  options: ScheduleOptions & { drops?: readonly (readonly [share: number, factor: number])[] },
): Schedule {
  check(options);
  const {
    peak,
    steps,
    warmup,
    drops = [
      [0.8, 0.316],
      [0.9, 0.1],
    ],
  } = options;
  return (step) => {
    let factor = 1;
    for (const [share, value] of drops) if (step >= share * steps) factor = value;
    return peak * factor * rise(step, warmup);
  };
}

/** Half a cosine from the peak down to `floor` · peak (default 0.1; Loshchilov & Hutter, arXiv 1608.03983). */
export function cosineSchedule(options: ScheduleOptions & { floor?: number }): Schedule {
  check(options);
  const { peak, steps, warmup = 0, floor = 0.1 } = options;
  return (step) => {
    if (step < warmup) return peak * rise(step, warmup);
    const progress = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
    return peak * (floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * progress)));
  };
}
