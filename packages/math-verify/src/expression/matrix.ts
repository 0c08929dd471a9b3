/**
 * Sums and products of matrices, entry by entry.
 *
 * @module
 */
import { type Node, number, product, sum } from "./node.ts";

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
    case "power": {
      const rows = matrixOf(node.base);
      const { exponent } = node;
      if (!rows) return undefined;
      if (exponent.kind === "symbol" && exponent.name === "T") return rows[0].map((_, j) => rows.map((row) => row[j]));
      if (exponent.kind !== "number" || !["2", "3", "4"].includes(`${exponent.value.numerator}`)) return undefined;
      let result: Rows | undefined = rows;
      for (let i = 1n; i < exponent.value.numerator; i++) result = result && multiplyRows(result, rows);
      return result;
    }
    default:
      return undefined;
  }
}

/** The determinant of up to four rows, by its first row. */
export function determinant(rows: Rows): Node | undefined {
  if (rows.length !== rows[0].length || rows.length > 4) return undefined;
  if (rows.length === 1) return rows[0][0];
  const minor = (column: number): Rows => rows.slice(1).map((row) => row.filter((_, j) => j !== column));
  return sum(rows[0].map((entry, j) => product([number(j % 2 ? -1 : 1), entry, determinant(minor(j))!])));
}

function addRows(a: Rows, b: Rows): Rows | undefined {
  if (a.length !== b.length || a[0].length !== b[0].length) return undefined;
  return a.map((row, i) => row.map((entry, j) => sum([entry, b[i][j]])));
}

function multiplyRows(a: Rows, b: Rows): Rows | undefined {
  if (a[0].length !== b.length || a.length * b[0].length > MAX_ENTRIES) return undefined;
  return a.map((row) => b[0].map((_, j) => sum(row.map((entry, k) => product([entry, b[k][j]])))));
}
