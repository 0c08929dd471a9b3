/**
 * Sums and products of matrices, entry by entry.
 *
 * @module
 */
import { type Node, product, sum } from "./node.ts";

type Rows = readonly (readonly Node[])[];

const MAX_ENTRIES = 400;

/** The entries of an expression that is a matrix, or `undefined`. */
export function matrixOf(node: Node): Rows | undefined {
  switch (node.kind) {
    case "matrix":
      return node.rows;
    case "sum":
      return node.terms.map(matrixOf).reduce((a, b) => a && b && addRows(a, b));
    case "product": {
      const scalars: Node[] = [];
      let rows: Rows | undefined;
      for (const factor of node.factors) {
        const matrix = matrixOf(factor);
        if (!matrix) scalars.push(factor);
        else rows = rows ? multiplyRows(rows, matrix) : matrix;
        if (matrix && !rows) return undefined;
      }
      return scalars.length && rows ? rows.map((row) => row.map((entry) => product([...scalars, entry]))) : rows;
    }
    default:
      return undefined;
  }
}

function addRows(a: Rows, b: Rows): Rows | undefined {
  if (a.length !== b.length || a[0].length !== b[0].length) return undefined;
  return a.map((row, i) => row.map((entry, j) => sum([entry, b[i][j]])));
}

function multiplyRows(a: Rows, b: Rows): Rows | undefined {
  if (a[0].length !== b.length || a.length * b[0].length > MAX_ENTRIES) return undefined;
  return a.map((row) => b[0].map((_, j) => sum(row.map((entry, k) => product([entry, b[k][j]])))));
}
