/** Shape inference of matrix products. */
import type { Dim } from "../ir/dims.ts";
import { broadcastShapes, isUnknown } from "./broadcast.ts";
import { type InferenceRule, integer, need } from "./rule.ts";

function checkInner(operator: string, a: readonly Dim[], b: readonly Dim[], left: Dim, right: Dim): void {
  if (left !== right && !isUnknown(left) && !isUnknown(right)) {
    throw new RangeError(`Cannot apply ${operator} to [${a}] and [${b}]: inner sizes ${left} and ${right} differ`);
  }
}

/** The letters of an Einsum's operands and of its result. Throws `TypeError` for ellipses. */
export function einsumTerms(equation: string, operands: number): { operands: string[]; result: string } {
  const [left, right] = equation.replaceAll(" ", "").split("->");
  const terms = left.split(",");
  if (terms.length !== operands || ![...terms, right ?? ""].every((term) => /^[A-Za-z]*$/.test(term)))
    throw new TypeError(
      `Cannot apply Einsum "${equation}" to ${operands} operands: expected a term of letters for each`,
    );
  const letters = terms.join("");
  const once = [...new Set(letters)].filter((letter) => letters.split(letter).length === 2);
  return { operands: terms, result: right ?? once.sort().join("") };
}

/** Rules by operator. */
export const linear: Record<string, InferenceRule> = {
  MatMul: (site) => {
    const [a, b] = [need(site, 0), need(site, 1)];
    if (a.dtype !== b.dtype)
      throw new TypeError(`Cannot apply MatMul: found ${a.dtype} and ${b.dtype}, expected one type`);
    if (a.shape.length === 0 || b.shape.length === 0) throw new RangeError("Cannot apply MatMul to a scalar");
    const left: Dim[] = a.shape.length === 1 ? [1, ...a.shape] : [...a.shape];
    const right: Dim[] = b.shape.length === 1 ? [...b.shape, 1] : [...b.shape];
    checkInner("MatMul", a.shape, b.shape, left.at(-1)!, right.at(-2)!);
    const shape = broadcastShapes(left.slice(0, -2), right.slice(0, -2), "MatMul");
    if (a.shape.length > 1) shape.push(left.at(-2)!);
    if (b.shape.length > 1) shape.push(right.at(-1)!);
    return [{ dtype: a.dtype, shape }];
  },
  Einsum: (site) => {
    const equation = String(site.attributes.equation);
    const { operands, result } = einsumTerms(equation, site.inputs.length);
    const sizes = new Map<string, Dim>();
    operands.forEach((term, i) => {
      const { shape } = need(site, i);
      if (shape.length !== term.length)
        throw new RangeError(`Cannot apply Einsum "${equation}": operand ${i} [${shape}] has not ${term.length} axes`);
      [...term].forEach((letter, axis) => {
        sizes.set(letter, broadcastShapes([shape[axis]], [sizes.get(letter) ?? shape[axis]], "Einsum")[0]);
      });
    });
    return [{ dtype: need(site, 0).dtype, shape: [...result].map((letter) => sizes.get(letter)!) }];
  },
  Gemm: (site) => {
    const [a, b] = [need(site, 0), need(site, 1)];
    if (a.shape.length !== 2 || b.shape.length !== 2) {
      throw new RangeError(`Cannot apply Gemm to [${a.shape}] and [${b.shape}]: expected two matrices`);
    }
    const [rows, innerA] = integer(site, "transA", 0) ? [a.shape[1], a.shape[0]] : a.shape;
    const [innerB, columns] = integer(site, "transB", 0) ? [b.shape[1], b.shape[0]] : b.shape;
    checkInner("Gemm", a.shape, b.shape, innerA, innerB);
    return [{ dtype: a.dtype, shape: [rows, columns] }];
  },
};
