/** Shape inference of operators that ONNX lacks: ONNX Runtime's own, and those that we lower to a loop. */
import { type InferenceRule, need } from "./rule.ts";

/** Rules by operator. */
export const fused: Record<string, InferenceRule> = {
  /** input [batch, heads, time, head size], position ids, cosines, sines. */
  RotaryEmbedding: (site) => [{ dtype: need(site, 0).dtype, shape: need(site, 0).shape }],
  /** x [N, ..], indices [P], uses [N, m] → [P, ..]. */
  GatherRows: (site) => {
    const [x, indices] = [need(site, 0), need(site, 1)];
    return [{ dtype: x.dtype, shape: [...indices.shape, ...x.shape.slice(1)] }];
  },
  /** hidden [N, D], weight [D, V], targets [N] → log-probabilities [N], entropies [N]. */
  StreamedLogProbs: (site) => {
    const hidden = need(site, 0);
    const row = { dtype: hidden.dtype, shape: [hidden.shape[0]] };
    return [row, row];
  },
  /** hidden, weight, targets, ∂/∂ log-probabilities [N], ∂/∂ entropies [N] → ∂/∂ hidden, ∂/∂ weight. */
  StreamedLogProbsGradient: (site) => [need(site, 0), need(site, 1)].map(({ dtype, shape }) => ({ dtype, shape })),
};
