/**
 * What `GrpoTrainer` refuses before anything runs.
 *
 * @module
 */

import { checkScaling, scalingNames } from "../advantages/group_advantages.ts";
import { checkFlag, checkNumber, checkNumbers, checkOneOf, checkOptions, show } from "../check.ts";
import { checkGrpoOptions } from "../objectives/grpo_options.ts";
import type { GrpoTrainerOptions, Prompt, TrainerCallbacks } from "./trainer_options.ts";

const TASK = "make a GrpoTrainer";

/** Every option there is; the compiler says where one is missing. */
const known: Readonly<Record<keyof GrpoTrainerOptions<Prompt>, true>> = {
  ...{ policy: true, reference: true, prompts: true, reward: true, rewardWeights: true, combine: true, seed: true },
  ...{ iterations: true, stepsPerIteration: true, promptsPerStep: true, samplesPerPrompt: true, updatesPerStep: true },
  ...{ minibatches: true, sampling: true, objective: true, advantages: true, learningRate: true, optimizer: true },
  ...{ dynamicSampling: true, softOverlong: true, maxRefills: true, maxEmptySteps: true, rolloutTimeout: true },
  ...{ rewardTimeout: true, microBatchTokens: true, recomputeOldLogProbs: true, entropies: true, store: true },
  ...{ onIterationStart: true, onIterationEnd: true, onExploration: true, onGroupFailed: true, onUpdate: true },
  ...{ onProgress: true },
};
const callbacks = [
  ...["onIterationStart", "onIterationEnd", "onExploration", "onGroupFailed", "onUpdate", "onProgress"],
] as (keyof TrainerCallbacks)[];
const samplingNames = ["maxNewTokens", "temperature", "topK", "topP", "stop"];
const optimizerNames = ["weightDecay", "betas", "epsilon", "maxGradientNorm"];
const natural = (value: number) => Number.isSafeInteger(value) && value >= 0;
const positive = (value: number) => natural(value) && value > 0;
const isRate = (value: number) => value >= 0 && value < Infinity;

/** @throws {RangeError | TypeError} An option is missing or out of its range. */
export function checkTrainerOptions<P extends Prompt>(options: GrpoTrainerOptions<P>): void {
  checkOptions(TASK, options, Object.keys(known));
  checkParts(options);
  checkCounts(options);
  const { sampling, objective = {}, advantages = {}, combine = "sum", learningRate, softOverlong } = options;
  checkOptions(TASK, sampling, samplingNames, "sampling");
  if (options.optimizer !== undefined) checkOptions(TASK, options.optimizer, optimizerNames, "optimizer");
  const { maxNewTokens, temperature = 1 } = sampling;
  checkNumber(TASK, "sampling.maxNewTokens", maxNewTokens, "an integer above 0", positive);
  checkNumber(TASK, "sampling.temperature", temperature);
  checkGrpoOptions(TASK, objective, "objective");
  for (const name of ["total", "advantagesPer"]) {
    const found = (objective as Record<string, unknown>)[name];
    if (found === undefined) continue;
    throw new TypeError(`Cannot ${TASK}: objective.${name} is what the trainer knows itself, found ${show(found)}`);
  }
  checkOptions(TASK, advantages, scalingNames, "advantages");
  checkScaling(TASK, advantages);
  checkOneOf(TASK, "combine", combine, ["sum", "gdpo"]);
  if (typeof learningRate !== "function") {
    checkNumber(TASK, "learningRate", learningRate, "0 or more and finite", isRate);
  }
  if (softOverlong !== undefined) {
    checkOptions(TASK, softOverlong, ["maxLength", "cache"], "softOverlong");
    const { maxLength, cache } = softOverlong;
    checkNumber(TASK, "softOverlong.maxLength", maxLength);
    const expected = `from 1 to softOverlong.maxLength, ${maxLength}`;
    checkNumber(TASK, "softOverlong.cache", cache, expected, (value) => value >= 1 && value <= maxLength);
  }
  if (options.reference === undefined && objective.beta !== 0) {
    throw new TypeError(
      `Cannot ${TASK}: beta ${objective.beta ?? 0.04} needs a reference, found none; pass objective: { beta: 0 } to train without`,
    );
  }
}

/** The policy, the prompts and the rewards. */
function checkParts<P extends Prompt>(options: GrpoTrainerOptions<P>): void {
  const { policy, reference, prompts, reward, rewardWeights, store } = options;
  if (store !== undefined) checkMethods("store", store, ["read", "write"]);
  const given = callbacks.filter((name) => options[name] !== undefined);
  checkMethods("options", options, given);
  checkMethods("policy", policy, ["sample", "logProbs", "backward", "step"]);
  if (reference !== undefined) checkMethods("reference", reference, ["logProbs"]);
  if (Array.isArray(prompts)) {
    throw new TypeError(
      `Cannot ${TASK}: prompts must be a prompt source, found ${show(prompts)}; promptSource(list, seed) makes one of a list`,
    );
  }
  checkMethods("prompts", prompts, ["at"]);
  const functions: readonly unknown[] = Array.isArray(reward) ? reward : [reward];
  if (functions.length === 0 || functions.some((each) => typeof each !== "function")) {
    const wrong = functions.find((each) => typeof each !== "function");
    throw new TypeError(
      `Cannot ${TASK}: reward must be a function or an array of functions, found ${functions.length === 0 ? "an empty array" : show(wrong)}`,
    );
  }
  if (rewardWeights === undefined) return;
  checkNumbers(TASK, "rewardWeights", rewardWeights);
  for (const [k, weight] of rewardWeights.entries())
    checkNumber(TASK, `rewardWeights[${k}]`, weight, "finite", Number.isFinite);
  if (rewardWeights.length === functions.length) return;
  throw new RangeError(
    `Cannot ${TASK}: expected ${functions.length} rewardWeights, one for each reward function, found ${rewardWeights.length}`,
  );
}

/** Seed, sizes, repetitions and times. */
function checkCounts<P extends Prompt>(options: GrpoTrainerOptions<P>): void {
  const { iterations = 1, stepsPerIteration, promptsPerStep, samplesPerPrompt, updatesPerStep = 1 } = options;
  const { minibatches = 1, maxRefills = 8, maxEmptySteps = 10, microBatchTokens = Infinity } = options;
  const { rolloutTimeout = Infinity, rewardTimeout = Infinity } = options;
  checkNumber(TASK, "seed", options.seed, "an integer from 0 to 2⁵³ − 1", natural);
  const counts = { iterations, stepsPerIteration, promptsPerStep, samplesPerPrompt, updatesPerStep, minibatches };
  for (const [name, value] of Object.entries({ ...counts, maxEmptySteps })) {
    checkNumber(TASK, name, value, "an integer above 0", positive);
  }
  checkNumber(TASK, "maxRefills", maxRefills, "an integer from 0 on", natural);
  for (const [name, value] of Object.entries({ rolloutTimeout, rewardTimeout, microBatchTokens })) {
    checkNumber(TASK, name, value, "above 0", (each) => each > 0);
  }
  const { dynamicSampling, recomputeOldLogProbs, entropies } = options;
  for (const [name, value] of Object.entries({ dynamicSampling, recomputeOldLogProbs, entropies })) {
    checkFlag(TASK, name, value);
  }
}

function checkMethods(name: string, value: unknown, methods: readonly string[]): void {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`Cannot ${TASK}: ${name} must be an object with ${methods.join(", ")}, found ${show(value)}`);
  }
  for (const method of methods) {
    const found = (value as Record<string, unknown>)[method];
    if (typeof found === "function") continue;
    throw new TypeError(`Cannot ${TASK}: ${name}.${method} must be a function, found ${show(found)}`);
  }
}

/** What a schedule says of an update. */
export function checkedRate(rate: number, update: number): number {
  checkNumber("update", `learningRate(${update})`, rate, "0 or more and finite", isRate);
  return rate;
}
