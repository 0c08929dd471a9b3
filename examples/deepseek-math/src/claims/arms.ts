/**
 * The runs behind the claims: the whole recipe, and three ways to pre-train on the mathematics that it mined.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type ClaimsOptions, UsageError } from "../cli.ts";
import { defaultConfiguration } from "../configuration/load.ts";
import type { Progress } from "../progress.ts";
import { type Configuration, recipeStages, type Stage, type StageName } from "../recipe/configuration.ts";
import type { FullEvaluation } from "../recipe/full_evaluation.ts";
import { RunDirectory } from "../recipe/run_directory.ts";
import type { Configure } from "../recipe/session.ts";
import { runStages } from "../recipe/train.ts";
import { writeWhole } from "../run/files.ts";

/** First code and then mathematics; both mixed; mathematics alone, of which all have the same tokens. */
export const arms = ["code, then math", "code and math mixed", "math only"] as const;
/** One of {@linkcode arms}. */
export type Arm = (typeof arms)[number];

/** Accuracies of one checkpoint. */
export interface Ability {
  readonly greedy: number;
  readonly program: number;
  readonly toolIntegrated: number;
  readonly majority: number;
  readonly pass: number;
  readonly k: number;
}

/** Of one seed: each arm after SFT, and the stages of a run of the whole recipe. */
export interface ClaimResults {
  readonly seed: number;
  readonly arms: Readonly<Record<Arm, Ability>>;
  readonly recipe: Readonly<Record<"sft" | "grpo" | "iteration", Ability>>;
}

/** The settings of an arm; a third of the text is code, where there is some. */
export function configurationOf(arm: Arm, base: Configuration): Configuration {
  const { steps } = base.pretraining;
  const codeSteps = Math.floor(steps / 3);
  const schedules: Record<Arm, Partial<Configuration["pretraining"]>> = {
    "code, then math": { schedule: "two-stage", codeSteps },
    "code and math mixed": { schedule: "one-stage", codeSteps },
    "math only": { schedule: "two-stage", codeSteps: 0, steps: steps - codeSteps },
  };
  return { ...base, pretraining: { ...base.pretraining, codeShare: 0, ...schedules[arm] } };
}

/** Makes what is missing of a seed's runs; all of it is kept in `out`, but for the recipe's own run where `from` has it. */
export async function runSeed(
  options: ClaimsOptions,
  seed: number,
  progress: Progress,
  configure: Configure = defaultConfiguration,
): Promise<ClaimResults> {
  const { out, scale, config, device, threads } = options;
  const request = { seed, scale, ...(config ? { config } : {}) };
  const base = configure(request);
  const prepare = async (directory: RunDirectory, configuration: Configuration) => {
    if (directory.isBegun) await requireSettings("out", directory, configuration);
    else await directory.begin({ request, configuration, startedAt: new Date().toISOString() });
  };
  const run = { device, threads, progress };

  progress.log(`Seed ${seed}: the whole recipe`);
  const recipe = recipeDirectory(options, seed);
  if (options.from === undefined) await prepare(recipe, base);
  else {
    if (!recipe.isBegun)
      throw new UsageError(`Bad --from: there is no run in ${recipe.path}; npm start -- --seeds N makes runs`);
    await requireSettings("from", recipe, base);
  }
  await runStages(recipe, run, recipeStages);

  const results = {} as Record<Arm, Ability>;
  for (const arm of arms) {
    progress.log(`Seed ${seed}: ${arm}`);
    const directory = new RunDirectory(join(out, `seed-${seed}`, arm.replaceAll(/\W+/g, "-")));
    await prepare(directory, configurationOf(arm, base));
    await takeText(recipe, directory);
    await runStages(directory, run, ["corpus", "tokenizer", "pretraining", "sft", "evaluation"]);
    results[arm] = await abilityOf(directory, "sft");
  }
  const [sft, grpo, iteration] = [
    await abilityOf(recipe, "sft"),
    await abilityOf(recipe, "grpo"),
    await abilityOf(recipe, "iteration"),
  ];
  return { seed, arms: results, recipe: { sft, grpo, iteration } };
}

/** What all arms of a seed read is mined once. */
async function takeText(from: RunDirectory, to: RunDirectory): Promise<void> {
  const made: [StageName, string][] = [
    ["corpus", "corpus/passages.jsonl"],
    ["tokenizer", "tokenizer.json"],
  ];
  for (const [stage, file] of made) {
    const record = await from.loadStage(stage);
    if (!record || (await to.loadStage(stage))) continue;
    await writeWhole(join(to.path, file), await readFile(join(from.path, file), "utf8"));
    await to.saveStage(record);
  }
}

/** Where a seed's run of the recipe lies: as `npm start` leaves it in `from`, or among what the claims made. */
function recipeDirectory({ from, out, seeds }: ClaimsOptions, seed: number): RunDirectory {
  if (from === undefined) return new RunDirectory(join(out, `seed-${seed}`, "recipe"));
  return new RunDirectory(seeds > 1 ? join(from, `seed-${seed}`) : from);
}

/** A run that is there, made elsewhere or by an earlier call, must be the run that would be made now. */
async function requireSettings(flag: "from" | "out", directory: RunDirectory, expected: Configuration): Promise<void> {
  const { configuration } = await directory.open();
  if (isDeepStrictEqual(configuration, JSON.parse(JSON.stringify(expected)))) return;
  const otherwise = flag === "from" ? "leave --from out" : "choose another --out";
  throw new UsageError(
    `Bad --${flag}: the run in ${directory.path} has other settings than are asked for; give its --config, --seed and --scale, or ${otherwise}`,
  );
}

async function abilityOf(directory: RunDirectory, stage: Stage): Promise<Ability> {
  const [greedy, full] = [await directory.loadEvaluation(stage), await directory.loadFullEvaluation(stage)];
  const last = (list: FullEvaluation["passAtK"]) => list[list.length - 1];
  if (!greedy || !full) throw new Error(`Cannot read ${directory.path}: the stage ${stage} was not evaluated`);
  return {
    greedy: greedy.accuracy,
    program: full.program.accuracy,
    toolIntegrated: full.toolIntegrated.accuracy,
    majority: last(full.majorityAtK).accuracy,
    pass: last(full.passAtK).accuracy,
    k: last(full.passAtK).k,
  };
}
