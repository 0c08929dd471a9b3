/**
 * The runs behind the claims: three ways to pre-train on the same mathematics, one of which goes on through the recipe.
 *
 * @module
 */

import { join } from "node:path";
import type { ClaimsOptions } from "../cli.ts";
import { defaultConfiguration } from "../configuration/load.ts";
import type { Progress } from "../progress.ts";
import type { Configuration, Stage, StageName } from "../recipe/configuration.ts";
import type { FullEvaluation } from "../recipe/full_evaluation.ts";
import { RunDirectory } from "../recipe/run_directory.ts";
import { runStages } from "../recipe/train.ts";

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

/** Of one seed: each arm after SFT, and the first arm's later stages. */
export interface ArmResults {
  readonly seed: number;
  readonly sft: Readonly<Record<Arm, Ability>>;
  readonly grpo: Ability;
  readonly iteration: Ability;
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

/** Makes what is missing of a seed's runs; all of it is kept in `out`. */
export async function runArms(options: ClaimsOptions, seed: number, progress: Progress): Promise<ArmResults> {
  const { out, scale, config, device, threads } = options;
  const base = defaultConfiguration({ seed, scale, config });
  const sft = {} as Record<Arm, Ability>;
  let later: Record<"grpo" | "iteration", Ability> | undefined;
  for (const [i, arm] of arms.entries()) {
    const directory = new RunDirectory(join(out, `seed-${seed}`, arm.replaceAll(/\W+/g, "-")));
    if (!directory.isBegun)
      await directory.begin({
        ...{ request: { seed, scale, ...(config ? { config } : {}) }, configuration: configurationOf(arm, base) },
        startedAt: new Date().toISOString(),
      });
    progress.log(`Seed ${seed}: ${arm}`);
    const isFirst = i === 0;
    const stages: StageName[] = ["corpus", "tokenizer", "pretraining", "sft"];
    if (isFirst) stages.push("reward-model", "grpo", "iteration");
    await runStages(directory, { device, threads, progress }, [...stages, "evaluation"]);
    sft[arm] = await abilityOf(directory, "sft");
    if (isFirst)
      later = { grpo: await abilityOf(directory, "grpo"), iteration: await abilityOf(directory, "iteration") };
  }
  return { seed, sft, ...(later as NonNullable<typeof later>) };
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
