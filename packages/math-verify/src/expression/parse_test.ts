import assert from "node:assert/strict";
import { test } from "node:test";
import { Deadline, Unreadable } from "../deadline.ts";
import { normalize } from "../normalize.ts";
import * as c from "../numbers/complex.ts";
import { rational } from "../numbers/rational.ts";
import { canonical } from "./canonical.ts";
import { evaluate } from "./evaluate.ts";
import { exactValue } from "./exact.ts";
import { parse } from "./parse.ts";

const deadline = new Deadline(60_000);
const read = (text: string) => parse(normalize(text), deadline);
const value = (text: string, values: Record<string, number> = {}): number => {
  const point = {
    seed: 0,
    deadline,
    scale: 0,
    complex: false,
    values: new Map(Object.entries(values).map(([k, v]) => [k, c.complex(v)])),
  };
  const { re, im } = evaluate(read(text), point);
  assert.ok(Math.abs(im) < 1e-12, `${text} is not real`);
  return re;
};

test("precedence is that of mathematics", () => {
  const cases: [string, number][] = [
    ["1+2*3", 7],
    ["-2^2", -4],
    ["8/2/2", 2],
    ["1/2x", 1.5],
    ["2x^2", 18],
    ["(2x)^2", 36],
    ["3!-1", 5],
    ["2^{3!}", 64],
    ["|x-5|", 2],
    ["2|x-5|+1", 5],
    ["\\frac{x+1}{2}", 2],
    ["\\frac12x", 1.5],
    ["2\\frac12", 2.5],
    ["2 1/2", 2.5],
    ["\\sqrt{x+1}", 2],
    ["\\sqrt[3]{-27}", -3],
    ["--3", 3],
    ["3--2", 5],
    ["2\\cdot-3", -6],
    ["\\lfloor -2.5 \\rfloor", -3],
    ["\\lceil 2.1 \\rceil", 3],
    ["\\binom{5}{2}", 10],
    ["50%", 0.5],
    ["\\sum_{k=1}^{4} k^2", 30],
    ["\\prod_{k=1}^{4} k", 24],
    ["1.5e3", 1500],
    ["\\log_2 8", 3],
    ["\\log_{10}(1000)", 3],
  ];
  for (const [text, expected] of cases) assert.ok(Math.abs(value(text, { x: 3 }) - expected) < 1e-12, text);
});

test("functions take what mathematicians mean", () => {
  const [x, y] = [0.3, 0.7];
  const cases: [string, number][] = [
    ["\\sin x", Math.sin(x)],
    ["\\sin 2x", Math.sin(2 * x)],
    ["\\sin x \\cos y", Math.sin(x) * Math.cos(y)],
    ["\\sin(x) y", Math.sin(x) * y],
    ["\\sin^2 x", Math.sin(x) ** 2],
    ["\\sin^{-1} x", Math.asin(x)],
    ["\\arctan x", Math.atan(x)],
    ["2 sin(x) + 1", 2 * Math.sin(x) + 1],
    ["\\ln(x)+y", Math.log(x) + y],
    ["\\tan 45^\\circ", 1],
    ["e^{-x}", Math.exp(-x)],
    ["\\cosh x", Math.cosh(x)],
  ];
  for (const [text, expected] of cases) assert.ok(Math.abs(value(text, { x, y }) - expected) < 1e-12, text);
});

test("values that are rational are found exactly", () => {
  const cases: [string, bigint, bigint][] = [
    ["\\frac{1}{3}+\\frac{1}{6}", 1n, 2n],
    ["2^{-3}", 1n, 8n],
    ["\\sqrt{\\frac{9}{4}}", 3n, 2n],
    ["\\frac{10!}{8!}", 90n, 1n],
    ["0.1+0.2", 3n, 10n],
    ["\\sum_{k=1}^{100} k", 5050n, 1n],
    ["\\gcd(12,18)", 6n, 1n],
  ];
  for (const [text, numerator, denominator] of cases)
    assert.deepEqual(exactValue(read(text), deadline), rational(numerator, denominator), text);
  for (const text of ["\\sqrt{2}", "x", "\\pi", "1/0", "9^{9^9}", "(-1)!"])
    assert.equal(exactValue(read(text), deadline), undefined, text);
});

test("canonical texts do not see the order of terms and factors", () => {
  assert.equal(canonical(read("a+b c"), deadline), canonical(read("c b+a"), deadline));
  assert.notEqual(canonical(read("a-b"), deadline), canonical(read("b-a"), deadline));
});

test("what is no expression is unreadable", () => {
  for (const text of [
    "",
    "1 2",
    "(",
    "x^",
    "\\frac{1}",
    "1+",
    ")",
    "\\unknown",
    "{".repeat(500),
    "\\begin{pmatrix}1&2\\\\3\\end{pmatrix}",
  ])
    assert.throws(() => read(text), Unreadable, text);
});
