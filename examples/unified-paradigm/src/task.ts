/**
 * Adding two numbers below 100, the sum's digits written from the right: small enough to learn in seconds, and every digit
 * is a step that can be judged by itself.
 *
 * @module
 */

import type { ProcessReward, Prompt, Rollout } from "@gradus/grpo";
import { stream } from "@gradus/seeds";

/** Tokens: the digits, then these. */
export const PLUS = 10;
export const EQUALS = 11;
export const END = 12;
export const VOCABULARY = 13;

/** A sum to be worked out. */
export interface Problem extends Prompt {
  /** The right completion: three digits from the right, then the end. */
  readonly solution: Int32Array;
}

/** Problem `index` of a split; the held-out one shares no problem with practice. */
export function problem(split: "practice" | "held-out", index: number): Problem {
  const random = stream(1, { purpose: `problem ${split}`, prompt: index });
  for (;;) {
    const [a, b] = [random.integer(0, 100), random.integer(0, 100)];
    if (((a + 3 * b) % 5 === 0) !== (split === "held-out")) continue;
    const sum = a + b;
    const digit = (value: number, place: number) => Math.floor(value / 10 ** place) % 10;
    return {
      tokens: Int32Array.of(digit(a, 1), digit(a, 0), PLUS, digit(b, 1), digit(b, 0), EQUALS),
      solution: Int32Array.of(digit(sum, 0), digit(sum, 1), digit(sum, 2), END),
    };
  }
}

/** 1 if the completion is right to its end. */
export function outcome({ tokens, prompt }: Pick<Rollout<Problem>, "tokens" | "prompt">): number {
  return Number(tokens.length === prompt.solution.length && tokens.every((token, t) => token === prompt.solution[t]));
}

/** 1 for each token that is right, each a step of its own. */
export function process(rollout: Pick<Rollout<Problem>, "tokens" | "prompt">): ProcessReward {
  const { tokens, prompt } = rollout;
  return {
    stepRewards: Array.from(tokens, (token, t) => Number(token === prompt.solution[t])),
    stepEnds: [...tokens.keys()],
    outcome: outcome(rollout),
  };
}
