/** Rules of normalisations, from the statistics that the forward pass kept. */
import type { Tensor } from "../ir/tensor.ts";
import { mean, mul, sub } from "../ops/mod.ts";
import { unbroadcast, type VjpRule } from "./rule.ts";

const LAST = { axes: [-1], keep: true };

function needLastAxis(operator: string, attributes: Readonly<Record<string, unknown>>, x: Tensor): void {
  const axis = Number(attributes.axis ?? -1);
  if (axis !== -1 && axis !== x.shape.length - 1)
    throw new TypeError(`Cannot differentiate ${operator} over axis ${axis}: expected the last`);
}

/** Rules by operator. */
export const normalization: Record<string, VjpRule> = {
  /** y = x̂ w + b, x̂ = (x − μ)/σ:  dx = (g w − mean(g w) − x̂ mean(g w x̂)) / σ */
  LayerNormalization: ({ node, inputs: [x, w, b], outputs: [, mu, inverse], attributes }, g) => {
    needLastAxis(node.operator, attributes, x);
    const normal = mul(sub(x, mu), inverse);
    const gw = mul(g, w);
    const centred = sub(sub(gw, mean(gw, LAST)), mul(normal, mean(mul(gw, normal), LAST)));
    return [mul(centred, inverse), unbroadcast(mul(g, normal), w), b && unbroadcast(g, b)];
  },
  /** y = x̂ w, x̂ = x/rms:  dx = (g w − x̂ mean(g w x̂)) / rms */
  SimplifiedLayerNormalization: ({ node, inputs: [x, w], outputs: [, inverse], attributes }, g) => {
    needLastAxis(node.operator, attributes, x);
    const normal = mul(x, inverse);
    const gn = mul(g, normal);
    const gw = mul(g, w);
    const projection = mean(mul(gn, w), LAST);
    return [mul(sub(gw, mul(normal, projection)), inverse), unbroadcast(gn, w)];
  },
};
