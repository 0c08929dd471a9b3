/** Rules of normalisations, from the statistics that the forward pass kept. */
import type { Tensor } from "../ir/tensor.ts";
import { add, cast, mean, mul, reciprocal, sqrt, sub } from "../ops/mod.ts";
import { type Site, unbroadcast, type VjpRule } from "./rule.ts";

const LAST = { axes: [-1], keep: true };

function needLastAxis(operator: string, attributes: Readonly<Record<string, unknown>>, x: Tensor): void {
  const axis = Number(attributes.axis ?? -1);
  if (axis !== -1 && axis !== x.shape.length - 1)
    throw new TypeError(`Cannot differentiate ${operator} over axis ${axis}: expected the last`);
}

/** 1/√(mean x² + ε): kept by the forward pass in float32, so that float64 has to compute it again. */
function inverseRoot({ attributes }: Site, x: Tensor, kept: Tensor): Tensor {
  if (x.dtype !== "float64") return cast(kept, x.dtype);
  const { float: epsilon } = (attributes.epsilon as { float: number } | undefined) ?? { float: 1e-5 };
  return reciprocal(sqrt(add(mean(mul(x, x), LAST), Math.fround(epsilon))));
}

/** Rules by operator. */
export const normalization: Record<string, VjpRule> = {
  /** y = x̂ w + b, x̂ = (x − μ)/σ:  dx = (g w − mean(g w) − x̂ mean(g w x̂)) / σ */
  LayerNormalization: (site, g) => {
    const [x, w, b] = site.inputs;
    const [, keptMean, keptInverse] = site.outputs;
    needLastAxis(site.node.operator, site.attributes, x);
    const centre = sub(x, x.dtype === "float64" ? mean(x, LAST) : cast(keptMean, x.dtype));
    const inverse = inverseRoot(site, centre, keptInverse);
    const normal = mul(centre, inverse);
    const gw = mul(g, w);
    const centred = sub(sub(gw, mean(gw, LAST)), mul(normal, mean(mul(gw, normal), LAST)));
    return [mul(centred, inverse), unbroadcast(mul(g, normal), w), b && unbroadcast(g, b)];
  },
  /** y = x̂ w, x̂ = x/rms:  dx = (g w − x̂ mean(g w x̂)) / rms */
  SimplifiedLayerNormalization: (site, g) => {
    const [x, w] = site.inputs;
    needLastAxis(site.node.operator, site.attributes, x);
    const inverse = inverseRoot(site, x, site.outputs[1]);
    const normal = mul(x, inverse);
    const gn = mul(g, normal);
    const gw = mul(g, w);
    const projection = mean(mul(gn, w), LAST);
    return [mul(sub(gw, mul(normal, projection)), inverse), unbroadcast(gn, w)];
  },
};
