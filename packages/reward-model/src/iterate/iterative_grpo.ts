/**
 * Algorithm 1 of DeepSeekMath (arXiv 2402.03300) with its outer loop, over pieces that come from outside.
 *
 * ```text
 * for iteration = 1..I:
 *   π_ref ← π_θ                                            the trainer, before an iteration's first step
 *   for step = 1..M: sample, reward by r_φ, maximise       trainer.run
 *   update r_φ by continuous training with replay          sample, buffer.add, buffer.mix, rewardModel.update
 * ```
 *
 * @module
 */

import type { Root } from "@gradus/seeds";
import { checkFunction, checkInteger, checkKeys, checkList } from "../check.ts";
import type { RewardExample } from "../model/example.ts";
import type { TrainReport } from "../model/reward_model.ts";
import type { MixOptions, ReplayBuffer } from "../replay/replay_buffer.ts";

/** What trains the policy; `GrpoTrainer` of `@gradus/grpo` is one. */
export interface PolicyTrainer<Step extends { readonly step: number }> {
  /** Runs the steps of all iterations from `from` on; a step is made when it is asked for, and yielded when it is done. */
  run(options: { from?: number; signal?: AbortSignal }): AsyncIterable<Step>;
}

/** How far a run has come. */
export interface IterationProgress {
  /** Steps of the policy that are done. */
  readonly steps: number;
  /** Updates of the reward model that are done: one for each iteration. */
  readonly rewardModelUpdates: number;
}

/** Options of {@link iterativeGrpo}. */
export interface IterativeGrpoOptions<Step extends { readonly step: number }> {
  /** I and M. */
  readonly iterations: number;
  readonly stepsPerIteration: number;
  /** Trains the policy over I · M steps on the rewards of the reward model, and resets π_ref by itself. */
  readonly trainer: PolicyTrainer<Step>;
  /**
   * New training data: solutions sampled from the policy as it is now, judged by a rule. Iterations count from 1, and the
   * examples carry their number; those that the first reward model was trained on are of iteration 0.
   */
  readonly sample: (iteration: number) => Promise<readonly RewardExample[]>;
  /** Goes on training the reward model, as it is, with this set. */
  readonly rewardModel: {
    update(examples: readonly RewardExample[], context: { readonly iteration: number }): Promise<TrainReport>;
  };
  readonly buffer: Pick<ReplayBuffer, "add" | "mix">;
  /** Default 0.1. */
  readonly historyShare?: number;
  /** Default `"uniform"`. */
  readonly by?: MixOptions["by"];
  readonly seed: Root;
  /** Where a run begins. Default: nothing is done. */
  readonly from?: IterationProgress;
  /** Called after each step and each update of the reward model; save a checkpoint of both models with the progress. */
  readonly onProgress?: (progress: IterationProgress) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

/** What {@link iterativeGrpo} yields. */
export type IterationEvent<Step> =
  | { readonly kind: "policy"; readonly iteration: number; readonly step: Step }
  | {
      readonly kind: "reward model";
      readonly iteration: number;
      readonly fresh: number;
      readonly history: number;
      /** History that the share asks for and the buffer did not have. */
      readonly missing: number;
      /** With `skipped` where the set could teach nothing. */
      readonly training: TrainReport;
    };

/**
 * Runs GRPO and retrains its reward model on the policy's own samples after each iteration.
 *
 * A step is the trainer's affair; between iterations the samples go into the buffer, `mix` adds history, and the reward
 * model goes on from where it is. A set that can teach nothing (all right, say, because the policy has become perfect)
 * leaves the reward model as it is, and the event says why.
 *
 * To resume, restore policy, reference and reward model from the checkpoint and hand in its progress as `from`. If the
 * pieces are deterministic the run goes on as it would have: adding samples again changes nothing, and `mix` gives the
 * same set again.
 *
 * @throws {RangeError | TypeError} An option is missing, unknown or out of its range; {RangeError} the trainer yields a
 * step out of order or ends early; the signal's reason; whatever the pieces throw.
 *
 * @example Pieces that only say what happens
 * ```ts
 * const buffer = await ReplayBuffer.open();
 * const run = iterativeGrpo({
 *   ...{ iterations: 2, stepsPerIteration: 2, seed: 1, buffer },
 *   trainer: {
 *     async *run({ from = 0 }) {
 *       for (let step = from; step < 4; step++) yield { step };
 *     },
 *   },
 *   sample: async (iteration) => [
 *     { problem: "a", prompt: Int32Array.of(1), tokens: Int32Array.of(iteration), label: 1, iteration, seed: 1 },
 *   ],
 *   rewardModel: { update: async () => ({ updates: 1, firstLoss: 1, lastLoss: 0.5 }) },
 * });
 * for await (const { kind } of run) console.log(kind); // policy, policy, reward model, policy, policy, reward model
 * ```
 */
export async function* iterativeGrpo<Step extends { readonly step: number }>(
  options: IterativeGrpoOptions<Step>,
): AsyncGenerator<IterationEvent<Step>, void> {
  const task = "run iterative GRPO";
  checkKeys(task, options, [
    ...["iterations", "stepsPerIteration", "trainer", "sample", "rewardModel", "buffer", "historyShare", "by", "seed"],
    ...["from", "onProgress", "signal"],
  ]);
  const { iterations, stepsPerIteration, trainer, sample, rewardModel, buffer, onProgress, signal } = options;
  checkInteger(task, "iterations", iterations);
  checkInteger(task, "stepsPerIteration", stepsPerIteration);
  checkFunction(task, "trainer.run", trainer?.run);
  checkFunction(task, "sample", sample);
  checkFunction(task, "rewardModel.update", rewardModel?.update);
  for (const name of ["add", "mix"] as const) checkFunction(task, `buffer.${name}`, buffer?.[name]);
  let { steps, rewardModelUpdates } = options.from ?? { steps: 0, rewardModelUpdates: 0 };
  checkInteger(task, "from.steps", steps, 0);
  checkInteger(task, "from.rewardModelUpdates", rewardModelUpdates, 0);
  const begun = Math.floor(steps / stepsPerIteration);
  if (rewardModelUpdates > begun || rewardModelUpdates < begun - Number(steps % stepsPerIteration === 0)) {
    throw new RangeError(
      `Cannot ${task}: from.rewardModelUpdates does not go with ${steps} steps of ${stepsPerIteration} each, found ${rewardModelUpdates}`,
    );
  }

  async function* retrain(): AsyncGenerator<IterationEvent<Step>, void> {
    const iteration = rewardModelUpdates + 1;
    signal?.throwIfAborted();
    const fresh = await sample(iteration);
    checkList(task, "what sample returned", fresh);
    const other = fresh.find((example) => example.iteration !== iteration);
    if (other)
      throw new RangeError(`Cannot ${task}: expected samples of iteration ${iteration}, found ${other.iteration}`);
    await buffer.add(fresh);
    const { historyShare, by, seed } = options;
    const { examples, ...mix } = await buffer.mix({ fresh, historyShare, by, seed });
    const training = await rewardModel.update(examples, { iteration });
    rewardModelUpdates++;
    await onProgress?.({ steps, rewardModelUpdates });
    yield { kind: "reward model", iteration, ...mix, training };
  }

  if (begun > rewardModelUpdates) yield* retrain();
  if (steps < iterations * stepsPerIteration) {
    for await (const step of trainer.run({ from: steps, signal })) {
      if (step.step !== steps) throw new RangeError(`Cannot ${task}: expected step ${steps}, found ${step.step}`);
      const iteration = Math.floor(steps / stepsPerIteration) + 1;
      steps++;
      await onProgress?.({ steps, rewardModelUpdates });
      yield { kind: "policy", iteration, step };
      if (steps % stepsPerIteration === 0) yield* retrain();
      if (steps === iterations * stepsPerIteration) return;
    }
    throw new RangeError(`Cannot ${task}: the trainer ended after ${steps} of ${iterations * stepsPerIteration} steps`);
  }
}
