/**
 * Rewards for keeping to the template: reasoning inside `<think>`, answer inside `<answer>`.
 *
 * @module
 */

import { checkString } from "../found.ts";

const open = "<think>\n";
const middle = "\n</think>\n<answer>\n";
const close = "\n</answer>";

/**
 * 1 if the whole completion matches `^<think>\n.*?\n</think>\n<answer>\n.*?\n</answer>$` (dots match newlines), else 0.
 * Source: DeepSeek-R1's template as open-r1 checks it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(formatReward("<think>\n1 + 1\n</think>\n<answer>\n2\n</answer>"), 1);
 * assert.equal(formatReward("<think>1 + 1</think><answer>2</answer>"), 0);
 * ```
 */
export function formatReward(completion: string): number {
  checkString("reward the format", "completion", completion);
  // The regular expression would look at every pair of places; indices are linear.
  const between = completion.indexOf(middle, open.length);
  const matches =
    completion.startsWith(open) &&
    between >= open.length &&
    completion.endsWith(close) &&
    completion.length - close.length >= between + middle.length;
  return matches ? 1 : 0;
}

const tags = ["<think>\n", "\n</think>\n", "\n<answer>\n", "\n</answer>"];

/**
 * A quarter for each of the four tags (with its line breaks) that occurs exactly once: a softer `formatReward`.
 * Source: open-r1's `tag_count_reward`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(tagCountReward("<think>\n1 + 1\n</think>\n2"), 0.5);
 * ```
 */
export function tagCountReward(completion: string): number {
  checkString("count tags", "completion", completion);
  return tags.filter((tag) => completion.split(tag).length === 2).length / tags.length;
}

const step = /Step \d+:|^\d+\.|\n-|\n\*|First,|Second,|Next,|Finally,/g;

/**
 * min(1, n / 3) for n marks of step-by-step reasoning ("Step 1:", "1." at the very start, bullets, "First,", "Second,",
 * "Next,", "Finally,"). Source: open-r1's `reasoning_steps_reward`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(reasoningStepsReward("Step 1: add\nStep 2: halve\nStep 3: round"), 1);
 * assert.equal(reasoningStepsReward("First, add."), 1 / 3);
 * ```
 */
export function reasoningStepsReward(completion: string): number {
  checkString("count steps", "completion", completion);
  return Math.min(1, (completion.match(step)?.length ?? 0) / 3);
}
