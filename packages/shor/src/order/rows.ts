/**
 * Rows of the values modulo N: from each multiple 0, a, 2a, … of a to the next greater one, as many multiples as it takes to make
 * the rows short.
 *
 * With the right number of multiples the rows have only two lengths (three-gap theorem), which a subtractive Euclidean algorithm
 * finds: A is the smallest of the multiples i·a mod N with 0 < i < rows, at i = α, and B that of their negatives, at i = β. Then α + β
 * rows fill N exactly, β A + α B = N, and the first β are A long, for their right neighbour is α multiples later; the others B.
 *
 * @module
 */

/** Rows of the same length. */
export interface Rows {
  readonly count: number;
  readonly length: number;
}

/** Longest row that is wanted: as many cache lines have to stay in the cache from one row to the next. */
const LONGEST = 1024;

/**
 * The rows that begin at 0, a, 2a, … modulo N: first those of one length, then those of the other. Together they are all values.
 *
 * @param a From 1 to N − 1, without a common factor with N.
 * @param modulus N.
 * @param longest Length wished at most. Not kept where it would take rows of less than 64 values on average: by a = 1, say.
 */
export function rowsOf(a: number, modulus: number, longest: number = LONGEST): readonly [Rows, Rows] {
  let [alpha, up] = [1, a];
  let [beta, down] = [1, modulus - a];
  while (Math.max(up, down) > longest && 64 * (alpha + beta) < modulus) {
    if (up > down) {
      up -= down;
      alpha += beta;
    } else {
      down -= up;
      beta += alpha;
    }
  }
  return [
    { count: beta, length: up },
    { count: alpha, length: down },
  ];
}
