import type { VerifyOptions } from "../options.ts";
import { verify } from "../verify.ts";

/**
 * 1 if the completion gives the right answer, else 0.
 *
 * The answer comes from what follows the reasoning (`</think>`, `<answer>`), see `extractAnswer`. What cannot be decided
 * earns nothing. Source: DeepSeek-R1 (arXiv 2501.12948), section 2.2.2.
 *
 * @param completion the model's text
 * @param gold the right answer
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(accuracyReward("<think>\n9 · 2\n</think>\n<answer>\n18\n</answer>", "18"), 1);
 * assert.equal(accuracyReward("It is \\boxed{17}.", "18"), 0);
 * ```
 */
export function accuracyReward(completion: string, gold: string, options: VerifyOptions = {}): number {
  return verify(gold, completion, options) ? 1 : 0;
}
