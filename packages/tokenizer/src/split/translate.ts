/**
 * Regular expressions of Rust's libraries as JavaScript's.
 *
 * Hugging Face's library matches with Oniguruma (Ruby's syntax), tiktoken with fancy-regex. What differs here: `\s`, `\d`,
 * `\w`, `\h`, `.`, `^` and `$` mean other characters or places, `(?i:…)` is not in Node 20, possessive quantifiers and
 * atomic groups are nowhere, and JavaScript allows no needless escapes in Unicode mode.
 */
import { property, spaces, wordCharacters } from "../unicode/ranges.ts";

/** Whose syntax: in Oniguruma's `^` and `$` are ends of lines and `{1,3}+` is a repetition of a repetition. */
export type Dialect = "oniguruma" | "fancy-regex";

/** Ends in an error that says what in the pattern cannot be had. */
class Unsupported extends RangeError {}

/**
 * A global regular expression that matches as Rust would.
 *
 * @throws {RangeError} If the pattern has what cannot be translated, naming it.
 */
export function translatePattern(source: string, dialect: Dialect = "oniguruma"): RegExp {
  try {
    return new RegExp(new Translation(source, dialect).alternatives(false, true), "gu");
  } catch (error) {
    throw new RangeError(
      `Cannot use the pattern ${JSON.stringify(source)}: ${(error as Error).message.replace(/^Invalid regular expression: /, "")}`,
    );
  }
}

/** A recursive descent over the pattern, one method for each rule of its grammar. */
class Translation {
  readonly #source: string;
  readonly #dialect: Dialect;
  #at = 0;
  /** Groups of the result so far; those of atomic groups are referred to by number. */
  #groups = 0;

  constructor(source: string, dialect: Dialect) {
    this.#source = source;
    this.#dialect = dialect;
  }

  /** `a|b|…` up to the closing bracket, or to the end at the top. */
  alternatives(ignoreCase: boolean, top: boolean): string {
    let out = "";
    while (this.#at < this.#source.length) {
      const c = this.#source[this.#at];
      if (c === ")") {
        if (top) throw new Unsupported("there is a ) too many");
        return out;
      }
      if (c === "|") {
        out += "|";
        this.#at++;
      } else if (this.#rest().startsWith("(?i)")) {
        if (out !== "") throw new Unsupported("(?i) is supported at the beginning only");
        this.#at += 4;
        ignoreCase = true;
      } else out += this.#quantified(ignoreCase);
    }
    if (!top) throw new Unsupported("a ) is missing");
    return out;
  }

  /** An atom and what says how often. */
  #quantified(ignoreCase: boolean): string {
    const groups = this.#groups;
    const atom = this.#atom(ignoreCase);
    const quantifier = /^(?:[?*+]|\{(?:\d+(?:,\d*)?|,\d+)\})/.exec(this.#rest())?.[0];
    if (!quantifier) return atom;
    this.#at += quantifier.length;
    const plain = quantifier.replace("{,", "{0,");
    const braces = quantifier.length > 1;
    if (this.#source[this.#at] === "?") {
      this.#at++;
      return `${atom}${plain}?`;
    }
    if (this.#source[this.#at] !== "+") return `${atom}${plain}`;
    this.#at++;
    if (braces && this.#dialect === "oniguruma") return `(?:${atom}${plain})+`;
    if (this.#groups !== groups) throw new Unsupported("possessive quantifiers over atomic groups are not supported");
    return this.#atomic(`${atom}${plain}`);
  }

  /** `(?>x)`: a lookahead does not backtrack, so it is asked what it found. */
  #atomic(inner: string): string {
    this.#groups++;
    return `(?:(?=(${inner}))\\${this.#groups})`;
  }

  #atom(ignoreCase: boolean): string {
    const c = this.#next();
    switch (c) {
      case "(":
        return this.#group(ignoreCase);
      case "[":
        return `[${this.#characterClass(ignoreCase)}]`;
      case ".":
        return "[^\\n]";
      case "^":
        return this.#dialect === "oniguruma" ? "(?:^|(?<=\\n))" : "^";
      case "$":
        return this.#dialect === "oniguruma" ? "(?:$|(?=\\n))" : "$";
      case "\\":
        return this.#escape(false, ignoreCase);
    }
    if ("?*+{".includes(c)) throw new Unsupported(`${c} has nothing to repeat`);
    const either = ignoreCase ? bothCases(c) : c;
    return either === c ? literal(c) : `[${either}]`;
  }

  #group(ignoreCase: boolean): string {
    const opening = /^\?(?:[:=!>]|<[=!]|i:)/.exec(this.#rest())?.[0];
    if (!opening && this.#source[this.#at] === "?")
      throw new Unsupported(`the group (${this.#rest().slice(0, 3)} is not supported`);
    this.#at += opening?.length ?? 0;
    const atomic = opening === "?>";
    const groups = this.#groups;
    const inner = this.alternatives(ignoreCase || opening === "?i:", false);
    this.#at++;
    if (!atomic) return `(${opening && opening !== "?i:" ? opening : "?:"}${inner})`;
    if (this.#groups !== groups) throw new Unsupported("atomic groups within atomic groups are not supported");
    return this.#atomic(inner);
  }

  /** From behind `[` to behind `]`. */
  #characterClass(ignoreCase: boolean): string {
    let out = "";
    if (this.#source[this.#at] === "^") {
      out = "^";
      this.#at++;
    }
    for (let first = true; ; first = false) {
      if (this.#at >= this.#source.length) throw new Unsupported("a ] is missing");
      const c = this.#next();
      if (c === "]" && !first) return out;
      if (c === "[" || this.#rest().startsWith("&&")) throw new Unsupported("classes within classes are not supported");
      if (c === "\\") out += this.#escape(true, ignoreCase);
      else if (c === "-" && out !== "" && out !== "^" && this.#source[this.#at] !== "]") out += "-";
      else out += ignoreCase ? bothCases(c) : literal(c);
    }
  }

  /** From behind a backslash. */
  #escape(inClass: boolean, ignoreCase: boolean): string {
    const c = this.#next();
    const set = (inside: string): string => (inClass ? inside : `[${inside}]`);
    switch (c) {
      case "s":
      case "S":
        return set(spaces(c === "S"));
      case "d":
      case "D":
        return set(property("Nd", c === "D"));
      case "w":
      case "W":
        return set(wordCharacters(c === "W", inClass));
      case "h":
        if (this.#dialect === "oniguruma") return set("0-9A-Fa-f");
        break;
      case "r":
      case "n":
      case "t":
      case "f":
      case "v":
        return `\\${c}`;
      case "A":
        if (!inClass) return "^";
        break;
      case "z":
        if (!inClass) return "$";
        break;
      case "p":
      case "P": {
        const name = /^\{\^?[A-Za-z_= ]+\}|^[A-Z]/.exec(this.#rest())?.[0];
        if (!name) break;
        this.#at += name.length;
        return set(property(name.replace(/[{}^]/g, ""), name.startsWith("{^") !== (c === "P")));
      }
      case "x":
      case "u": {
        const digits = /^(?:[0-9A-Fa-f]{2,4}|\{[0-9A-Fa-f]+\})/.exec(this.#rest())?.[0];
        if (!digits) break;
        const hex = digits[0] === "{" ? digits.slice(1, -1) : digits.slice(0, c === "x" ? 2 : 4);
        this.#at += digits[0] === "{" ? digits.length : hex.length;
        return `\\u{${hex}}`;
      }
    }
    if (/[A-Za-z0-9]/.test(c)) throw new Unsupported(`\\${c} is not supported`);
    return ignoreCase && inClass ? bothCases(c) : literal(c);
  }

  #next(): string {
    if (this.#at >= this.#source.length) throw new Unsupported("it ends too early");
    const c = String.fromCodePoint(this.#source.codePointAt(this.#at)!);
    this.#at += c.length;
    return c;
  }

  #rest(): string {
    return this.#source.slice(this.#at);
  }
}

/** A character by itself, escaped where Unicode mode wants it. */
function literal(c: string): string {
  return /[\^$\\.*+?()[\]{}|/-]/.test(c) ? `\\u{${c.codePointAt(0)!.toString(16)}}` : c;
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
