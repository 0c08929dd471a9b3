/**
 * Which pieces share a context.
 *
 * @module
 */

/** Pieces by context. */
export interface Placement {
  /** Context c holds `order[contexts[c]]` to `order[contexts[c + 1] − 1]`. */
  readonly contexts: Int32Array;
  /** Numbers of the pieces that have a token, in the order of their contexts and, there, in which they were placed. */
  readonly order: Int32Array;
  /** Their lengths. */
  readonly length: Int32Array;
}
