/**
 * Regular expressions of Rust's libraries as JavaScript's, with the flag `v`.
 *
 * Hugging Face's library matches with Oniguruma (Ruby's syntax), tiktoken with fancy-regex. What differs here: `\s`, `\d`,
 * `\w`, `\h`, `.`, `^` and `$` mean other characters or places, `(?i:…)` is not in Node 20, possessive quantifiers and
 * atomic groups are nowhere, and JavaScript allows no needless escapes.
 */
import { property, wordCharacters } from "../unicode/sets.ts";

/** Whose syntax: in Oniguruma's `^` and `$` are ends of lines and `{1,3}+` is a repetition of a repetition. */
export type Dialect = "oniguruma" | "fancy-regex";

const escapes = String.raw`\\(?:[pP](?:\{\^?[\w= ]+\}|[A-Z])|x[\dA-Fa-f]{2}|u[\dA-Fa-f]{4}|[xu]\{[\dA-Fa-f]+\}|[^]|$)`;

/** An escape, a class, the beginning of a group, a quantifier, or a character. */
const tokens = /* @__PURE__ */ new RegExp(
  String.raw`${escapes}|\[\^?\]?(?:\\[^]|[^\\\]])*\]|\((?:\?(?:<?[=!]|i?:|>|i\)|.?))?|(?:[?*+]|\{(?:\d+,?\d*|,\d+)\})[?+]?|[^]`,
  "gu",
);

/** Within a class: an escape, a range, or a character. */
const members = /* @__PURE__ */ new RegExp(String.raw`${escapes}|&&|([^\\])-([^\\])|[^]`, "gu");

/**
 * A global regular expression that matches as Rust would.
 *
 * @throws {RangeError} If the pattern has what cannot be translated, naming it.
 */
export function translatePattern(source: string, dialect: Dialect = "oniguruma"): RegExp {
  try {
    return new RegExp(translate(source, dialect === "oniguruma"), "gv");
  } catch (error) {
    // Without the translation, which runtimes put before what they say.
    throw new RangeError(
      `Cannot use the pattern ${JSON.stringify(source)}: ${(error as Error).message.replace(/^.*: /s, "")}`,
    );
  }
}

function translate(source: string, ruby: boolean): string {
  let out = "";
  /** Where the last atom begins in `out`. */
  let atom = 0;
  let ignoreCase = false;
  let atomics = 0;
  /** Groups that are open: where they begin, what was before them, and whether they are atomic. */
  const groups: { start: number; ignoreCase: boolean; atomic: boolean }[] = [];
  // A lookahead does not backtrack, so it is asked what it found.
  const makeAtomic = (): void => {
    out = `${out.slice(0, atom)}(?:(?=(?<a${++atomics}>${out.slice(atom)}))\\k<a${atomics}>)`;
  };

  for (const [token] of source.matchAll(tokens)) {
    const start = out.length;
    const quantifier = /^([?*+]|\{.+\})(.?)$/.exec(token);
    if (token === "(?i)") {
      if (!/^$|\(\?:$/.test(out)) throw new RangeError("(?i) is supported at the beginning only");
      ignoreCase = true;
    } else if (token[0] === "(") {
      if (!/^\($|[=!:>]$/.test(token)) throw new RangeError(`the group ${token} is not supported`);
      groups.push({ start, ignoreCase, atomic: token === "(?>" });
      ignoreCase ||= token === "(?i:";
      out += /[=!]/.test(token) ? token : "(?:";
    } else if (token === ")") {
      const group = groups.pop();
      out += token;
      if (!group) continue; // The runtime will complain.
      atom = group.start;
      ignoreCase = group.ignoreCase;
      if (group.atomic) makeAtomic();
    } else if (quantifier) {
      const [, times, mode] = quantifier;
      out += times.replace("{,", "{0,");
      if (mode === "?") out += mode;
      else if (mode && ruby && times.length > 1) out = `${out.slice(0, atom)}(?:${out.slice(atom)})+`;
      else if (mode) makeAtomic();
    } else {
      out += translateAtom(token, ignoreCase, ruby);
      atom = start;
    }
  }
  return out;
}

function translateAtom(token: string, ignoreCase: boolean, ruby: boolean): string {
  if (token === "|" || token === "[") return token;
  if (token === ".") return "[^\\n]";
  if (token === "^") return ruby ? "(?:^|(?<=\\n))" : token;
  if (token === "$") return ruby ? "(?:$|(?=\\n))" : token;
  if (token[0] === "\\") return translateEscape(token, false, ruby);
  if (!token[1] || token.codePointAt(0)! > 0xffff) return ignoreCase ? `[${bothCases(token)}]` : literal(token);
  const [, negation, inside] = /^\[(\^?)(.*)\]$/s.exec(token)!;
  const set = inside.replace(members, (member, from?: string, to?: string) => {
    if (member === "[" || member === "&&") throw new RangeError("classes within classes are not supported");
    if (member[0] === "\\") return translateEscape(member, true, ruby);
    if (!from || !to) return ignoreCase ? bothCases(member) : literal(member);
    if (!ignoreCase) return `${literal(from)}-${literal(to)}`;
    let all = "";
    for (let c = from.codePointAt(0)!; c <= to.codePointAt(0)!; c++) all += bothCases(String.fromCodePoint(c));
    return all;
  });
  return `[${negation}${set}]`;
}

function translateEscape(token: string, inClass: boolean, ruby: boolean): string {
  const c = token[1] ?? "";
  const lower = c.toLowerCase();
  const set =
    lower === "s"
      ? "\\p{White_Space}"
      : lower === "d"
        ? property("Nd")
        : lower === "w"
          ? wordCharacters(inClass)
          : lower === "h" && ruby
            ? "[0-9A-Fa-f]"
            : lower === "p" && token[2] && property(token.replace(/[{}^]|\\p/gi, ""));
  if (set) return (c !== lower) !== (token[3] === "^") ? `[^${set}]` : set;
  if (/[rntfv]/.test(c)) return token;
  if (!inClass && /[Az]/.test(c)) return c === "z" ? "$" : "^";
  const hex = /^\\[xu]\{?(\w+)/.exec(token);
  if (hex) return `\\u{${hex[1]}}`;
  if (/^\w?$/.test(c)) throw new RangeError(`${token} is not supported`);
  return literal(token.slice(1));
}

/** A character by itself, escaped where it would mean something. */
function literal(c: string): string {
  return /[!-/:-@[-`{-~]/.test(c) ? `\\u{${c.codePointAt(0)!.toString(16)}}` : c;
}

/** A letter in both cases, and what else folds to it: ſ to s, the Kelvin sign to k. */
function bothCases(c: string): string {
  const cases = new Set([c, c.toLowerCase(), c.toUpperCase()]);
  if (cases.has("s")) cases.add("ſ");
  if (cases.has("k")) cases.add("\u212a");
  return [...cases]
    .filter((each) => [...each].length === 1)
    .map(literal)
    .join("");
}
