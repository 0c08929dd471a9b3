/**
 * Algorithm 1 of DeepSeekMath (arXiv 2402.03300) over the `Policy` interface.
 *
 * ```text
 * for iteration = 1..I:                  π_ref ← π_θ                               reference.reset
 *   for step = 1..M:                     π_old ← π_θ; sample G outputs of each q   explore
 *                                        rewards, advantages                       reward, advantages
 *     for update = 1..μ:                 maximise the objective                    accumulate, policy.step
 *   update the reward model                                                        onIterationEnd
 * ```
 *
 * @module
 */

import { permutation } from "@gradus/seeds";
import { checkNumber } from "../check.ts";
import { checkedRate, checkTrainerOptions } from "./check_options.ts";
import { explore } from "./explore.ts";
import type { GradientReport, Lesson } from "./learn.ts";
import { accumulate, prepare } from "./learn.ts";
import { stepMetrics } from "./metrics.ts";
import type { Exploration } from "./rollout.ts";
import type { GrpoTrainerOptions, Prompt, StepMetrics, UpdateMetrics } from "./trainer_options.ts";

/**
 * Trains a policy by group relative policy optimisation.
 *
 * What a step does depends on the policy, the seed and the step's number alone, so a run whose policy was restored after
 * step n goes on with `run({ from: n + 1 })`, bit for bit. (In the middle of an iteration the reference has to be restored
 * as well: it is reset at the start of iterations only.)
 *
 * Rollouts and reward functions may fail: throw, return NaN, or exceed their time limit. The group is marked, reported
 * (`onGroupFailed`, `failures`) and replaced by another prompt's; a step without any group makes no update. What the
 * policy throws in scoring or backward, and what callbacks throw, ends the run.
 *
 * @example A policy of one number, the probability of token 1, which is rewarded
 * ```ts
 * let logit = 0;
 * let gradient = 0;
 * const p = () => 1 / (1 + Math.exp(-logit));
 * const logProb = (token: number) => Math.log(token === 1 ? p() : 1 - p());
 * const policy: Policy = {
 *   sample: async (prompts, { samplesPerPrompt = 1 }) =>
 *     prompts.flatMap((_, prompt) =>
 *       Array.from({ length: samplesPerPrompt }, (_, sample) => {
 *         const tokens = Int32Array.of(sample % 2);
 *         return { prompt, sample, tokens, logProbs: Float32Array.from(tokens, logProb), finishReason: "stop" as const };
 *       }),
 *     ),
 *   logProbs: async ({ labels }) => ({ logProbs: Float32Array.from(labels, (l) => (l < 0 ? 0 : logProb(l))) }),
 *   backward: async ({ labels }, coefficients) => {
 *     labels.forEach((l, t) => {
 *       if (l >= 0) gradient += coefficients[t] * (l - p());
 *     });
 *     return policy.logProbs({ labels } as Batch);
 *   },
 *   step: async ({ learningRate }) => {
 *     logit -= learningRate * gradient;
 *     gradient = 0;
 *     return { step: 0, gradientNorm: 0, clipFactor: 1 };
 *   },
 * };
 * const trainer = new GrpoTrainer({
 *   policy,
 *   prompts: promptSource([{ tokens: Int32Array.of(0) }], 1),
 *   reward: ({ tokens }) => tokens[0],
 *   seed: 1,
 *   stepsPerIteration: 20,
 *   promptsPerStep: 1,
 *   samplesPerPrompt: 4,
 *   sampling: { maxNewTokens: 1 },
 *   objective: { beta: 0 },
 *   learningRate: 1,
 * });
 * for await (const { step } of trainer.run()) console.log(step, p()); // ends close to 1
 * ```
 */
export class GrpoTrainer<P extends Prompt> {
  readonly #options: GrpoTrainerOptions<P>;

  /** @throws {RangeError | TypeError} An option is missing or out of its range. */
  constructor(options: GrpoTrainerOptions<P>) {
    checkTrainerOptions(options);
    this.#options = options;
  }

  /** Steps of the whole run: I · M. */
  get steps(): number {
    return (this.#options.iterations ?? 1) * this.#options.stepsPerIteration;
  }

  /**
   * Runs the steps from `from` on and yields the metrics of each once its updates are made.
   *
   * @throws The signal's reason when it aborts; whatever a callback or the policy throws; {Error} when `maxEmptySteps`
   * steps in a row yield no group.
   */
  async *run({ from = 0, signal }: { from?: number; signal?: AbortSignal } = {}): AsyncGenerator<StepMetrics, void> {
    const { stepsPerIteration, reference, maxEmptySteps = 10 } = this.#options;
    checkNumber("run", "from", from, "an integer from 0 on", (step) => Number.isSafeInteger(step) && step >= 0);
    let empty = 0;
    for (let step = from; step < this.steps; step++) {
      signal?.throwIfAborted();
      const iteration = Math.floor(step / stepsPerIteration);
      if (step % stepsPerIteration === 0) {
        await reference?.reset?.(iteration);
        await this.#options.onIterationStart?.(iteration);
      }
      const exploration = await this.explore(step, { signal });
      empty = exploration.groups.length === 0 ? empty + 1 : 0;
      if (empty >= maxEmptySteps) {
        const last = exploration.failures.at(-1)?.reason ?? "all rewards were equal in every group";
        throw new Error(
          `Cannot go on after step ${step}: ${empty} steps in a row had no group to learn from (${last})`,
        );
      }
      const metrics = await this.learn(exploration);
      if ((step + 1) % stepsPerIteration === 0) await this.#options.onIterationEnd?.(iteration);
      yield metrics;
    }
  }

  /** Samples and judges the groups of a step, or reads them from the store. */
  async explore(step: number, { signal }: { signal?: AbortSignal } = {}): Promise<Exploration> {
    const { store, onExploration } = this.#options;
    let exploration = await store?.read(step);
    if (exploration === undefined) {
      exploration = await explore(this.#options, step, signal);
      await store?.write(exploration);
    }
    await onExploration?.(exploration);
    return exploration;
  }

  /** Makes all updates of a step. */
  async learn(exploration: Exploration): Promise<StepMetrics> {
    const { policy, updatesPerStep = 1, minibatches = 1, learningRate, optimizer, onUpdate } = this.#options;
    const updates: UpdateMetrics[] = [];
    let first: GradientReport | undefined;
    if (exploration.groups.length > 0) {
      const lesson = await prepare(this.#options, exploration);
      const parts = Math.min(minibatches, exploration.groups.length);
      for (let pass = 0; pass < updatesPerStep; pass++) {
        for (let part = 0; part < parts; part++) {
          const sequences = this.#minibatch(exploration, pass, part, parts);
          const gradient = await accumulate(this.#options, lesson, sequences, first === undefined);
          first ??= gradient;
          const update = (exploration.step * updatesPerStep + pass) * minibatches + part;
          const rate = typeof learningRate === "number" ? learningRate : checkedRate(learningRate(update), update);
          const { gradientNorm, clipFactor } = await policy.step({ ...optimizer, learningRate: rate });
          const { loss, metrics } = gradient;
          updates.push({ update, loss, ...metrics, gradientNorm, clipFactor, learningRate: rate });
          await onUpdate?.(updates[updates.length - 1]);
        }
      }
      return stepMetrics(this.#options, exploration, lesson, first, updates);
    }
    return stepMetrics(this.#options, exploration, undefined, first, updates);
  }

  /**
   * Accumulates the gradient of a step's first update and makes none: for loops that step the optimiser themselves.
   *
   * @throws {RangeError} The exploration has no group.
   */
  async accumulate(exploration: Exploration): Promise<GradientReport & { readonly metricsOfStep: StepMetrics }> {
    if (exploration.groups.length === 0) {
      const last = exploration.failures.at(-1)?.reason ?? "all rewards were equal in every group";
      throw new RangeError(`Cannot accumulate a gradient: step ${exploration.step} has no group (${last})`);
    }
    const lesson: Lesson = await prepare(this.#options, exploration);
    const all = Array.from({ length: lesson.batch.segments.length - 1 }, (_, s) => s);
    const report = await accumulate(this.#options, lesson, all, true);
    return { ...report, metricsOfStep: stepMetrics(this.#options, exploration, lesson, report, []) };
  }

  /** Sequences of one minibatch: whole groups, in an order of the pass's own unless there is only one minibatch. */
  #minibatch({ step, groups }: Exploration, pass: number, part: number, parts: number): number[] {
    const { seed, samplesPerPrompt: size } = this.#options;
    const order =
      parts === 1
        ? [...groups.keys()]
        : [...permutation(groups.length, seed, { purpose: "minibatches", step, prompt: pass })];
    const [from, to] = [part, part + 1].map((edge) => Math.round((edge * groups.length) / parts));
    return order.slice(from, to).flatMap((g) => Array.from({ length: size }, (_, i) => g * size + i));
  }
}
