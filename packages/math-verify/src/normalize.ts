/**
 * One spelling for what LaTeX and plain text can spell in many ways. Everything after this layer reads only the spelling
 * that `normalize` writes.
 *
 * @module
 */

import { checkString } from "./found.ts";

const UNICODE: Record<string, string> = {
  "−": "-", "–": "-", "—": "-", "‑": "-", "＋": "+", "×": "\\cdot ", "·": "\\cdot ", "⋅": "\\cdot ", "∙": "\\cdot ",
  "÷": "/", "∕": "/", "⁄": "/", "≤": "\\le ", "≥": "\\ge ", "⩽": "\\le ", "⩾": "\\ge ", "≠": "\\ne ", "≈": "\\approx ",
  "∞": "\\infty ", "∪": "\\cup ", "∩": "\\cap ", "∈": "\\in ", "∅": "\\emptyset ", "±": "\\pm ", "∓": "\\mp ", "√": "\\sqrt ",
  "°": "\\degree ", "º": "\\degree ", "π": "\\pi ", "θ": "\\theta ", "α": "\\alpha ", "β": "\\beta ", "γ": "\\gamma ",
  "λ": "\\lambda ", "μ": "\\mu ", "φ": "\\phi ", "ω": "\\omega ", "ℝ": "\\mathbb{R}", "ℤ": "\\mathbb{Z}", "′": "'", "’": "'",
  "‘": "'", "“": '"', "”": '"', "％": "%", "，": ",", "：": ":", "；": ";", "（": "(", "）": ")", "＝": "=", "\u00a0": " ",
  "\u2009": " ", "\u202f": " ", "\u200b": "", "⟨": "\\langle ", "⟩": "\\rangle ", "½": "\\frac{1}{2}", "¼": "\\frac{1}{4}",
  "¾": "\\frac{3}{4}", "⅓": "\\frac{1}{3}", "⅔": "\\frac{2}{3}", "€": "", "£": "", "¥": "", "￥": "", "₹": "", "∖": "\\setminus ",
}; // biome-ignore format: a table

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";

/** Commands and what stands for them: nothing, a space, or another command. */
const COMMANDS = new Map<string, string>();
function table(commands: string, replacement?: string): void {
  for (const name of commands.split(" ")) COMMANDS.set(name, replacement ?? `\\${name} `);
}
table(
  "left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr limits nolimits displaystyle",
  "",
);
table(
  "textstyle scriptstyle scriptsize small large Large normalsize centering nonumber ! mathopen mathclose hfill",
  "",
);
table(", ; : > thinspace medspace quad qquad enspace space hspace nobreakspace newline allowbreak", " ");
table("dfrac tfrac cfrac frac", "\\frac ");
table("dbinom tbinom binom", "\\binom ");
table("cdot times ast bullet", "\\cdot ");
table("div", "/");
table("R", "\\mathbb{R}");
table("lt", "<");
table("gt", ">");
table("le leq leqslant leqq", "\\le ");
table("ge geq geqslant geqq", "\\ge ");
table("ne neq", "\\ne ");
table("approx thickapprox simeq doteq fallingdotseq", "\\approx ");
table("Rightarrow implies Longrightarrow", "\\Rightarrow ");
table("rightarrow longrightarrow", "\\to ");
table("bmod", "\\mod ");
table("cup bigcup", "\\cup ");
table("cap bigcap", "\\cap ");
table("setminus backslash smallsetminus", "\\setminus ");
table("emptyset varnothing", "\\emptyset ");
table("lbrace {", "\\{");
table("rbrace }", "\\}");
table("lbrack", "[");
table("rbrack", "]");
table("lparen", "(");
table("rparen", ")");
table("mid vert", "|");
table("lor vee", " or ");
table("land wedge", " and ");
table("%", "%");
table("$ # _ & euro texteuro pounds", "");
table("degree", "\\degree ");
table("operatorname* operatorname", "");
table("exp ln log sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh pi infty sqrt in notin pm mp");
table("alpha beta gamma delta epsilon theta lambda mu sigma phi omega text begin end mathbb langle rangle pmod mod");
table("overline lfloor rfloor lceil rceil sum prod int lim not to equiv sim circ angle triangle ldots cdots dots");
COMMANDS.set("textbackslash", "\\setminus ");

/** Fonts and boxes: `\mathbf{x}` is `x`. */
const FONT =
  /\\(?:mathbf|mathit|mathcal|mathsf|mathscr|mathfrak|boldsymbol|bm|pmb|boxed|fbox|phantom|underline|ensuremath)(?![a-zA-Z])/g;
const TEXT =
  /\\(?:text|textbf|textit|textrm|textnormal|textsf|texttt|textup|mbox|hbox|mathrm|rm|operatorname\*?|emph)\s*\{([^{}]*)\}/g;

/**
 * The answer in one canonical spelling: Unicode signs as commands, one name for commands that have several (`\dfrac`,
 * `\leq`, `\mbox`), no sizes, fonts, spacing or currency signs, no closing full stop, `^\circ` as `\degree`. Two answers
 * with the same normal form are the same answer; others may still be equal.
 *
 * @param latex an answer in LaTeX or plain text
 * @throws {TypeError} for no string
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(normalize("\\left(\\dfrac{1}{2},\\, 3\\right)."), "(\\frac{1}{2},3)");
 * assert.equal(normalize("x ≤ 2"), "x\\le 2");
 * ```
 */
export function normalize(latex: string): string {
  checkString("normalize", "latex", latex);
  if (/^-?\d{1,15}$/.test(latex)) return latex; // most answers of GSM8K, and a third of the time of the rest
  let text = latex.trim();
  if (/[^\0-\x7f]/.test(text)) text = fromUnicode(text);
  if (text.includes("\\")) text = commands(text);
  if (text.includes("`")) text = text.replace(/^`+|`+$/g, "");
  if (text.includes("**")) text = text.replace(/^\*\*|\*\*$/g, "");
  text = text
    .replace(/\$/g, "")
    .replace(/<=/g, "\\le ")
    .replace(/>=/g, "\\ge ")
    .replace(/!=/g, "\\ne ")
    .replace(/\\not\s*(?:=|\\in(?![a-zA-Z]))/g, (sign) => (sign.endsWith("=") ? "\\ne " : "\\notin "))
    .replace(/\{,\}/g, ",")
    .replace(/\^\s*(?:\\circ|\{\s*\\circ\s*\})\s?/g, "\\degree ")
    .replace(/~/g, " ");
  if (/[a-z]{3}/i.test(text)) text = words(text);
  if (text.includes("\\over")) text = text.replace(/\{([^{}]*)\\over(?![a-zA-Z])([^{}]*)\}/g, "\\frac{$1}{$2}");
  if (text.includes("\\frac") || text.includes("\\sqrt")) text = braces(text);
  return spaces(text)
    .replace(/[\s.,;]+$/, "")
    .replace(/^(?:\\cdot|\\approx|[,;])\s*/, "");
}

/** Where scripts' digits 0 to 9 begin: Arabic-Indic, Persian, Devanagari, Bengali, Thai, full-width. */
const ZEROS = [0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0xff10];

/** Digits of other scripts as ASCII digits, with the Arabic decimal point and thousands' sign. */
export function asciiDigits(text: string): string {
  return text
    .replace(/[٠-٩۰-۹०-९০-৯๐-๙０-９]/g, (digit) => {
      const code = digit.charCodeAt(0);
      return String(code - ZEROS.findLast((zero) => zero <= code)!);
    })
    .replace(/(?<=\d)[٫．](?=\d)/g, ".")
    .replace(/(?<=\d)٬(?=\d)/g, ",");
}

function fromUnicode(text: string): string {
  return asciiDigits(text)
    .replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹]+/g, (run) => `^{${[...run].map((digit) => SUPERSCRIPTS.indexOf(digit)).join("")}}`)
    .replace(/[₀₁₂₃₄₅₆₇₈₉]+/g, (run) => `_{${[...run].map((digit) => SUBSCRIPTS.indexOf(digit)).join("")}}`)
    .replace(/[^\0-\x7f]/g, (sign) => UNICODE[sign] ?? sign)
    .replace(/\\sqrt (\w+)/g, "\\sqrt{$1}");
}

function commands(text: string): string {
  const plain = singleBackslashes(text)
    .replace(TEXT, (_, content: string) => textContent(content))
    .replace(FONT, "")
    .replace(/,\s*\\!\s*/g, ",") // `3,\! 400` is 3400
    .replace(/\\\\(?=\s*(?:\\end|$))/g, "")
    .replace(/\\(\\|[a-zA-Z]+\s?|[^a-zA-Z])/g, (whole, name: string) => {
      if (name === "\\") return "\\\\";
      const known = COMMANDS.get(name.trimEnd());
      if (known !== undefined) return known;
      if (name === " ") return " ";
      // `\quadx`: a space forgotten, or lost when the text was processed.
      if (name.length > 4)
        for (let length = Math.min(name.length - 1, 10); length >= 4; length--) {
          const start = COMMANDS.get(name.slice(0, length));
          if (start !== undefined) return `${start}${name.slice(length)}`;
        }
      return whole;
    })
    .replace(/\\mathbb ([A-Z])/g, "\\mathbb{$1}")
    .replace(/\\(?:begin|end) ?\{(?:align|aligned|equation|gather|gathered|split)\*?\}/g, "");
  if (plain.includes("\\begin") || !/\\\\|&/.test(plain)) return plain;
  // Lines that were aligned: one that begins with a relation goes on with the line before it.
  return plain
    .replace(/&/g, "")
    .replace(/\\\\\s*(?=[=<>]|\\(?:le|ge|ne|approx)\b)/g, " ")
    .replace(/\\\\/g, ", ");
}

/** Doubled backslashes (`\\frac` as JSON or Python source writes it) before a command that is known are single ones. */
export function singleBackslashes(text: string): string {
  if (!text.includes("\\\\")) return text;
  return text.replace(/(?<!\\)(?:\\\\){1,2}([a-zA-Z]+)/g, (whole, name: string) =>
    ESCAPED.has(name) || COMMANDS.has(name) ? `\\${name}` : whole,
  );
}
const ESCAPED = new Set(["boxed", "fbox", "mathbf", "mathrm", "mbox", "textbf"]);

/** `\text{ and }` joins; `\text{e}` in a formula may be a letter; the rest stays text. */
function textContent(content: string): string {
  const word = content.trim();
  if (/^(?:and|or|,|;|, and|, or|&)$/i.test(word)) return ` ${word.replace("&", "and").toLowerCase()} `;
  if (/^[a-zA-Z]$/.test(word) && content === word) return word;
  if (word === "") return " ";
  if (/^(?:degrees?|deg)$/i.test(word)) return "\\degree ";
  if (/^(?:percent|per cent|percentage|pct|%|\\%)$/i.test(word)) return "%";
  if (/^(?:sin|cos|tan|log|ln|max|min|gcd|lcm|arcsin|arccos|arctan|exp|det)$/.test(word)) return `\\${word} `;
  return `\\text{${content}}`;
}

function words(text: string): string {
  return text
    .replace(/(\d|[)}])\s*(?:percentages?|percents?|per cent|pct)\b/gi, "$1%")
    .replace(/(\d|[)}])\s*(?:degrees?|deg)\b(?! [cf]\b)/gi, "$1\\degree ");
}

/** `\frac12` is `\frac{1}{2}`, `\sqrt2` is `\sqrt{2}`. */
function braces(text: string): string {
  return text
    .replace(/\\frac ?(\d)/g, "\\frac{$1}")
    .replace(/(\\frac ?\{[^{}]*\}) ?(\d)/g, "$1{$2}")
    .replace(/\\sqrt ?(\d)(?!\d)/g, "\\sqrt{$1}");
}

/** Keeps one space where it parts letters or digits, and in `3, 400` outside of brackets, which is a list and not 3400; none elsewhere. */
function spaces(text: string): string {
  if (!/\s/.test(text)) return text;
  let depth = 0;
  return text
    .replace(/\s+/g, " ")
    .replace(/(\\\\|\\begin ?\{\w+\}) /g, "$1")
    .replace(/ (?![\w.$(|])|(?<![\w\\}).%]|\d,(?=.\d{3}(?!\d))) /g, "")
    .replace(/[([{]|[)\]}]|(?<=\d), (?=\d{3}(?!\d))/g, (sign) => {
      if (sign === ", ") return depth > 0 ? "," : sign;
      depth += "([{".includes(sign) ? 1 : -1;
      return sign;
    });
}
