/** Broadcasting of shapes, as ONNX and NumPy do it. */
import type { Dim, Shape } from "../ir/dims.ts";

/** Marks symbols that stand for a size about which nothing is known; they are taken to match anything. */
const UNKNOWN = "?";

/** A symbol for a size that is no polynomial of other symbols; the text says what it is. */
export function unknownDim(text: string): Dim {
  return `${UNKNOWN}${text.replaceAll("*", "·").replaceAll(" + ", "+")}`;
}

/** True for a size in which such a symbol occurs. */
export function isUnknown(dim: Dim): boolean {
  return typeof dim === "string" && dim.includes(UNKNOWN);
}

function broadcastDim(a: Dim, b: Dim): Dim | undefined {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  if (isUnknown(a)) return b;
  if (isUnknown(b)) return a;
  return undefined;
}

/** The common shape of two operands: aligned at the last axis, size 1 stretches. Throws `RangeError` if there is none. */
export function broadcastShapes(a: Shape, b: Shape, what = "broadcast"): Dim[] {
  const rank = Math.max(a.length, b.length);
  const shape: Dim[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const dimA = a[a.length - rank + axis] ?? 1;
    const dimB = b[b.length - rank + axis] ?? 1;
    const dim = broadcastDim(dimA, dimB);
    if (dim === undefined) throw new RangeError(`Cannot ${what} shapes [${a}] and [${b}]: ${dimA} and ${dimB} differ`);
    shape.push(dim);
  }
  return shape;
}

/** An axis counted from the front. Throws `RangeError` when it is outside of the rank. */
export function normalizeAxis(axis: number, rank: number, what = "axis"): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new RangeError(`Cannot use ${what} ${axis}: expected an integer from ${-rank} to ${rank - 1}`);
  }
  return axis < 0 ? axis + rank : axis;
}
