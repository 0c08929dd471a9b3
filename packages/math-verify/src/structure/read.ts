/**
 * Reads a normalised answer: takes it apart at commas, "and", "or", ∪, relations and brackets, and parses what is left.
 *
 * @module
 */
import { type Deadline, Unreadable } from "../deadline.ts";
import { type Node, number, product } from "../expression/node.ts";
import { parse } from "../expression/parse.ts";
import { normalize } from "../normalize.ts";
import { rational } from "../numbers/rational.ts";
import { variablesOf } from "./region.ts";
import { isEnclosed, type Part, splitTop } from "./split.ts";
import type { Structure } from "./structure.ts";
import { readText, timeOf, withoutUnit } from "./text.ts";

/** How to read what can be read in more than one way. */
export interface ReadOptions {
  /** `100,200` is a list, not a number. */
  readonly lists?: boolean;
}

const MAX_DEPTH = 30;
const MAX_ITEMS = 400;

/** Reads `source`, which `normalize` wrote. Never throws but for the time's end. */
export function read(source: string, deadline: Deadline, options: ReadOptions = {}): Structure {
  try {
    return new Reader(deadline, options).read(source, 0);
  } catch (error) {
    if (error instanceof Unreadable) return { kind: "text", source, opaque: true };
    throw error;
  }
}

const comma = /[,;]|(?<![\w\\])(?:and|or)(?![a-zA-Z])|(?<=\d)(?:and|or)(?![a-zA-Z])/y;
const setOperator = /\\cup|\\cap|\\setminus/y;
const relationSign =
  /\\le|\\ge|\\ne|\\notin|\\in(?![a-zA-Z])|\\approx|\\equiv|\\sim|\\to(?![a-zA-Z])|\\Rightarrow|[<>=]/y;
const colon = /:/y;
const separators =
  /[,;=<>:|]|and|or|\\(?:cup|cap|setminus|le|ge|ne|in|notin|approx|pm|mp|text|\{|Rightarrow|begin|mathbb|emptyset|langle|equiv|sim|to)|[([{]|[a-z]{3}/;

/** A name before `=`: letters with subscripts and arguments, no operations. */
function isName(text: string): boolean {
  if (text.length > 40 || !text) return false;
  const bare = text
    .replace(/_\{[^{}]*\}|_\w/g, "")
    .replace(/\\text\{[^{}]*\}/g, "X")
    .replace(/(?<=[a-zA-Z'])\([^()]*\)/g, "")
    .replace(
      /\\(?:angle|triangle|overline|vec|alpha|beta|gamma|delta|theta|lambda|mu|sigma|phi|omega|epsilon|pi)(?![a-zA-Z])/g,
      "X",
    )
    .replace(/'/g, "");
  return /^[a-zA-Z\s:{}]*$/.test(bare) || /^\([a-zA-Z](?:,[a-zA-Z])*\)$/.test(bare);
}

class Reader {
  readonly #deadline: Deadline;
  readonly #options: ReadOptions;

  constructor(deadline: Deadline, options: ReadOptions) {
    this.#deadline = deadline;
    this.#options = options;
  }

  read(text: string, depth: number): Structure {
    this.#deadline.tick();
    if (depth > MAX_DEPTH) throw new Unreadable("too deep");
    const source = text.trim();
    if (!source) throw new Unreadable("empty");
    const time = timeOf(source);
    if (time) return { kind: "text", source: time, opaque: false };
    if (!separators.test(source)) return this.#value(source, depth);
    const items = this.#items(source, depth);
    if (items) return items;
    return (
      this.#region(source, depth) ??
      this.#relation(source, depth) ??
      this.#bracketed(source, depth) ??
      this.#single(source, depth)
    );
  }

  /** `1, 2 and 3`; `x < 1 or x > 3`. */
  #items(source: string, depth: number): Structure | undefined {
    const plain = this.#options.lists || depth > 0 ? source : withoutThousands(source);
    const parts = splitTop(plain, comma).filter(({ text }) => text !== "");
    if (parts.length < 2) {
      if (parts.length === 1 && parts[0].text !== source && plain !== source) return this.#value(parts[0].text, depth);
      return undefined;
    }
    if (parts.length > MAX_ITEMS) throw new Unreadable("too many items");
    if (isWords(source, parts)) return readText(source);
    const items = parts.map(({ text }) => this.read(text, depth + 1));
    const or = parts.some(({ separator }) => separator === "or");
    if (items.every(isCondition)) return { kind: "logic", operation: or ? "or" : "and", parts: items, source };
    return { kind: "list", items: spreadName(items), source };
  }

  #region(source: string, depth: number): Structure | undefined {
    if (!/\\(?:cup|cap|setminus)/.test(source)) return undefined;
    const parts = splitTop(source, setOperator);
    if (parts.length < 2) return undefined;
    // `x \in A \cup B`: the relation binds weaker.
    if (splitTop(source, relationSign).length > 1) return undefined;
    const last = parts[parts.length - 1];
    const operation = { "\\cup": "union", "\\cap": "intersection", "\\setminus": "difference" } as const;
    const same = parts.slice(1).every(({ separator }) => separator === last.separator);
    const left = same && last.separator !== "\\setminus" ? parts.slice(0, -1) : undefined;
    const read = ({ text }: Part): Structure => this.read(text, depth + 1);
    const structures = left
      ? parts.map(read)
      : [this.read(source.slice(0, source.lastIndexOf(last.separator)), depth + 1), read(last)];
    return {
      kind: "region",
      operation: operation[last.separator as keyof typeof operation],
      parts: structures,
      source,
    };
  }

  #relation(source: string, depth: number): Structure | undefined {
    const all = splitTop(source, relationSign);
    if (all.length < 2) return undefined;
    // What follows ⇒ is the conclusion, what follows ≈ only approximates.
    const conclusion = all.findLastIndex(({ separator }) => separator === "\\Rightarrow");
    const approximate = all.findIndex(({ separator }, i) => separator === "\\approx" && i > Math.max(conclusion, 0));
    const start = Math.max(conclusion, 0);
    // `x ≈ 3.14` has no other value than the approximate one.
    const only = approximate === start + 1 && isName(all[start].text);
    const parts = all
      .slice(start, approximate < 0 || only ? undefined : approximate)
      .map(({ text, separator }) => ({ text, separator: separator === "\\approx" ? "=" : separator }));
    if (parts.length === 1) return this.read(parts[0].text, depth + 1);
    const signs = parts.slice(1).map(({ separator }) => separator);
    const [first] = parts;
    const last = parts[parts.length - 1];
    // `11 = x` as `x = 11`.
    if (
      signs.every((sign) => sign === "=") &&
      !isName(first.text) &&
      /^[a-zA-Z](?:_\{?\w+\}?)?$/.test(last.text) &&
      last.text !== "e" &&
      last.text !== "i"
    )
      return {
        kind: "equation",
        name: nameOf(last.text),
        left: this.#tryParse(last.text),
        value: this.read(first.text, depth + 1),
        source,
      };
    if (signs.every((sign) => sign === "=") && (isName(first.text) || !/[a-zA-Z]/.test(first.text))) {
      const value = this.read(last.text, depth + 1);
      // `1 + 2 = 3` states the value 3, `4 = x + y` none.
      if (!isName(first.text) && /[a-zA-Z]/.test(last.text.replace(/\\[a-zA-Z]+/g, "")))
        return this.#relationOf(parts, source);
      if (!isName(first.text)) return value;
      return { kind: "equation", name: nameOf(first.text), left: this.#tryParse(first.text), value, source };
    }
    if (signs.length === 1 && signs[0] === "\\in" && isName(first.text))
      return {
        kind: "equation",
        name: nameOf(first.text),
        left: undefined,
        value: this.read(last.text, depth + 1),
        source,
      };
    if (signs.some((sign) => !/^(?:\\le|\\ge|\\ne|[<>=])$/.test(sign))) return { kind: "text", source, opaque: true };
    return this.#relationOf(parts, source);
  }

  #relationOf(parts: readonly Part[], source: string): Structure {
    const operands = parts.map(({ text }) => parse(text, this.#deadline));
    return { kind: "relation", operands, operators: parts.slice(1).map(({ separator }) => separator), source };
  }

  #bracketed(source: string, depth: number): Structure | undefined {
    if (source === "\\mathbb{R}") return { kind: "reals", source };
    if (source === "\\emptyset") return { kind: "set", items: [], source };
    if (!/^(?:[([{]|\\\{|\\langle)/.test(source) || !isEnclosed(source)) return undefined;
    if (source.startsWith("\\{")) return this.#set(source.slice(2, -2).trim(), source, depth);
    if (source.startsWith("{")) return this.read(source.slice(1, -1), depth + 1);
    const angle = source.startsWith("\\langle");
    const inner = (angle ? source.slice(7, -7) : source.slice(1, -1)).trim();
    const parts = splitTop(inner, comma).filter(({ text }) => text !== "");
    if (parts.length > MAX_ITEMS) throw new Unreadable("too many items");
    if (parts.length < 2) {
      if (source.startsWith("(") && /^[A-Za-z]$/.test(inner)) return readText(inner);
      if (source.startsWith("(") && source.endsWith(")") && /[=<>]|\\(?:le|ge|ne|text|pm)/.test(inner))
        return this.read(inner, depth + 1);
      return undefined;
    }
    const items = parts.map(({ text }) => this.read(text, depth + 1));
    const open = angle || source.startsWith("(") ? "(" : "[";
    const close = angle || source.endsWith(")") ? ")" : "]";
    return { kind: "tuple", open, close, items, source };
  }

  #set(inner: string, source: string, depth: number): Structure {
    if (!inner) return { kind: "set", items: [], source };
    const bar = /^([^|:]{1,40})[|:](.+)$/.exec(inner);
    if (bar && /[<>=]|\\(?:le|ge|ne|in)/.test(bar[2])) {
      const condition = this.read(bar[2], depth + 1);
      // The variable is bound: as a set of numbers it has no name.
      return isCondition(condition) && variablesOf(condition).size === 1
        ? { kind: "region", operation: "union", parts: [condition], source }
        : condition;
    }
    const items = splitTop(inner, comma)
      .filter(({ text }) => text !== "")
      .map(({ text }) => this.read(text, depth + 1));
    return { kind: "set", items, source };
  }

  #single(source: string, depth: number): Structure {
    if (source.includes("\\pm") || source.includes("\\mp")) {
      const sides = [
        source.replace(/\\pm/g, "+").replace(/\\mp/g, "-"),
        source.replace(/\\pm/g, "-").replace(/\\mp/g, "+"),
      ];
      return { kind: "list", items: sides.map((side) => this.read(side, depth + 1)), source };
    }
    if (source.includes(":")) {
      const parts = splitTop(source, colon);
      if (
        parts.length > 1 &&
        parts.every(({ text }) => /^[\w.\\{}\s^+-]+$/.test(text) && !/[a-z]{3}/.test(text.replace(/\\[a-z]+/g, "")))
      )
        return { kind: "ratio", items: parts.map(({ text }) => this.read(text, depth + 1)), source };
    }
    return this.#value(source, depth);
  }

  #value(source: string, depth: number): Structure {
    const { quantity, unit, percent, scale, label } = withoutUnit(source);
    if (quantity !== source && quantity) {
      try {
        const inner = this.read(quantity, depth + 1);
        if (inner.kind !== "value") return scale === 1n ? inner : { kind: "text", source, opaque: true };
        const node = scale === 1n ? inner.node : product([inner.node, number(rational(scale, 1n)!)]);
        const words = label || inner.label;
        return { ...inner, node, unit: unit || inner.unit, percent: percent || inner.percent, label: words, source };
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
      }
    }
    const words = /^\\text\{([^{}]*)\}$/.exec(source);
    if (words) return /^\s*-?[\d.]/.test(words[1]) ? this.read(normalize(words[1]), depth + 1) : readText(source);
    const node = this.#tryParse(spacedThousands(source));
    if (node) return { kind: "value", node, unit, percent: false, source };
    const text = readText(source);
    return text.kind === "text" ? { ...text, opaque: /[\\=^]/.test(source) } : text;
  }

  #tryParse(source: string): Node | undefined {
    try {
      return parse(source, this.#deadline);
    } catch (error) {
      if (error instanceof Unreadable) return undefined;
      throw error;
    }
  }
}

/** Thousands' commas outside of brackets, gone. */
function withoutThousands(source: string): string {
  if (!/\d,\d{3}/.test(source)) return source;
  return source.replace(/(?<![\d.,])[1-9]\d{0,2}(?:,\d{3})+(?!\d|,\d)/g, (number, at: number) =>
    depthAt(source, at) === 0 ? number.replaceAll(",", "") : number,
  );
}

function depthAt(source: string, end: number): number {
  let depth = 0;
  for (let i = 0; i < end; i++) {
    if ("([{".includes(source[i])) depth++;
    else if (")]}".includes(source[i])) depth--;
  }
  return depth;
}

/** `1 000 000` without its spaces. */
function spacedThousands(source: string): string {
  return /^[+-]?\d{1,3}(?: \d{3})+(?:\.\d+)?$/.test(source) ? source.replaceAll(" ", "") : source;
}

const nameOf = (text: string): string => text.replace(/[\s{}]/g, "").replace(/\\text/g, "");

const isCondition = (item: Structure): boolean => item.kind === "relation" || item.kind === "logic";

/** `n = 1, 2, 3`: the name belongs to all. */
function spreadName(items: readonly Structure[]): Structure[] {
  const [first] = items;
  if (first.kind !== "equation" || items.slice(1).some(({ kind }) => kind === "equation")) return [...items];
  return items.map((item, i) => (i === 0 ? first : { ...first, value: item, source: `${first.name}=${item.source}` }));
}

/** Whether the parts are words and not formulas, as in "red, white and blue". */
function isWords(source: string, parts: readonly Part[]): boolean {
  if (!/[a-z]{3}/i.test(source) || /\d/.test(source)) return false;
  return parts.every(({ text }) => /^[a-z\s'-]{4,}$/i.test(text)) && parts.some(({ text }) => / /.test(text));
}
