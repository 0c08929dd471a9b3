/**
 * Minerva's answer format and its normal form of answers.
 *
 * Source: Lewkowycz et al. (2022), "Solving quantitative reasoning problems with language models" (arXiv 2206.14858),
 * appendix D; as lm-evaluation-harness applies it.
 *
 * @module
 */

/** Replaced in this order, everywhere. The first two are meant for articles and take letters off other words, too. */
const SUBSTITUTIONS: readonly (readonly [string, string])[] = [
  ["an ", ""],
  ["a ", ""],
  [".$", "$"],
  ["\\$", ""],
  ["\\ ", ""],
  [" ", ""],
  ["mbox", "text"],
  [",\\text{and}", ","],
  ["\\text{and}", ","],
  ["\\text{m}", "\\text{}"],
];

/** Removed in this order, everywhere: units, words beside numbers, and what spaces leave behind. */
const REMOVED: readonly string[] = [
  ..."square ways integers dollars mph inches ft hours km units \\ldots sue points feet minutes digits cents".split(
    " ",
  ),
  ..."degrees cm gm pounds meters meals edges students childrentickets multiples \\text{s} \\text{.}".split(" "),
  "\\text{\ns}",
  ..."\\text{}^2 \\text{}^3".split(" "),
  "\\text{\n}",
  ...'\\text{} \\mathrm{th} ^\\circ ^{\\circ} \\; ,\\! {,} " \\dots'.split(" "),
];

/**
 * X of the first "Final Answer: The final answer is X. I hope it is correct.", or `null`. A text that was cut off after X
 * counts.
 *
 * @example
 * ```ts
 * minervaAnswer("Final Answer: The final answer is $\\frac{1}{2}$. I hope it is correct."); // "$\\frac{1}{2}$"
 * ```
 */
export function minervaAnswer(text: string): string | null {
  const found = /Final Answer: The final answer is([^\n]*?)[^\n] I hope it is correct[^\n]/u.exec(
    `${text}I hope it is correct.`,
  );
  return found ? found[1].trim() : null;
}

/**
 * Minerva's normal form: the part after the last `=`, without units, spaces, dollar signs, text commands and boxes, with
 * braces around the arguments of `\frac` and `\sqrt`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(normalizeMinerva("x = $\\frac12$"), "\\frac{1}{2}");
 * assert.equal(normalizeMinerva("1,000 \\text{ m}"), "1000");
 * ```
 */
export function normalizeMinerva(answer: string): string {
  let form = answer.split("=").at(-1) ?? "";
  for (const [before, after] of SUBSTITUTIONS) form = form.replaceAll(before, after);
  for (const word of REMOVED) form = form.replaceAll(word, "");
  form = form
    .replaceAll(/[^\n]*?\$([^\n]*?)\$[^\n]*/g, "$$$1$$")
    .replaceAll(/\\text\{([^\n]*?)\}/g, "$1")
    .replaceAll(/\\textbf\{([^\n]*?)\}/g, "$1")
    .replaceAll(/\\overline\{([^\n]*?)\}/g, "$1")
    .replaceAll(/\\boxed\{([^\n]*)\}/g, "$1")
    .replaceAll(/frac([^{])([^\n])/gu, "frac{$1}{$2}")
    .replaceAll(/sqrt([^{])/gu, "sqrt{$1}")
    .replaceAll("$", "");
  const digits = form.replaceAll(",", "");
  return /^[\p{Nd}²³¹⁰⁴-⁹₀-₉]+$/u.test(digits) ? digits : form;
}
