/** Rule of the streamed output head: one more loop over the same chunks. */
import { applyAll, full } from "../ops/mod.ts";
import type { VjpRule } from "./rule.ts";

/** Rules by operator. */
export const streamed: Record<string, VjpRule> = {
  /**
   * With p = softmax(l), l = hidden · weight, and H = −Σ p log p:
   * ∂ log p(y)/∂l = 1(y) − p,  ∂H/∂l = −p (log p + H).
   */
  StreamedLogProbs: ({ node, inputs: [hidden, weight, targets], outputs, cotangents }) => {
    const zeros = () => full(outputs[0].shape, 0, outputs[0].dtype);
    const [gLogProbs, gEntropies] = cotangents;
    const inputs = [hidden, weight, targets, gLogProbs ?? zeros(), gEntropies];
    const [gHidden, gWeight] = applyAll("StreamedLogProbsGradient", inputs, node.attributes, { outputs: 2 });
    return [gHidden, gWeight];
  },
};
