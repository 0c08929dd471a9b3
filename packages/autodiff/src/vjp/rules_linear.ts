/** Rules of matrix products. */
import type { Tensor } from "../ir/tensor.ts";
import { asMatrix, gemm, matmul, mul, reshape, swapLast, unsqueeze } from "../ops/mod.ts";
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
