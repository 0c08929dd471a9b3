/**
 * Shape inference: one rule for each operator, used by the builders and by the reader of ONNX files alike.
 *
 * @module
 */
import { elementwise } from "./elementwise.ts";
import { fused } from "./fused.ts";
import { gather } from "./gather.ts";
import { linear } from "./linear.ts";
import { normalize } from "./normalize.ts";
import { reduce } from "./reduce.ts";
import type { InferenceRule } from "./rule.ts";
import { shape } from "./shape.ts";

/** Every operator that a graph may contain. */
export const inference: Readonly<Record<string, InferenceRule>> = {
  ...elementwise,
  ...linear,
  ...reduce,
  ...normalize,
  ...gather,
  ...shape,
  ...fused,
};
