/**
 * Lines 5 to 8 of Algorithm 1: prompts, completions, rewards. What fails is marked and replaced.
 *
 * @module
 */

import { stream } from "@gradus/seeds";
import { show } from "../check.ts";
import { withDeadline } from "./deadline.ts";
import { isFlat, judgeGroup } from "./judge.ts";
import type { Completion } from "./policy.ts";
import type { Exploration, GroupFailure, RolloutGroup, SampledCompletion } from "./rollout.ts";
import type { GrpoTrainerOptions, Prompt } from "./trainer_options.ts";

/** A group that is wanted. */
interface Request<P> {
  readonly slot: number;
  readonly promptIndex: number;
  readonly prompt: P;
}

/**
 * Samples and judges until every slot has its group or has been tried 1 + `maxRefills` times. Prompt indices are a function
 * of the step, the slot and the attempt, so a resumed run asks for the same ones: attempt a at slot j of step s wants
 * index `a · S + s · promptsPerStep + j`, where S is what the whole run wants at first attempts.
 */
export async function explore<P extends Prompt>(
  options: GrpoTrainerOptions<P>,
  step: number,
  signal?: AbortSignal,
): Promise<Exploration> {
  return await new Explorer(options, step, signal).run();
}

class Explorer<P extends Prompt> {
  readonly #options: GrpoTrainerOptions<P>;
  readonly #step: number;
  readonly #signal: AbortSignal | undefined;
  readonly #groups: (RolloutGroup | undefined)[];
  readonly #failures: GroupFailure[] = [];
  #dropped = 0;
  #sampledTokens = 0;
  /** After a failed call each group is sampled alone, so that one bad prompt takes no other with it. */
  #alone = false;

  constructor(options: GrpoTrainerOptions<P>, step: number, signal?: AbortSignal) {
    this.#options = options;
    this.#step = step;
    this.#signal = signal;
    this.#groups = new Array(options.promptsPerStep).fill(undefined);
  }

  async run(): Promise<Exploration> {
    const { maxRefills = 8 } = this.#options;
    for (let attempt = 0; attempt <= maxRefills; attempt++) {
      const open = [...this.#groups.keys()].filter((slot) => this.#groups[slot] === undefined);
      if (open.length === 0) break;
      const requests = await this.#requests(open, attempt);
      const calls = this.#alone ? requests.map((request) => [request]) : [requests];
      for (const call of calls) if (call.length > 0) await this.#call(call, attempt);
    }
    return {
      step: this.#step,
      groups: this.#groups.filter((group) => group !== undefined),
      failures: this.#failures,
      dropped: this.#dropped,
      sampledTokens: this.#sampledTokens,
    };
  }

  async #requests(slots: readonly number[], attempt: number): Promise<Request<P>[]> {
    const { prompts, promptsPerStep, stepsPerIteration, iterations = 1 } = this.#options;
    const stride = iterations * stepsPerIteration * promptsPerStep;
    const requests: Request<P>[] = [];
    for (const slot of slots) {
      const promptIndex = attempt * stride + this.#step * promptsPerStep + slot;
      try {
        const prompt = await prompts.at(promptIndex);
        if (!(prompt?.tokens instanceof Int32Array && prompt.tokens.length > 0)) {
          throw new TypeError(`prompts.at(${promptIndex}) must have tokens, an Int32Array that is not empty`);
        }
        requests.push({ slot, promptIndex, prompt });
      } catch (error) {
        await this.#fail({ slot, promptIndex }, attempt, "prompt", error);
      }
    }
    return requests;
  }

  /** Samples all of `requests` in one call and judges each. */
  async #call(requests: readonly Request<P>[], attempt: number): Promise<void> {
    const { policy, sampling, samplesPerPrompt, rolloutTimeout = Infinity, onProgress } = this.#options;
    let completions: Completion[];
    try {
      const sampled = await withDeadline(
        (signal) =>
          policy.sample(
            requests.map(({ prompt }) => prompt.tokens),
            {
              ...sampling,
              samplesPerPrompt,
              seed: this.#seed(requests, attempt),
              step: this.#step,
              onProgress,
              signal,
            },
          ),
        rolloutTimeout,
        this.#signal,
      );
      completions = checkedCompletions(sampled);
    } catch (error) {
      this.#signal?.throwIfAborted();
      this.#alone = true;
      for (const request of requests) await this.#fail(request, attempt, "rollout", error);
      return;
    }
    for (const { tokens } of completions) this.#sampledTokens += tokens.length;
    await Promise.all(requests.map((request, i) => this.#judge(request, i, completions, attempt)));
    // Judged side by side, reported in order: failures are part of what has to be the same each time.
    this.#failures.sort((a, b) => a.attempt - b.attempt || a.slot - b.slot);
  }

  async #judge(request: Request<P>, index: number, completions: readonly Completion[], attempt: number): Promise<void> {
    const { slot, promptIndex, prompt } = request;
    const { reward, rewardTimeout = Infinity, dynamicSampling = false } = this.#options;
    let own: SampledCompletion[];
    try {
      own = this.#completionsOf(index, completions);
    } catch (error) {
      await this.#fail(request, attempt, "rollout", error);
      return;
    }
    try {
      const functions = typeof reward === "function" ? [reward] : reward;
      const judged = await withDeadline(
        (signal) => judgeGroup(functions, prompt, own, signal),
        rewardTimeout,
        this.#signal,
      );
      const group = { promptIndex, prompt: prompt.tokens, completions: own, ...judged };
      if (dynamicSampling && isFlat(group, this.#options)) this.#dropped++;
      else this.#groups[slot] = group;
    } catch (error) {
      this.#signal?.throwIfAborted();
      await this.#fail(request, attempt, "reward", error);
    }
  }

  /** The completions of the call's prompt `index`, in the order of their samples, with everything about them checked. */
  #completionsOf(index: number, completions: readonly Completion[]): SampledCompletion[] {
    const { samplesPerPrompt } = this.#options;
    const own: SampledCompletion[] = [];
    for (const { prompt, sample, tokens, logProbs, finishReason } of completions) {
      if (prompt !== index) continue;
      if (tokens.length !== logProbs.length) {
        throw new RangeError(`sample ${sample} has ${tokens.length} tokens and ${logProbs.length} logProbs`);
      }
      const bad = logProbs.findIndex((logProb) => !Number.isFinite(logProb));
      if (bad >= 0) throw new RangeError(`sample ${sample}: the logProb of token ${bad} is ${logProbs[bad]}`);
      // A negative label would be one that is not trained, −100 say.
      const negative = tokens.findIndex((token) => token < 0);
      if (negative >= 0) throw new RangeError(`sample ${sample}: token ${negative} is ${tokens[negative]}`);
      if (finishReason !== "stop" && finishReason !== "length") {
        throw new TypeError(`sample ${sample}: finishReason must be "stop" or "length", found ${show(finishReason)}`);
      }
      own[sample] = { tokens, logProbs, finishReason };
    }
    if (Object.keys(own).length !== samplesPerPrompt || own.length !== samplesPerPrompt) {
      throw new RangeError(`expected ${samplesPerPrompt} samples, found ${Object.keys(own).length}`);
    }
    return own;
  }

  /** The run's seed at first; a refill must not draw again the random numbers of what it replaces. */
  #seed(requests: readonly Request<P>[], attempt: number): number {
    const { seed } = this.#options;
    if (attempt === 0) return seed;
    return stream(seed, { purpose: "refill", step: this.#step, prompt: requests[0].slot, sample: attempt }).uint32();
  }

  async #fail(
    { slot, promptIndex }: Pick<Request<P>, "slot" | "promptIndex">,
    attempt: number,
    stage: GroupFailure["stage"],
    error: unknown,
  ): Promise<void> {
    const reason = error instanceof Error ? error.message : String(error);
    const failure = { step: this.#step, slot, attempt, promptIndex, stage, reason };
    this.#failures.push(failure);
    await this.#options.onGroupFailed?.(failure);
  }
}

/** What `policy.sample` gave, if it is a list of completions at all. */
function checkedCompletions(sampled: unknown): Completion[] {
  if (!Array.isArray(sampled))
    throw new TypeError(`sample must return an array of completions, found ${show(sampled)}`);
  sampled.forEach((each: Partial<Completion> | null | undefined, i) => {
    for (const name of ["tokens", "logProbs"] as const) {
      const found = each?.[name];
      if (Array.isArray(found) || ArrayBuffer.isView(found)) continue;
      throw new TypeError(`completion ${i} must have ${name}, a typed array, found ${show(each && found)}`);
    }
  });
  return sampled;
}
