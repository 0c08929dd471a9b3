/**
 * Reverse-mode differentiation on the graph: from cotangents of outputs to cotangents of inputs.
 *
 * @module
 */
import { constant, describe, isFloat, type Node, reachable, type Tensor } from "../ir/tensor.ts";
import { add, full } from "../ops/mod.ts";
import { Recomputation } from "./checkpoint.ts";
import { rules } from "./rules.ts";

/** Nodes on a path from one of `wrt` to an output: only they need cotangents. */
function activeNodes(nodes: readonly Node[], wrt: ReadonlySet<Tensor>): Set<Node> {
  const active = new Set<Node>();
  for (const node of nodes) {
    const reached = (tensor: Tensor | undefined) => tensor && (wrt.has(tensor) || active.has(tensor.node));
    if (node.inputs.some(reached)) active.add(node);
  }
  return active;
}

/** Where the pullback starts: an output and its cotangent. */
export interface Cotangent {
  readonly output: Tensor;
  /** Shape of the output. Default: one, for an output of one element. */
  readonly cotangent?: Tensor;
}

/**
 * Cotangents of `wrt`, given cotangents of some outputs: Σ_outputs cotangent · ∂output/∂wrt. One that no output
 * depends on gets zeros. Throws `TypeError` for an operator without a rule, which it names.
 */
export function pullback(starts: readonly Cotangent[], wrt: readonly Tensor[]): Tensor[] {
  const wanted = new Set(wrt);
  const nodes = reachable(starts.map(({ output }) => output));
  const active = activeNodes(nodes, wanted);
  const cotangents = new Map<Tensor, Tensor>();
  const recomputation = new Recomputation();

  const accumulate = (tensor: Tensor, cotangent: Tensor) => {
    const known = cotangents.get(tensor);
    cotangents.set(tensor, known ? add(known, cotangent) : cotangent);
  };
  for (const { output, cotangent } of starts) {
    if (!cotangent && output.shape.some((dim) => dim !== 1)) {
      throw new TypeError(`Cannot start from ${describe(output)} without a cotangent: only a scalar has a default`);
    }
    accumulate(output, cotangent ?? constant([1], output.shape as number[], output.dtype));
  }

  for (const node of nodes.reverse()) {
    if (!active.has(node)) continue;
    const arrived = node.outputs.map((output) => cotangents.get(output));
    const g = arrived.find((cotangent) => cotangent !== undefined);
    if (!g) continue;
    const rule = rules[node.operator];
    if (!rule) throw new TypeError(`Cannot differentiate ${node.operator}: this operator has no rule`);
    const again = recomputation.copyOf(node, g, nodes);
    const site = {
      node: again,
      inputs: again.inputs as readonly Tensor[],
      output: again.outputs[0],
      outputs: again.outputs,
      attributes: again.attributes,
      cotangents: arrived,
    };
    const results = rule(site, arrived[0] as Tensor);
    results.forEach((result, i) => {
      const target = node.inputs[i];
      if (!result || !target || !isFloat(target.dtype) || !(wanted.has(target) || active.has(target.node))) return;
      accumulate(target, result);
      recomputation.sends(node, target, result);
    });
    // Wanted tensors keep their cotangent; all others are done once their producer has been visited.
    for (const output of node.outputs) if (!wanted.has(output)) cotangents.delete(output);
  }
  return wrt.map((tensor) => cotangents.get(tensor) ?? full(tensor.shape, 0, tensor.dtype));
}

/**
 * ∂output/∂wrt for each of `wrt`, times `cotangent`.
 *
 * ```ts
 * import { gradients, input, mul, sum } from "@gradus/autodiff";
 * const x = input("x", "float32", [3]);
 * const [dx] = gradients(sum(mul(x, x)), [x]); // 2x
 * ```
 */
export function gradients(output: Tensor, wrt: readonly Tensor[], cotangent?: Tensor): Tensor[] {
  return pullback([{ output, cotangent }], wrt);
}
