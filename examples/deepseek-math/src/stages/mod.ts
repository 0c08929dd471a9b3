/**
 * The stages by name, in order.
 *
 * @module
 */

import type { StageName } from "../recipe/configuration.ts";
import { corpus } from "./corpus.ts";
import { evaluation } from "./evaluation.ts";
import { grpo } from "./grpo.ts";
import { iteration } from "./iteration.ts";
import { pretraining } from "./pretraining.ts";
import { rewardModel } from "./reward_model.ts";
import { sft } from "./sft.ts";
import type { RecipeStage } from "./stage.ts";
import { tokenizer } from "./tokenizer.ts";

/** All stages, in the order of `recipeStages`. */
export const allStages: Readonly<Record<StageName, RecipeStage>> = {
  corpus,
  tokenizer,
  pretraining,
  sft,
  "reward-model": rewardModel,
  grpo,
  iteration,
  evaluation,
};
