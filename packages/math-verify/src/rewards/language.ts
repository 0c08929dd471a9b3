import { checkObject, checkString, found } from "../found.ts";

/** The language that `languageConsistencyReward` expects. */
export interface LanguageOptions {
  /** Unicode script of the target language, as `Latin`, `Han`, `Cyrillic`. Default `"Latin"`. */
  script?: string;
}

/**
 * The share of a chain of thought's words that are in the target language, from 0 to 1; 0 if there are no words. A word is
 * a run of letters of one script; of scripts that do not part words (Han, kana, Thai) every letter counts as one. Formulas
 * and commands (`$x$`, `\frac`) do not count. Languages that share a script are not told apart. Source: DeepSeek-R1 (arXiv
 * 2501.12948), section 2.3.2.
 *
 * @throws {RangeError} for a script that Unicode does not have
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(languageConsistencyReward("so the answer is 4"), 1);
 * assert.equal(languageConsistencyReward("so 答案 is"), 0.5);
 * assert.equal(languageConsistencyReward("答案是 four", { script: "Han" }), 0.75);
 * ```
 */
export function languageConsistencyReward(reasoning: string, options: LanguageOptions = {}): number {
  checkString("tell languages apart", "reasoning", reasoning);
  checkObject("tell languages apart", "options", options);
  const { script = "Latin" } = options;
  const target = letterOf(script);
  const prose = reasoning.replace(/\$\$[^$]*\$\$|\$[^$\n]*\$/g, " ").replace(/\\[a-zA-Z]+/g, " ");
  let all = 0;
  let matching = 0;
  for (const [word] of prose.matchAll(words)) {
    all++;
    if (target.test(word)) matching++;
  }
  return all === 0 ? 0 : matching / all;
}

const single = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}`;
const words = new RegExp(String.raw`[${single}]|(?:(?![${single}])[\p{L}\p{M}])+`, "gu");

function letterOf(script: string): RegExp {
  try {
    return new RegExp(String.raw`^\p{Script=${script}}`, "u");
  } catch {
    throw new RangeError(`Cannot tell languages apart: Unicode has no script ${found(script)}`);
  }
}
