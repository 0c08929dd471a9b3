/**
 * Activation checkpointing: a region of the graph whose inner tensors are not kept for the backward pass but computed
 * again (Chen et al., arXiv 1604.06174). In an ONNX graph that means a second copy of the region's nodes, tied to the
 * incoming cotangent so that the runtime can neither merge it with the first copy nor run it early.
 *
 * @module
 */
import { constant, createNode, currentId, isFloat, type Node, reachable, type Tensor } from "../ir/tensor.ts";
import { add, apply, mul, reshape } from "../ops/mod.ts";

/** The nodes numbered `from` to `to` (not included) form a region. */
interface Region {
  readonly from: number;
  readonly to: number;
}

const regions: Region[] = [];

/**
 * Runs `build` and marks everything it makes: the backward pass will compute it again instead of keeping it. Regions
 * do not nest; an inner one is part of the outer.
 *
 * ```ts
 * import { checkpoint, exp, input, sum } from "@gradus/autodiff";
 * const x = input("x", "float32", [4]);
 * const loss = sum(checkpoint(() => exp(exp(x))));
 * ```
 */
export function checkpoint<T>(build: () => T): T {
  const from = currentId();
  const result = build();
  const to = currentId();
  while (regions.length > 0 && regions[regions.length - 1].from >= from) regions.pop();
  regions.push({ from, to });
  return result;
}

function regionOf(node: Node): Region | undefined {
  let [low, high] = [0, regions.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const region = regions[middle];
    if (node.id < region.from) high = middle - 1;
    else if (node.id >= region.to) low = middle + 1;
    else return region;
  }
  return undefined;
}

/** Equal to `x`, but cannot be computed before `after`: x + 0 · (one element of `after`). */
function tieTo(x: Tensor, after: Tensor): Tensor {
  const one = apply("Gather", [reshape(after, [-1]), constant([0], [], "int64")], { axis: 0 });
  return add(x, mul(one, 0));
}

/** Recomputes regions on demand during one backward pass. */
export class Recomputation {
  readonly #copies = new Map<Tensor, Tensor>();
  readonly #done = new Set<Region>();

  /**
   * The node to differentiate in place of `node`: itself outside of any region, else its second copy, made together
   * with its whole region when the first of its nodes is asked for. `g` is the cotangent that has arrived.
   */
  copyOf(node: Node, g: Tensor, allNodes: readonly Node[]): Node {
    const region = regionOf(node);
    if (!region) return node;
    if (!this.#done.has(region)) {
      this.#done.add(region);
      this.#copyRegion(region, g, allNodes);
    }
    return this.#copies.get(node.outputs[0])?.node ?? node;
  }

  #copyRegion(region: Region, g: Tensor, allNodes: readonly Node[]): void {
    const inside = allNodes.filter((node) => node.id >= region.from && node.id < region.to);
    for (const node of inside) {
      if (node.operator === "Constant" || node.operator === "Input" || node.operator === "Dims") continue;
      const inputs = node.inputs.map((tensor) => tensor && this.#valueOf(tensor, region, g));
      if (inputs.every((tensor, i) => tensor === node.inputs[i])) continue; // depends on leaves only: the same again
      const copy = createNode(node.operator, inputs, node.attributes, node.outputs, { domain: node.domain });
      node.outputs.forEach((output, i) => {
        this.#copies.set(output, copy.outputs[i]);
      });
    }
  }

  /** What stands for `tensor` in the second copy: a copy from inside, a tied version of what comes in, a leaf itself. */
  #valueOf(tensor: Tensor, region: Region, g: Tensor): Tensor {
    const known = this.#copies.get(tensor);
    if (known) return known;
    const isLeaf = tensor.node.inputs.length === 0;
    if (isLeaf || tensor.node.id >= region.from || !isFloat(tensor.dtype) || !dependsOnActivation(tensor))
      return tensor;
    const tied = tieTo(tensor, g);
    this.#copies.set(tensor, tied);
    return tied;
  }
}

/** Weights reshaped or masks precomputed are cheap to keep; only float results of real work need to be tied. */
function dependsOnActivation(tensor: Tensor): boolean {
  return reachable([tensor]).length > 1;
}
