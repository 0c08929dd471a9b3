/**
 * A recursive-descent parser for answers in LaTeX or ASCII. What it refuses (`Unreadable`) is compared as text.
 *
 * ```text
 * expression := [sign] term (sign term)*
 * term       := power ((× | ÷) signed power | power)*      implicit products bind as explicit ones, from the left
 * power      := postfix [^ exponent]
 * postfix    := atom (! | ° | % | ')*
 * ```
 *
 * @module
 */
import { type Deadline, Unreadable } from "../deadline.ts";
import { readDecimal } from "../numbers/decimal.ts";
import { isInteger, rational } from "../numbers/rational.ts";
import { call, type Node, negative, number, power, product, reciprocal, sum, symbol } from "./node.ts";
import { type Parser, parseSeries, parseStructure, structures } from "./parse_commands.ts";
import { functions, symbolCommands, type Token, tokenize } from "./tokens.ts";

const MAX_DEPTH = 120;
const end: Token = { type: "sign", text: "", spaced: false };
const times = new Set(["*", "\\cdot", "\\times", "\\ast", "\\bullet"]);
const over = new Set(["/", "\\div"]);
const closing: Record<string, string> = { "(": ")", "[": "]", "{": "}", "\\{": "\\}" };
const HALF_TURN = 180;

/** Names that take an argument in parentheses; other letters before a parenthesis are factors. */
const applied = new Set(["f", "g", "h", "F", "G"]);

/** @throws {Unreadable} when `source` (normalised) is not an expression. */
export function parse(source: string, deadline: Deadline): Node {
  const parser = new ExpressionParser(tokenize(source, deadline), deadline);
  const node = parser.expression();
  if (!parser.done) throw new Unreadable(`unexpected ${parser.peek.text}`);
  return node;
}

/** The state of one parse; public for the commands' own file. */
export class ExpressionParser implements Parser {
  readonly #tokens: readonly Token[];
  readonly #deadline: Deadline;
  #at = 0;
  #depth = 0;
  #bars = 0;

  constructor(tokens: readonly Token[], deadline: Deadline) {
    this.#tokens = tokens;
    this.#deadline = deadline;
  }

  get peek(): Token {
    return this.#tokens[this.#at] ?? end;
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length;
  }

  next(): Token {
    const token = this.peek;
    this.#at++;
    return token;
  }

  is(text: string): boolean {
    return this.peek.text === text && this.peek.type !== "text";
  }

  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.#at++;
    return true;
  }

  expect(text: string): void {
    if (!this.accept(text)) throw new Unreadable(`expected ${text}`);
  }

  /** Runs `read`; where it throws or returns `undefined`, as if it had not been tried. */
  attempt<T>(read: () => T | undefined): T | undefined {
    const start = this.#at;
    const depth = this.#depth;
    const bars = this.#bars;
    try {
      const result = read();
      if (result !== undefined) return result;
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
    }
    this.#at = start;
    this.#depth = depth;
    this.#bars = bars;
    return undefined;
  }

  expression(): Node {
    this.#deadline.tick();
    if (++this.#depth > MAX_DEPTH) throw new Unreadable("too deep");
    const terms: Node[] = [];
    let minus = false;
    while (this.is("+") || this.is("-")) if (this.next().text === "-") minus = !minus;
    for (;;) {
      const term = this.term();
      terms.push(minus ? negative(term) : term);
      if (!this.is("+") && !this.is("-")) break;
      minus = this.next().text === "-";
      while (this.is("+") || this.is("-")) if (this.next().text === "-") minus = !minus;
    }
    this.#depth--;
    return sum(terms);
  }

  term(): Node {
    const factors = [this.#power()];
    for (;;) {
      this.#deadline.tick();
      if (times.has(this.peek.text) && this.peek.type !== "text") {
        this.next();
        factors.push(this.#signedPower());
      } else if (over.has(this.peek.text) && this.peek.type !== "text") {
        this.next();
        factors.push(reciprocal(this.#signedPower()));
      } else if (this.#startsFactor()) {
        if (this.peek.type === "number") throw new Unreadable("two numbers side by side");
        factors.push(this.#power());
      } else break;
    }
    return product(factors);
  }

  #signedPower(): Node {
    let minus = false;
    while (this.is("+") || this.is("-")) if (this.next().text === "-") minus = !minus;
    const node = this.#power();
    return minus ? negative(node) : node;
  }

  #startsFactor(): boolean {
    const { type, text } = this.peek;
    if (this.done) return false;
    if (type === "number" || type === "symbol") return true;
    if (type === "text") return false;
    if (text === "|" || text === "\\|") return this.#bars === 0;
    if (text in closing) return true;
    return (
      type === "command" && (functions.has(text.slice(1)) || symbolCommands.has(text.slice(1)) || structures.has(text))
    );
  }

  #power(): Node {
    if (++this.#depth > MAX_DEPTH) throw new Unreadable("too deep");
    const base = this.#postfix();
    let node = base;
    if (this.accept("^")) {
      let exponent = this.argument();
      if (this.is("^")) throw new Unreadable("double exponent");
      while (this.accept("!")) exponent = call("factorial", exponent);
      node = this.#postfixOf(power(base, exponent));
    }
    this.#depth--;
    return node;
  }

  #postfix(): Node {
    return this.#postfixOf(this.#atom());
  }

  #postfixOf(node: Node): Node {
    let result = node;
    for (;;) {
      if (this.is("!")) {
        this.next();
        result = call("factorial", result);
      } else if (this.is("\\degree")) {
        this.next();
        result = product([result, symbol("\\pi"), number(rational(1n, BigInt(HALF_TURN))!)]);
      } else if (this.is("%")) {
        this.next();
        result = product([result, number(rational(1n, 100n)!)]);
      } else return result;
    }
  }

  /** What a command or `^` takes: a group in braces, or one token. */
  argument(): Node {
    if (this.accept("{")) return this.#until("}");
    const token = this.peek;
    if (token.type === "number") {
      // After `^` LaTeX takes one digit, plain text means them all (`2^10`), and so do those who forget the braces.
      this.next();
      return readNumber(token.text);
    }
    if (this.accept("-")) return negative(this.argument());
    if (this.accept("+")) return this.argument();
    return this.#atom();
  }

  /** The argument of a LaTeX command: a group, or one digit or symbol. */
  commandArgument(): Node {
    const token = this.peek;
    if (token.type !== "number" || !/^\d{2,}$/.test(token.text)) return this.argument();
    const tokens = this.#tokens as Token[];
    tokens.splice(
      this.#at,
      1,
      { ...token, text: token.text[0] },
      { type: "number", text: token.text.slice(1), spaced: false },
    );
    return this.argument();
  }

  #until(close: string): Node {
    const bars = this.#bars;
    this.#bars = 0;
    const node = this.expression();
    this.#bars = bars;
    this.expect(close);
    return node;
  }

  group(open: string): Node {
    return this.#until(closing[open]);
  }

  #atom(): Node {
    this.#deadline.tick();
    const token = this.next();
    const { type, text } = token;
    if (type === "number") return this.#number(text);
    if (type === "symbol") return this.#symbol(text);
    if (type === "command" && symbolCommands.has(text.slice(1))) return this.#symbol(text);
    if (type === "command" && functions.has(text.slice(1))) return this.#function(text.slice(1));
    if (text === "\\sum" || text === "\\prod") return parseSeries(this, text.slice(1) as "sum" | "prod");
    if (structures.has(text)) return parseStructure(this, text);
    if (text === "|" || text === "\\|") {
      this.#bars++;
      const inner = this.expression();
      this.#bars--;
      this.expect(text);
      return call("abs", inner);
    }
    if (type !== "text" && text in closing) return this.group(text);
    throw new Unreadable(`unexpected ${text || "end"}`);
  }

  #number(text: string): Node {
    const whole = readNumber(text);
    if (whole.kind !== "number" || !isInteger(whole.value) || whole.decimal) return whole;
    // Mixed numbers: `3\frac12` and `3 1/2`.
    const part = this.attempt(() => {
      if (this.accept("\\frac")) {
        const [top, bottom] = [this.commandArgument(), this.commandArgument()];
        return properFraction(top, bottom);
      }
      if (this.peek.type !== "number" || !this.peek.spaced) return undefined;
      const top = readNumber(this.next().text);
      this.expect("/");
      return properFraction(top, readNumber(this.next().text));
    });
    return part ? sum([whole, part]) : whole;
  }

  #symbol(name: string): Node {
    let full = name;
    while (this.accept("'")) full += "'";
    let node: Node = symbol(full);
    if (this.accept("_")) node = call("index", node, this.argument());
    if (applied.has(name) && this.is("(") && !this.peek.spaced) {
      this.next();
      const args = this.arguments(")");
      return { kind: "call", name: "apply", args: [node, ...args] };
    }
    return node;
  }

  /** Expressions between commas, up to `close`. */
  arguments(close: string): Node[] {
    const args = [this.expression()];
    while (this.accept(",")) args.push(this.expression());
    this.expect(close);
    return args;
  }

  #function(name: string): Node {
    let exponent: Node | undefined;
    let base: Node | undefined;
    for (;;) {
      if (!exponent && this.accept("^")) exponent = this.argument();
      else if (!base && this.accept("_")) base = this.argument();
      else break;
    }
    const args = this.#functionArguments();
    const inverse =
      exponent?.kind === "number" && exponent.value.numerator === -1n && /^(sin|cos|tan|cot|sec|csc)$/.test(name);
    const full = inverse ? `arc${name}` : name;
    const node = call(full, ...(base ? [base] : []), ...args);
    return exponent && !inverse ? power(node, exponent) : node;
  }

  #functionArguments(): Node[] {
    if (this.is("(") || this.is("[")) return this.arguments(closing[this.next().text]);
    if (this.is("{")) return [this.group(this.next().text)];
    let minus = false;
    while (this.accept("-")) minus = !minus;
    const factors = [this.#power()];
    // `\sin 2x` takes both factors, `\sin a \cos b` only the first, `\log 5(x+1)` only the 5.
    while (this.#startsFactor() && !this.#startsFunction() && !(this.peek.text in closing) && !this.is("|"))
      factors.push(this.#power());
    const node = product(factors);
    return [minus ? negative(node) : node];
  }

  #startsFunction(): boolean {
    return this.peek.type === "command" && functions.has(this.peek.text.slice(1));
  }
}

function readNumber(text: string): Node {
  const value = readDecimal(text.replaceAll(",", ""));
  if (!value) throw new Unreadable("a number with too many digits");
  return number(value, /[.eE]/.test(text) && !text.includes("("));
}

function properFraction(top: Node, bottom: Node): Node | undefined {
  if (top.kind !== "number" || bottom.kind !== "number" || !isInteger(top.value) || !isInteger(bottom.value)) return;
  const [a, b] = [top.value.numerator, bottom.value.numerator];
  return a > 0n && a < b ? number(rational(a, b)!) : undefined;
}
