/**
 * The commands that the parser reads by a rule of their own: fractions, roots, matrices, floors, sums.
 *
 * @module
 */
import { Unreadable } from "../deadline.ts";
import { rational } from "../numbers/rational.ts";
import { call, type Node, number, power, product, reciprocal } from "./node.ts";
import type { Parser } from "./parse.ts";

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
    default:
      return call(command.slice(1), parser.argument());
  }
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
  return name === "vmatrix" ? call("det", node) : node;
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
