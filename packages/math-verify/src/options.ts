/**
 * The options of `verify` and `compare`.
 *
 * @module
 */

import { checkObject, found } from "./found.ts";

/** How answers are compared. */
export interface VerifyOptions {
  /**
   * Decimal places that must agree where one of the answers is a decimal and may be rounded: |gold - prediction| ≤
   * 0.5·10^-precision, and relatively no more than 10·10^-precision. Default 6. Answers without a decimal point are
   * compared exactly.
   */
  precision?: number;
  /**
   * Names of variables matter (`f(x)` is not `f(y)`, `x = 5` not `y = 5`), and a list is not a tuple. Default `true`.
   * `false` renames variables in the order in which they appear, and compares lists with tuples item by item.
   */
  strict?: boolean;
  /** Milliseconds after which the verdict is "undecided". Default 1000. */
  timeLimitMs?: number;
  /**
   * A predicted inequality (`1 < x < 2`) may equal a gold interval (`(1,2)`). Default `false`; a gold inequality may always
   * equal a predicted interval. (Who asks for an interval wants one; who asks for x accepts either.)
   */
  allowSetRelation?: boolean;
  /** `allowSetRelation` under the name that it has in Math-Verify. */
  allow_set_relation_comp?: boolean;
}

/** Options with their defaults, checked. */
export interface Settings {
  readonly precision: number;
  readonly strict: boolean;
  readonly timeLimitMs: number;
  readonly allowSetRelation: boolean;
}

/** @throws {TypeError} for no object, {RangeError} for a precision or a time limit that cannot be. */
export function settingsOf(options: VerifyOptions): Settings {
  checkObject("verify", "options", options);
  const { precision = 6, strict = true, timeLimitMs = 1000 } = options;
  if (!Number.isInteger(precision) || precision < 0 || precision > 15)
    throw new RangeError(`Cannot verify: precision must be an integer from 0 to 15, found ${found(precision)}`);
  if (typeof timeLimitMs !== "number" || !(timeLimitMs > 0))
    throw new RangeError(`Cannot verify: timeLimitMs must be positive, found ${found(timeLimitMs)}`);
  const allowSetRelation = options.allowSetRelation ?? options.allow_set_relation_comp ?? false;
  return { precision, strict, timeLimitMs, allowSetRelation };
}
