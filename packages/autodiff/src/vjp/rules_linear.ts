/** Rules of matrix products. */
import { einsumTerms } from "../infer/linear.ts";
import type { Tensor } from "../ir/tensor.ts";
import { apply, asMatrix, expand, gemm, matmul, mul, reshape, swapLast, unsqueeze } from "../ops/mod.ts";
import { unbroadcast, type VjpRule } from "./rule.ts";

/** A product with one matrix on the right is one matrix product over all rows, and so are both of its cotangents. */
function matmulWithMatrix(a: Tensor, b: Tensor, g: Tensor): [Tensor, Tensor] {
  const [rowsA, rowsG] = [asMatrix(a), asMatrix(g)];
  return [reshape(gemm(rowsG, b, { transB: true }), a.shape), gemm(rowsA, rowsG, { transA: true })];
}

const matmulRule: VjpRule = ({ inputs: [a, b] }, g) => {
  if (a.shape.length > 1 && b.shape.length === 2) return matmulWithMatrix(a, b, g);
  // Vectors are matrices with one row or one column.
  const left = a.shape.length === 1 ? unsqueeze(a, [0]) : a;
  const right = b.shape.length === 1 ? unsqueeze(b, [1]) : b;
  let full = g;
  if (b.shape.length === 1) full = unsqueeze(full, [full.shape.length]);
  if (a.shape.length === 1) full = unsqueeze(full, [full.shape.length - 1]);
  return [
    reshape(unbroadcast(matmul(full, swapLast(right)), left), a.shape),
    reshape(unbroadcast(matmul(swapLast(left), full), right), b.shape),
  ];
};

/** Rules by operator. */
export const linear: Record<string, VjpRule> = {
  MatMul: matmulRule,
  /** Each operand's cotangent is the product of all the others with g; what only it has, was summed, so is repeated. */
  Einsum: ({ node, inputs, attributes }, g) => {
    const equation = String(attributes.equation);
    const { operands, result } = einsumTerms(equation, inputs.length);
    if (operands.some((term) => new Set(term).size < term.length))
      throw new TypeError(`Cannot differentiate ${node.operator} "${equation}": an operand has a letter twice`);
    return inputs.map((x, i) => {
      const others = operands.filter((_, j) => j !== i);
      const known = new Set([result, ...others].join(""));
      const target = [...operands[i]].filter((letter) => known.has(letter)).join("");
      const back = `${[result, ...others].join(",")}->${target}`;
      const product = apply("Einsum", [g, ...inputs.filter((_, j) => j !== i)], { equation: back });
      if (target === operands[i]) return product;
      return expand(
        reshape(
          product,
          x.shape.map((dim, axis) => (known.has(operands[i][axis]) ? dim : 1)),
        ),
        x.shape,
      );
    });
  },
  /** α A' B' + β C, where ' may transpose. */
  Gemm: ({ inputs: [a, b, c], attributes }, g) => {
    const [transA, transB] = [attributes.transA === 1, attributes.transB === 1];
    const scale = (x: Tensor, attribute: unknown) => {
      const factor =
        typeof attribute === "object" && attribute ? (attribute as { float: number }).float : Number(attribute ?? 1);
      return factor === 1 ? x : mul(x, factor);
    };
    const ga = transA ? gemm(b, g, { transA: transB, transB: true }) : gemm(g, b, { transB: !transB });
    const gb = transB ? gemm(g, a, { transA: true, transB: transA }) : gemm(a, g, { transA: !transA });
    return [scale(ga, attributes.alpha), scale(gb, attributes.alpha), c && scale(unbroadcast(g, c), attributes.beta)];
  },
};
