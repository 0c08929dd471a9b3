/**
 * From a configuration file to a configuration: keys that a file leaves out are those of `laptop.json`.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Configuration, RewardKind } from "../recipe/configuration.ts";
import { fileError } from "../run/files.ts";
import { ConfigurationError } from "./rules.ts";
import { validateConfiguration } from "./schema.ts";

/** How long the default run takes on two cores: what `--minutes` is measured against. */
export const nominalMinutes = 13;

/** What decides a configuration. */
export interface ConfigurationRequest {
  readonly seed: number;
  readonly data?: string;
  /** Factor on the number of steps, problems and pages. Default 1. */
  readonly scale?: number;
  readonly reward?: RewardKind;
  /** A file of settings. Default: `configurations/laptop.json`. */
  readonly config?: string;
}

const laptop: string = fileURLToPath(new URL("../../configurations/laptop.json", import.meta.url));

/**
 * The configuration that is asked for.
 *
 * @throws {ConfigurationError} The file has an unknown key (the nearest known one is suggested), lacks one, or has a value
 * that is out of range; {Error} it cannot be read.
 * @example
 * ```ts
 * defaultConfiguration({ seed: 1 }).grpo.steps; // 90
 * ```
 */
export function defaultConfiguration(request: ConfigurationRequest): Configuration {
  const { seed, data, scale = 1, reward, config } = request;
  const base = readSettings(laptop);
  const settings = config === undefined ? base : merged(base, readSettings(config));
  const whole = { ...settings, seed, ...(data === undefined ? {} : { data }) };
  try {
    validateConfiguration(whole);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new ConfigurationError(`Cannot use ${config ?? laptop}: ${error.message}`);
  }
  const rewarded = reward === undefined || reward === "rule" ? whole : withReward(whole, reward);
  return scale === 1 ? rewarded : scaled(rewarded, scale);
}

function readSettings(path: string): Record<string, unknown> {
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    throw fileError(`Cannot read ${path}`, error);
  }
  try {
    const value: unknown = JSON.parse(content);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw new ConfigurationError(`Cannot use ${path}: it is not valid JSON (${(error as Error).message})`);
  }
  throw new ConfigurationError(`Cannot use ${path}: expected an object`);
}

/** `changes` over `base`; weights are taken as a whole, because the sum of what is left out would not be meant. */
function merged(base: Record<string, unknown>, changes: Record<string, unknown>, path = ""): Record<string, unknown> {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  const result = { ...base };
  for (const [key, value] of Object.entries(changes)) {
    const old = base[key];
    const isWeights = key === "styles" || (path === "" && key === "levels");
    result[key] = isObject(value) && isObject(old) && !isWeights ? merged(old, value, `${path}${key}.`) : value;
  }
  return result;
}

function withReward(configuration: Configuration, reward: "outcome" | "process"): Configuration {
  const { rewardModel, grpo } = configuration;
  // Every line of a solution is completed, so the process model has fewer of them.
  const problems =
    reward === rewardModel.kind
      ? rewardModel.problems
      : Math.max(1, Math.round(rewardModel.problems * (reward === "process" ? 1 / 4 : 4)));
  const completions = Math.max(rewardModel.completions, reward === "process" ? 8 : 0);
  return {
    ...configuration,
    rewardModel: { ...rewardModel, kind: reward, problems, completions },
    grpo: { ...grpo, reward },
  };
}

/** The same run with so many times the steps, pages and problems. */
function scaled(configuration: Configuration, scale: number): Configuration {
  const { corpus, pretraining, sft, rewardModel, grpo, iteration, evaluation } = configuration;
  const times = (count: number, least = 1) => Math.max(Math.min(count, least), Math.round(count * scale));
  const fewer = (count: number, least: number) => Math.min(count, times(count, least));
  return {
    ...configuration,
    corpus: { ...corpus, pages: times(corpus.pages, 200) },
    pretraining: { ...pretraining, steps: times(pretraining.steps), codeSteps: times(pretraining.codeSteps) },
    sft: {
      ...sft,
      steps: times(sft.steps),
      ...(sft.rejection ? { rejection: { ...sft.rejection, problems: fewer(sft.rejection.problems, 1) } } : {}),
      ...(sft.tools
        ? { tools: { program: fewer(sft.tools.program, 20), toolIntegrated: fewer(sft.tools.toolIntegrated, 20) } }
        : {}),
    },
    rewardModel: { ...rewardModel, problems: times(rewardModel.problems, 20) },
    grpo: { ...grpo, steps: times(grpo.steps) },
    iteration: { ...iteration, steps: times(iteration.steps) },
    evaluation: {
      ...evaluation,
      problems: fewer(evaluation.problems, 50),
      sampledProblems: fewer(evaluation.sampledProblems, 20),
      toolProblems: fewer(evaluation.toolProblems, 20),
    },
  };
}
