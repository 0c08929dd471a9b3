/**
 * From what reward functions say to one number, and to advantages.
 *
 * @module
 */

import { groupAdvantages } from "../advantages/group_advantages.ts";
import { processAdvantages } from "../advantages/process_advantages.ts";
import { gdpoAdvantages, softOverlong, weighRewards } from "../advantages/rewards.ts";
import { show } from "../check.ts";
import type { ProcessReward, RolloutGroup, SampledCompletion } from "./rollout.ts";
import type { GrpoTrainerOptions, Prompt, RewardFunction } from "./trainer_options.ts";

type Judging<P extends Prompt> = Pick<
  GrpoTrainerOptions<P>,
  "rewardWeights" | "combine" | "softOverlong" | "advantages" | "samplesPerPrompt"
>;

/**
 * Asks every reward function about every completion of a group.
 *
 * @throws Whatever a reward function throws; {RangeError} on NaN, infinity, or steps that are not in the completion;
 * {TypeError} on what is neither a number, null nor steps.
 */
export async function judgeGroup<P>(
  rewardFunctions: readonly RewardFunction<P>[],
  prompt: P,
  completions: readonly SampledCompletion[],
  signal: AbortSignal,
): Promise<Pick<RolloutGroup, "rewards" | "steps">> {
  const steps: ProcessReward[] = [];
  const rewards = await Promise.all(
    rewardFunctions.map((judge, k) =>
      Promise.all(
        completions.map(async (completion, sample) => {
          const reward = await judge({ ...completion, prompt, sample }, { signal });
          const where = `reward function ${k}, sample ${sample}`;
          if (reward === null || typeof reward === "number") {
            if (reward !== null && !Number.isFinite(reward)) {
              throw new RangeError(`${where}: expected a finite number, found ${reward}`);
            }
            return reward;
          }
          if (!(Array.isArray(reward?.stepRewards) && Array.isArray(reward.stepEnds))) {
            throw new TypeError(
              `${where}: expected a number, null, or an object of stepRewards and stepEnds, found ${show(reward)}`,
            );
          }
          if (rewardFunctions.length > 1) throw new TypeError(`${where}: steps need to be the only reward`);
          checkSteps(reward, completion, where);
          steps[sample] = reward;
          return outcomeOf(reward);
        }),
      ),
    ),
  );
  const judged = Object.keys(steps).length;
  if (judged !== 0 && judged !== completions.length) {
    throw new TypeError(`expected steps for all ${completions.length} completions or for none, found ${judged}`);
  }
  return judged === 0 ? { rewards } : { rewards, steps };
}

function checkSteps({ stepRewards, stepEnds, outcome }: ProcessReward, { tokens }: SampledCompletion, where: string) {
  if (stepRewards.length !== stepEnds.length) {
    throw new RangeError(`${where}: ${stepRewards.length} stepRewards, ${stepEnds.length} stepEnds`);
  }
  for (const reward of outcome === undefined ? stepRewards : [...stepRewards, outcome]) {
    if (!Number.isFinite(reward)) {
      throw new RangeError(`${where}: expected finite numbers in stepRewards and outcome, found ${show(reward)}`);
    }
  }
  for (const end of stepEnds) {
    if (!(Number.isInteger(end) && end >= 0 && end < tokens.length)) {
      throw new RangeError(`${where}: a step ends at token ${show(end)} of ${tokens.length}`);
    }
  }
}

function outcomeOf({ stepRewards, outcome }: ProcessReward): number {
  return outcome ?? stepRewards.reduce((sum, reward) => sum + reward, 0) / Math.max(1, stepRewards.length);
}

/** The combined reward of each completion: weighed, and punished for its length. NaN where none applies. */
export function combinedRewards<P extends Prompt>(group: RolloutGroup, options: Judging<P>): Float64Array {
  const { rewardWeights, softOverlong: overlong } = options;
  const rewards = weighRewards(group.rewards, rewardWeights);
  if (!overlong) return rewards;
  return rewards.map((reward, i) => reward + softOverlong(group.completions[i].tokens.length, overlong));
}

/** Whether a group teaches nothing: all its rewards (its step rewards, each of its rewards with GDPO) are equal. */
export function isFlat<P extends Prompt>(group: RolloutGroup, options: Judging<P>): boolean {
  const columns: readonly ArrayLike<number | null>[] = group.steps
    ? [group.steps.flatMap(({ stepRewards }) => stepRewards)]
    : options.combine === "gdpo"
      ? group.rewards
      : [combinedRewards(group, options)];
  return columns.every((column) => {
    const present = Array.from(column).filter((reward) => reward !== null && !Number.isNaN(reward));
    return present.every((reward) => reward === present[0]);
  });
}

/**
 * Advantages of the completions of all groups, in the layout of their batch: one for each sequence, or one for each
 * token where steps were judged.
 */
export function advantagesOf<P extends Prompt>(
  groups: readonly RolloutGroup[],
  segments: Int32Array,
  options: Judging<P>,
): { readonly advantages: Float32Array; readonly advantagesPer: "sequence" | "token" } {
  const { samplesPerPrompt: groupSize, advantages: scaling, combine, rewardWeights: weights } = options;
  const processes = groups.filter((group) => group.steps).length;
  if (processes !== 0 && processes !== groups.length) {
    throw new TypeError(
      `Cannot make advantages: expected steps in all ${groups.length} groups or in none, found ${processes}`,
    );
  }
  if (processes > 0) {
    const rewards: number[] = [];
    const ends: number[] = [];
    groups.forEach((group, g) => {
      group.steps?.forEach(({ stepRewards, stepEnds }, i) => {
        // The label of a completion's token j stands one place before the token: at the prompt's last token for j = 0.
        const first = segments[g * groupSize + i] + group.prompt.length - 1;
        rewards.push(...stepRewards);
        ends.push(...stepEnds.map((end) => first + end));
      });
    });
    const { baseline: _, singleton: __, ...rest } = scaling ?? {};
    const advantages = processAdvantages(rewards, ends, { ...rest, segments, groupSize });
    return { advantages, advantagesPer: "token" };
  }
  if (combine === "gdpo") {
    const columns = groups[0].rewards.map((_, k) => groups.flatMap((group) => group.rewards[k]));
    const advantages = gdpoAdvantages(columns, { groupSize, weights, epsilon: scaling?.epsilon });
    return { advantages, advantagesPer: "sequence" };
  }
  const rewards = groups.flatMap((group) => Array.from(combinedRewards(group, options)));
  return { advantages: groupAdvantages(rewards, { ...scaling, groupSize }), advantagesPer: "sequence" };
}
