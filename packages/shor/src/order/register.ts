/**
 * What the iterative circuit needs of its work register.
 *
 * @module
 */

/** A work register: |w⟩ is multiplied, and combined with its multiple. */
export interface Register {
  /** Computes U^e|w⟩ for multiplication by `factor`, and returns ⟨w|U^e w⟩. */
  multiply(factor: number): readonly [re: number, im: number];
  /** |w⟩ ← s |w⟩ + (re + i im) U^e|w⟩. */
  combine(s: number, re: number, im: number): void;
}
