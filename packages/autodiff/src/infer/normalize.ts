/** Shape inference of normalisations. */
import { normalizeAxis } from "./broadcast.ts";
import { type InferenceRule, integer, need } from "./rule.ts";

/**
 * Output, then the statistics that the backward pass needs (one for each row). ONNX keeps the statistics in float32
 * whatever the input is (`stash_type` 1).
 */
const normalization =
  (statistics: number): InferenceRule =>
  (site) => {
    const { dtype, shape } = need(site, 0);
    const axis = normalizeAxis(integer(site, "axis", -1), shape.length);
    const row = shape.map((dim, i) => (i < axis ? dim : 1));
    return [{ dtype, shape }, ...Array.from({ length: statistics }, () => ({ dtype: "float32" as const, shape: row }))];
  };

/** Rules by operator. */
export const normalize: Record<string, InferenceRule> = {
  LayerNormalization: normalization(2),
  SimplifiedLayerNormalization: normalization(1),
};
