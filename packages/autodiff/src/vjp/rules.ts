/**
 * The rules of differentiation, one for each operator: `g` is the cotangent of the output, what is returned are the
 * cotangents of the inputs, `undefined` for zero. The tables are the documentation of what can be differentiated.
 *
 * @module
 */
import type { VjpRule } from "./rule.ts";
import { elementwise } from "./rules_elementwise.ts";
import { indexing } from "./rules_indexing.ts";
import { linear } from "./rules_linear.ts";
import { normalization } from "./rules_normalization.ts";
import { reduce } from "./rules_reduce.ts";
import { shaping } from "./rules_shaping.ts";
import { streamed } from "./rules_streamed.ts";

/** Every operator that can be differentiated. */
export const rules: Readonly<Record<string, VjpRule>> = {
  ...elementwise,
  ...linear,
  ...reduce,
  ...normalization,
  ...shaping,
  ...indexing,
  ...streamed,
};
