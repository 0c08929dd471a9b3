/**
 * Activation checkpointing: a region of the graph whose inner tensors are not kept for the backward pass but computed
 * again (Chen et al., arXiv 1604.06174). In an ONNX graph that means a second copy of the region's nodes, tied to the
 * incoming cotangent so that the runtime can neither merge it with the first copy nor run it early.
 *
 * @module
 */
import { evaluateDim, sizeOf, symbolsOf } from "../ir/dims.ts";
import { constant, createNode, currentId, isFloat, isInput, type Node, type Tensor } from "../ir/tensor.ts";
import { add, apply, cast, greater, mul, or, reshape } from "../ops/mod.ts";

/** The nodes numbered `from` to `to` (not included) form a region, and some of them regions within it. */
interface Region {
  readonly from: number;
  readonly to: number;
  readonly inner: readonly Region[];
}

const regions: Region[] = [];

/**
 * Runs `build` and marks everything it makes: the backward pass will compute it again instead of keeping it. A region
 * within a region is computed once more when its own turn comes, so that the outer one need not keep what it holds.
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
  let first = regions.length;
  while (first > 0 && regions[first - 1].from >= from) first--;
  const inner = regions.splice(first);
  regions.push({ from, to, inner });
  return result;
}

/** Which of these regions, in ascending order, a node is in. */
function regionOf(node: Node, among: readonly Region[]): Region | undefined {
  let [low, high] = [0, among.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const region = among[middle];
    if (node.id < region.from) high = middle - 1;
    else if (node.id >= region.to) low = middle + 1;
    else return region;
  }
  return undefined;
}

/** Nodes that only look at data: cheap to keep where what they look at is kept anyway. */
const VIEWS: ReadonlySet<string> = new Set(["Transpose", "Reshape", "Squeeze", "Unsqueeze", "Identity", "Cast"]);

/** A zero that cannot be known before `after` have been computed, not even to be NaN: (0 · one element > 1) is false. */
function zeroAfter(after: readonly Tensor[]): Tensor {
  const zeros = after.map((tensor) => {
    const one = apply("Gather", [reshape(tensor, [-1]), constant([0], [], "int64")], { axis: 0 });
    return greater(mul(one, 0), 1);
  });
  return zeros.reduce((all, zero) => or(all, zero));
}

/** Recomputes regions on demand during one backward pass. */
export class Recomputation {
  readonly #copies = new Map<Node, Node>();
  readonly #done = new Set<Region>();
  /** Cotangents that the region visited last has sent out: the next one waits for them. */
  #sent: Tensor[] = [];

  /**
   * The node to differentiate in place of `node`: itself outside of any region, else its newest copy. All of a region is
   * copied when the first of its nodes is asked for. `g` is the cotangent that has arrived.
   */
  copyOf(node: Node, g: Tensor, allNodes: readonly Node[]): Node {
    for (let region = regionOf(node, regions); region; region = regionOf(node, region.inner)) {
      if (this.#done.has(region)) continue;
      this.#done.add(region);
      this.#copyRegion(region, [g, ...this.#sent], allNodes);
      this.#sent = [];
    }
    return this.#copies.get(node) ?? node;
  }

  /**
   * Tells of a cotangent that leaves `node` for `target`. Without waiting for those, all regions could be computed again
   * before the first of them is done: side by side, as the chunks of one attention are, they would be alive together.
   */
  sends(node: Node, target: Tensor, cotangent: Tensor): void {
    let innermost: Region | undefined;
    for (let region = regionOf(node, regions); region; region = regionOf(node, region.inner)) innermost = region;
    if (innermost && target.node.id < innermost.from) this.#sent.push(cotangent);
  }

  #copyRegion(region: Region, after: readonly Tensor[], allNodes: readonly Node[]): void {
    const inside = allNodes.filter((node) => node.id >= region.from && node.id < region.to).sort((a, b) => a.id - b.id);
    const zero = zeroAfter(after);
    const ties = new Map<Tensor, Tensor>();
    const tie = (tensor: Tensor): Tensor => {
      const known = ties.get(tensor);
      if (known) return known;
      const late = tensor.dtype === "bool" ? or(tensor, zero) : add(tensor, cast(zero, tensor.dtype));
      ties.set(tensor, late);
      return late;
    };
    for (const node of inside) {
      if (node.inputs.length === 0) continue;
      const inputs = node.inputs.map((tensor) => {
        if (!tensor || isLeaf(tensor)) return tensor;
        // What comes in from outside is kept, by the region around this one too; made inside without a copy, it depends on
        // leaves only.
        const newest = this.#copies.get(tensor.node)?.outputs[tensor.index] ?? tensor;
        return tensor.node.id < region.from && isFloat(tensor.dtype) ? tie(newest) : newest;
      });
      if (inputs.every((tensor, i) => tensor === node.inputs[i])) {
        if (VIEWS.has(node.operator)) continue;
        const smallest = smallestInput(inputs);
        if (smallest < 0) continue;
        inputs[smallest] = tie(inputs[smallest]!);
      }
      this.#copies.set(node, createNode(node.operator, inputs, node.attributes, node.outputs, { domain: node.domain }));
    }
  }
}

function isLeaf(tensor: Tensor): boolean {
  return tensor.node.inputs.length === 0;
}

/** Which input is cheapest to tie: weights are, as a rule, larger than data. −1 if all are constants. */
function smallestInput(inputs: readonly (Tensor | undefined)[]): number {
  let smallest = -1;
  let size = Number.POSITIVE_INFINITY;
  inputs.forEach((tensor, i) => {
    if (!tensor || tensor.value || (isLeaf(tensor) && !isInput(tensor))) return;
    const elements = sizeOf(tensor.shape);
    const found = evaluateDim(elements, Object.fromEntries(symbolsOf(elements).map((symbol) => [symbol, 16])));
    if (found < size) [smallest, size] = [i, found];
  });
  return smallest;
}
