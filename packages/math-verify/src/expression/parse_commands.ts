/**
 * The commands that the parser reads by a rule of their own: fractions, roots, matrices, floors, sums.
 *
 * @module
 */
import { Unreadable } from "../deadline.ts";
import { rational } from "../numbers/rational.ts";
import { determinant } from "./matrix.ts";
import { call, type Node, number, power, product, reciprocal } from "./node.ts";
import type { Token } from "./tokens.ts";

/** What commands need of the parser that reads them. */
export interface Parser {
  readonly done: boolean;
  /** Whether the next token is `text`. */
  is(text: string): boolean;
  accept(text: string): boolean;
  expect(text: string): void;
  next(): Token;
  expression(): Node;
  term(): Node;
  argument(): Node;
  commandArgument(): Node;
  /** The rest of a group that `open` has begun. */
  group(open: string): Node;
}

/** Commands that `parseStructure` reads. */
export const structures: ReadonlySet<string> = new Set([
  "\\frac",
  "\\sqrt",
  "\\binom",
  "\\begin",
  "\\lfloor",
  "\\lceil",
  "\\lvert",
  "\\lVert",
  "\\overline",
  "\\vec",
  "\\hat",
  "\\bar",
  "\\int",
  "\\lim",
  "\\sum",
  "\\prod",
]);

/** Reads what follows `command`. */
export function parseStructure(parser: Parser, command: string): Node {
  switch (command) {
    case "\\frac": {
      const top = parser.commandArgument();
      return product([top, reciprocal(parser.commandArgument())]);
    }
    case "\\sqrt": {
      const degree = parser.is("[") ? parser.group(parser.next().text) : number(2);
      const radicand = parser.is("(") ? parser.group(parser.next().text) : parser.commandArgument();
      return root(radicand, degree);
    }
    case "\\binom":
      return call("binom", parser.commandArgument(), parser.commandArgument());
    case "\\begin":
      return matrix(parser);
    case "\\lfloor":
      return call("floor", enclosed(parser, "\\rfloor"));
    case "\\lceil":
      return call("ceil", enclosed(parser, "\\rceil"));
    case "\\lvert":
      return call("abs", enclosed(parser, "\\rvert"));
    case "\\lVert":
      return call("norm", enclosed(parser, "\\rVert"));
    case "\\int":
    case "\\lim":
      return operator(parser, command.slice(1));
    default:
      return call(command.slice(1), parser.argument());
  }
}

/** `\int_0^1 f dx`, `\lim_{x \to 0} f`: the same only where bounds and body are. */
function operator(parser: Parser, name: string): Node {
  const args: Node[] = [];
  for (;;) {
    if (parser.accept("_")) {
      if (name === "lim") {
        parser.expect("{");
        args.push(parser.expression());
        parser.expect("\\to");
        args.push(parser.expression());
        parser.expect("}");
      } else args.push(parser.argument());
    } else if (parser.accept("^")) args.push(parser.argument());
    else break;
  }
  return call(name, ...args, parser.term());
}

function enclosed(parser: Parser, close: string): Node {
  const node = parser.expression();
  parser.expect(close);
  return node;
}

function root(radicand: Node, degree: Node): Node {
  if (degree.kind === "number") {
    const exponent = rational(degree.value.denominator, degree.value.numerator);
    if (!exponent) throw new Unreadable("a zeroth root");
    return power(radicand, number(exponent));
  }
  return power(radicand, reciprocal(degree));
}

const environments = new Set(["pmatrix", "bmatrix", "matrix", "vmatrix", "array", "smallmatrix"]);

/** `\begin{pmatrix}1 & 2 \\ 3 & 4\end{pmatrix}`; the kind of brackets does not matter, except that bars are a determinant. */
function matrix(parser: Parser): Node {
  const name = environment(parser);
  if (!environments.has(name)) throw new Unreadable(`no matrix: ${name}`);
  if (name === "array" && parser.accept("{")) while (!parser.done && parser.next().text !== "}");
  const rows: Node[][] = [];
  while (!parser.is("\\end")) {
    if (parser.done) throw new Unreadable("a matrix without end");
    const row = [parser.expression()];
    while (parser.accept("&")) row.push(parser.expression());
    rows.push(row);
    if (!parser.accept("\\\\")) break;
  }
  parser.expect("\\end");
  environment(parser);
  if (!rows.length || rows.some((row) => row.length !== rows[0].length)) throw new Unreadable("a ragged matrix");
  const node: Node = { kind: "matrix", rows };
  return name === "vmatrix" ? (determinant(rows) ?? call("det", node)) : node;
}

function environment(parser: Parser): string {
  parser.expect("{");
  let name = "";
  while (!parser.done && !parser.is("}")) name += parser.next().text;
  parser.expect("}");
  return name;
}

/** `\sum_{k=0}^{n-1} body`: the body is the term that follows. */
export function parseSeries(parser: Parser, name: "sum" | "prod"): Node {
  parser.expect("_");
  parser.expect("{");
  const { type, text } = parser.next();
  if (type !== "symbol") throw new Unreadable("a series over no variable");
  parser.expect("=");
  const from = parser.expression();
  parser.expect("}");
  parser.expect("^");
  const to = parser.argument();
  const body = parser.term();
  return { kind: "series", name, variable: text, from, to, body };
}
