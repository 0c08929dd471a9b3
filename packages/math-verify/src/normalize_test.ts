import assert from "node:assert/strict";
import { test } from "node:test";
import { normalize } from "./normalize.ts";

test("writes one spelling for many", () => {
  const spellings: [string, string[]][] = [
    ["\\frac{1}{2}", ["\\dfrac{1}{2}", "\\tfrac12", "\\frac 1 2", " \\frac{1}{2} . ", "$\\frac{1}{2}$", "½"]],
    ["x\\le 2", ["x \\leq 2", "x<=2", "x ≤ 2", "x \\leqslant 2"]],
    ["x\\ne 2", ["x \\neq 2", "x != 2", "x ≠ 2"]],
    ["3, 400", ["3, 400", "3,\\; 400", "$3,  400$"]],
    ["(3,400)", ["(3, 400)", "\\left(3,\\,400\\right)"]],
    ["(1,2)", ["\\left( 1,\\; 2 \\right)", "\\bigl(1, 2\\bigr)", "(1,\\,2)"]],
    ["12,345", ["12{,}345", "12,\\!345", "\\$12,345", "$12,345"]],
    ["90\\degree", ["90^\\circ", "90^{\\circ}", "90°", "90 degrees", "90\\text{ degrees}"]],
    ["15%", ["15\\%", "15 percent", "15\\text{ percent}", "15 %"]],
    ["\\text{even}", ["\\mbox{even}", "\\textbf{even}", "\\mathrm{even}"]],
    ["-3", ["−3", "–3", "-3."]],
    ["x^{2}", ["x²"]],
    ["\\frac{1}{2}", ["\\\\frac{1}{2}", "\\\\\\\\frac{1}{2}"]],
  ];
  for (const [normal, all] of spellings) for (const text of all) assert.equal(normalize(text), normal, text);
});

test("keeps the rows of matrices and the spaces between words", () => {
  assert.equal(normalize("\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}"), "\\begin{pmatrix}1\\\\2\\end{pmatrix}");
  assert.equal(
    normalize("\\begin{pmatrix} 1 \\\\\\frac12 \\\\ \\end{pmatrix}"),
    "\\begin{pmatrix}1\\\\\\frac{1}{2}\\end{pmatrix}",
  );
  assert.equal(normalize("June  20"), "June 20");
});
