/**
 * Matrix products that take their operands as they lie in memory: a transposition of the last two axes, or a scalar
 * factor, before or after a product becomes part of it. ONNX Runtime's own optimiser merges the transpositions of an
 * attention head with each other before it looks at the products, and then copies every head twice.
 *
 * @module
 */
import { type Attribute, constantOf, createNode, type Node, reachable, type Tensor } from "../ir/tensor.ts";

/** α A' B', where ' may swap the last two axes. */
interface Product {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly transA: boolean;
  readonly transB: boolean;
  readonly alpha: number;
}

function swapsLast({ operator, attributes, inputs }: Node): boolean {
  const order = attributes.perm as readonly number[] | undefined;
  if (operator !== "Transpose" || !order) return false;
  const last = inputs[0]!.shape.length - 1;
  return last > 0 && order.every((axis, i) => axis === (i === last ? last - 1 : i === last - 1 ? last : i));
}

/** What is multiplied with which number, if a node is the product of a tensor and one scalar constant. */
function scaled({ operator, inputs }: Node): { tensor: Tensor; factor: number } | undefined {
  if (operator !== "Mul") return undefined;
  for (const [tensor, other] of [inputs, [inputs[1], inputs[0]]] as [Tensor, Tensor][]) {
    const content = constantOf(other);
    if (content?.data.length === 1 && content.shape.length <= tensor.shape.length && !constantOf(tensor))
      return { tensor, factor: content.data[0] };
  }
  return undefined;
}

function floatOf(attribute: Attribute | undefined): number {
  return attribute === undefined ? 1 : (attribute as { float: number }).float;
}

function productOf({ operator, inputs, attributes, outputs }: Node): Product | undefined {
  const [a, b] = inputs as Tensor[];
  const known = operator === "MatMul" || operator === "FusedMatMul" || (operator === "Gemm" && !inputs[2]);
  if (!known || outputs[0].dtype !== "float32" || a.shape.length < 2 || b.shape.length < 2) return undefined;
  const { transA = 0, transB = 0, alpha } = attributes;
  return { a, b, transA: transA === 1, transB: transB === 1, alpha: floatOf(alpha) };
}

function reshapeOf({ inputs, attributes, outputs }: Node, x: Tensor): Tensor {
  return createNode("Reshape", [x, inputs[1]], attributes, outputs).outputs[0];
}

/** A reshaped tensor without the scalar factor that it was multiplied with before. */
function scaledBelowReshape(node: Node): { tensor: Tensor; factor: number } | undefined {
  const scale = node.operator === "Reshape" ? scaled(node.inputs[0]!.node) : undefined;
  return scale && { tensor: reshapeOf(node, scale.tensor), factor: scale.factor };
}

/** The operand below transpositions and scalar factors. */
function unwrap(operand: Tensor): { tensor: Tensor; transposed: boolean; factor: number } {
  let [tensor, transposed, factor] = [operand, false, 1];
  for (;;) {
    const scale = scaled(tensor.node);
    if (swapsLast(tensor.node)) {
      transposed = !transposed;
      tensor = tensor.node.inputs[0]!;
    } else if (scale) {
      factor *= scale.factor;
      tensor = scale.tensor;
    } else {
      const reshaped = scaledBelowReshape(tensor.node);
      if (!reshaped) return { tensor, transposed, factor };
      factor *= reshaped.factor;
      tensor = reshaped.tensor;
    }
  }
}

function withOperandsUnwrapped({ a, b, transA, transB, alpha }: Product): Product {
  const [left, right] = [unwrap(a), unwrap(b)];
  return {
    a: left.tensor,
    b: right.tensor,
    transA: transA !== left.transposed,
    transB: transB !== right.transposed,
    alpha: alpha * left.factor * right.factor,
  };
}

function write({ a, b, transA, transB, alpha }: Product, output: Tensor): Tensor {
  const isPlain = !transA && !transB && alpha === 1;
  const isMatrices = a.shape.length === 2 && b.shape.length === 2;
  const operator = isPlain ? "MatMul" : isMatrices ? "Gemm" : "FusedMatMul";
  const attributes: Record<string, Attribute> = isPlain
    ? {}
    : { transA: Number(transA), transB: Number(transB), alpha: { float: alpha } };
  const domain = operator === "FusedMatMul" ? "com.microsoft" : "";
  return createNode(operator, [a, b], attributes, [output], { domain, names: [output.name] }).outputs[0];
}

/** What a tensor is when nothing but a product, and shapes given to it, stands between its factor and the operands. */
function timesFactor(tensor: Tensor, factor: number, isOnlyUse: (tensor: Tensor) => boolean): Tensor | undefined {
  if (!isOnlyUse(tensor)) return undefined;
  const product = productOf(tensor.node);
  if (product) return write({ ...product, alpha: product.alpha * factor }, tensor);
  if (tensor.node.operator !== "Reshape") return undefined;
  const inner = timesFactor(tensor.node.inputs[0]!, factor, isOnlyUse);
  return inner && reshapeOf(tensor.node, inner);
}

/** What takes the place of a node's output, if it is a product or can become part of one. */
function fused(node: Node, isOnlyUse: (tensor: Tensor) => boolean): Tensor | undefined {
  const [output] = node.outputs;
  const own = productOf(node);
  if (own) {
    const unwrapped = withOperandsUnwrapped(own);
    return unwrapped.a === own.a && unwrapped.b === own.b ? undefined : write(unwrapped, output);
  }
  const scale = scaled(node);
  if (scale) return timesFactor(scale.tensor, scale.factor, isOnlyUse);
  const [x] = node.inputs;
  const product = swapsLast(node) && isOnlyUse(x!) ? productOf(x!.node) : undefined;
  return (
    product &&
    write({ ...product, a: product.b, b: product.a, transA: !product.transB, transB: !product.transA }, output)
  );
}

/** The same outputs, computed with fused products. */
export function fuseProducts(outputs: readonly Tensor[]): Tensor[] {
  const order = reachable(outputs);
  const uses = new Map<Tensor, number>();
  for (const tensor of [...order.flatMap(({ inputs }) => inputs), ...outputs])
    if (tensor) uses.set(tensor, (uses.get(tensor) ?? 0) + 1);
  const replaced = new Map<Tensor, Tensor>();
  const put = (old: Tensor, tensor: Tensor) => {
    replaced.set(old, tensor);
    uses.set(tensor, uses.get(old) ?? 0);
  };
  const now = (tensor: Tensor | undefined) => tensor && (replaced.get(tensor) ?? tensor);
  for (const node of order) {
    if (node.inputs.length === 0) continue;
    const inputs = node.inputs.map(now);
    const isChanged = inputs.some((tensor, i) => tensor !== node.inputs[i]);
    const names = node.outputs.map(({ name }) => name);
    const current = isChanged
      ? createNode(node.operator, inputs, node.attributes, node.outputs, { domain: node.domain, names })
      : node;
    const product = fused(current, (tensor) => uses.get(tensor) === 1);
    if (product) put(node.outputs[0], product);
    else if (isChanged) for (const [i, old] of node.outputs.entries()) put(old, current.outputs[i]);
  }
  return outputs.map((tensor) => now(tensor)!);
}
