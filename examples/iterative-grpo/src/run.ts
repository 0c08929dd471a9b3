/**
 * All seeds, each from the same policy after SFT.
 *
 * @module
 */

import type { RewardModel, SelectionAccuracy } from "@gradus/reward-model";
import type { Budget } from "./budget.ts";
import {
  type Arm,
  firstRewardModel,
  heldOutProblems,
  heldOutSamples,
  type Point,
  practiceSamples,
  rewardModel,
  runSeed,
} from "./experiment.ts";
import { type LabelQuality, labelQuality } from "./labels.ts";
import { fineTune, follow, newPolicy, newScorer } from "./models.ts";
import { selection } from "./selection.ts";

/** How good a reward model is on held-out problems. */
export interface RewardQuality extends SelectionAccuracy {
  readonly pairAccuracy: number;
  readonly pairs: number;
  readonly ece: number;
  readonly accuracy: number;
}

/** What one seed found. */
export interface SeedResult {
  readonly seed: number;
  readonly outcome: RewardQuality;
  readonly process: RewardQuality;
  readonly labels: LabelQuality;
  readonly curves: Readonly<Record<Arm, readonly Point[]>>;
}

/** What a run asks for. */
export interface RunHooks {
  log?: (line: string) => void;
  /** A seed's result, if it is known already. */
  load?: (seed: number) => SeedResult | undefined;
  save?: (result: SeedResult) => void;
}

/** Runs the seeds that are not known yet. */
export async function runAll(
  seeds: readonly number[],
  budget: Budget,
  { log = () => {}, load = () => undefined, save = () => {} }: RunHooks = {},
): Promise<SeedResult[]> {
  const known = new Map(seeds.map((seed) => [seed, load(seed)]));
  if ([...known.values()].every((result) => result !== undefined)) return [...known.values()] as SeedResult[];
  const [start, policy, reference] = [await newPolicy(), await newPolicy(), await newPolicy()];
  try {
    await fineTune(start, budget);
    const { weights } = await start.state();
    const results: SeedResult[] = [];
    for (const seed of seeds) {
      const result = known.get(seed) ?? (await runOne(seed));
      save(result);
      results.push(result);
    }
    return results;

    async function runOne(seed: number): Promise<SeedResult> {
      for (const model of [policy, reference]) await follow(model, weights);
      const first = await practiceSamples(start, budget, seed, 0);
      const quality = {} as Record<"outcome" | "process", RewardQuality>;
      const examples = await heldOutSamples(start, budget, seed);
      const scorers = { outcome: await newScorer(start), process: await newScorer(start) };
      try {
        for (const kind of ["outcome", "process"] as const) {
          const model = rewardModel(scorers[kind], kind);
          await firstRewardModel(model, first, budget, seed);
          quality[kind] = await qualityOf(model, examples);
        }
        log(`seed ${seed}: ${JSON.stringify(quality)}`);
        const problems = heldOutProblems(budget).slice(0, 50);
        const labels = await labelQuality(start, problems, { samples: 4, count: 8, seed });
        log(`seed ${seed}: ${JSON.stringify(labels)}`);
        const curves = await runSeed(
          { policy, reference, scorer: scorers[budget.supervision] },
          first,
          budget,
          seed,
          log,
        );
        return { seed, ...quality, labels, curves };
      } finally {
        for (const scorer of Object.values(scorers)) await scorer.dispose();
      }
    }
  } finally {
    for (const model of [start, policy, reference]) await model.dispose();
  }
}

async function qualityOf(
  model: RewardModel,
  examples: Awaited<ReturnType<typeof heldOutSamples>>,
): Promise<RewardQuality> {
  const { pairAccuracy = 0, pairs, ece, accuracy } = await model.evaluate(examples);
  return { pairAccuracy, pairs, ece, accuracy, ...(await selection(model, examples)) };
}
