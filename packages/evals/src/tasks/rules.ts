/**
 * How an answer is found in a text and judged: the default, and the rules of other people's harnesses, so that figures
 * can be compared with theirs.
 *
 * @module
 */

import { extractAnswer, verify } from "@gradus/math-verify";
import { minervaAnswer, normalizeMinerva } from "./minerva.ts";

/** A way to find and judge answers. */
export interface Rule {
  readonly name: string;
  /** The answer in a model's text, or `null`. */
  readonly extract: (text: string) => string | null;
  readonly judge: (gold: string, answer: string) => boolean;
}

/**
 * The first number after `#### `, or `null`: lm-evaluation-harness's `strict-match` for gsm8k.
 *
 * @example
 * ```ts
 * gsm8kStrict("2 + 3 = 5\n#### 5"); // "5"
 * gsm8kStrict("The answer is 5."); // null
 * ```
 */
export function gsm8kStrict(text: string): string | null {
  return /#### (-?[0-9.,]+)/.exec(text)?.[1] ?? null;
}

/**
 * The last thing that looks like a number, or `null`: lm-evaluation-harness's `flexible-extract` for gsm8k.
 *
 * @example
 * ```ts
 * gsm8kFlexible("They pay $1,200 in 3 weeks."); // "3"
 * ```
 */
export function gsm8kFlexible(text: string): string | null {
  return text.match(/-?[$0-9.,]{2,}|-?[0-9]+/g)?.at(-1) ?? null;
}

/** Harness's exact match for gsm8k: without commas, dollar signs, all up to `#### ` and one final dot. */
function gsm8kEqual(gold: string, answer: string): boolean {
  const normal = (text: string): string =>
    text.replaceAll(/[,$]/g, "").replace(/[\s\S]*#### /, "").replace(/\.(?=\n?$)/, "").toLowerCase(); // biome-ignore format: a chain
  return normal(gold) === normal(answer);
}

/**
 * The rules by name.
 *
 * - `verify`: `extractAnswer` and `verify` of `@gradus/math-verify`. The default.
 * - `gsm8kStrict`, `gsm8kFlexible`: lm-evaluation-harness's gsm8k, extraction and exact match.
 * - `minerva`: "Final Answer: The final answer is X. I hope it is correct.", normalised as Minerva does; normal forms that
 *   are not the same text are compared by `verify` where the harness asks SymPy.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const { extract, judge } = rules.gsm8kFlexible;
 * assert.ok(judge("1200", extract("So it costs $1,200.") ?? ""));
 * ```
 */
export const rules: Readonly<Record<"verify" | "gsm8kStrict" | "gsm8kFlexible" | "minerva", Rule>> = {
  verify: { name: "verify", extract: (text) => extractAnswer(text), judge: (gold, answer) => verify(gold, answer) },
  gsm8kStrict: { name: "gsm8kStrict", extract: gsm8kStrict, judge: gsm8kEqual },
  gsm8kFlexible: { name: "gsm8kFlexible", extract: gsm8kFlexible, judge: gsm8kEqual },
  minerva: {
    name: "minerva",
    extract: minervaAnswer,
    judge: (gold, answer) => {
      const [right, found] = [normalizeMinerva(gold), normalizeMinerva(answer)];
      return found !== "" && (right === found || verify(right, found));
    },
  },
};

/** Names in {@link rules}. */
export type RuleName = keyof typeof rules;
