/**
 * The intermediate representation: symbolic tensors and the nodes that produce them. A graph is not an object of its
 * own; it is whatever can be reached from its outputs. Nodes are numbered as they are made, so ascending `id` is a
 * topological order.
 *
 * @module
 */
import { type Dim, type Shape, sizeOf } from "./dims.ts";

/** Element types that graphs may contain. */
export type DType = "float32" | "float64" | "float16" | "int64" | "int32" | "uint8" | "bool";

/** Values of an attribute of an operator. */
export type Attribute = number | string | readonly number[] | { float: number } | ConstantData | Unread;

/** An attribute of an imported node that is only passed on: a subgraph, or a list of floats or strings. */
export interface Unread {
  readonly proto: unknown;
}

/** The content of a constant: int64 data are kept as numbers, which must be safe integers. */
export interface ConstantData {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** One use of an operator. Leaves use the operators `"Input"` and `"Constant"`, which never reach an ONNX file as nodes. */
export interface Node {
  readonly id: number;
  readonly operator: string;
  /** Operator set the operator belongs to: `""` is ONNX itself, `"com.microsoft"` ONNX Runtime's. */
  readonly domain: string;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly outputs: readonly Tensor[];
}

/** A symbolic tensor: the output of a node. */
export interface Tensor {
  readonly node: Node;
  readonly index: number;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Given for inputs and, by an imported model, for everything. */
  readonly name?: string;
  /** For small integer tensors whose content is known while the graph is built: that content, flattened. */
  readonly value?: readonly Dim[];
}

/** What shape inference says of one output. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly value?: readonly Dim[];
}

let nextId = 0;

/** The id that the next node will get: nodes made from now on have this id or a higher one. */
export function currentId(): number {
  return nextId;
}

/** Makes a node whose output types are known. Builders in `ops/` infer them; nothing else should call this. */
export function createNode(
  operator: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Readonly<Record<string, Attribute>>,
  types: readonly TensorType[],
  { domain = "", names }: { domain?: string; names?: readonly (string | undefined)[] } = {},
): Node {
  const outputs: Tensor[] = [];
  const node: Node = { id: nextId++, operator, domain, inputs, attributes, outputs };
  types.forEach((type, index) => {
    // Types may come from another node's outputs: only what belongs to the type is taken over.
    const { dtype, shape, value } = type;
    outputs.push({ node, index, dtype, shape, value, name: names?.[index] });
  });
  return node;
}

/**
 * A value that is given when the graph runs: data, or a weight.
 *
 * ```ts
 * import { input } from "@gradus/autodiff";
 * const tokens = input("tokens", "int32", ["batch", 128]);
 * ```
 */
export function input(name: string, dtype: DType, shape: Shape): Tensor {
  return createNode("Input", [], {}, [{ dtype, shape }], { names: [name] }).outputs[0];
}

/**
 * A value that is part of the graph. `data` is flat and row-major. `value` says what an integer constant stands for
 * when that is more than its numbers: a Reshape's −1 with the symbolic size it will turn out to be.
 */
export function constant(
  data: ArrayLike<number>,
  shape: readonly number[],
  dtype: DType,
  { name, value }: { name?: string; value?: readonly Dim[] } = {},
): Tensor {
  const size = sizeOf(shape);
  if (data.length !== size) {
    throw new RangeError(`Cannot make a constant of shape [${shape}]: expected ${size} elements, found ${data.length}`);
  }
  const isIndex = (dtype === "int64" || dtype === "int32") && data.length <= 64;
  const known = value ?? (isIndex ? Array.from(data) : undefined);
  const content: ConstantData = { dtype, shape, data };
  return createNode("Constant", [], { value: content }, [{ dtype, shape, value: known }], { names: [name] }).outputs[0];
}

/** A constant without dimensions. */
export function scalar(value: number, dtype: DType = "float32"): Tensor {
  return constant([value], [], dtype);
}

/** True for graph inputs. */
export function isInput(tensor: Tensor): boolean {
  return tensor.node.operator === "Input";
}

/** The content of a constant, or `undefined` for anything else. */
export function constantOf(tensor: Tensor): ConstantData | undefined {
  return tensor.node.operator === "Constant" ? (tensor.node.attributes.value as ConstantData) : undefined;
}

/** True for element types that carry gradients. */
export function isFloat(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float64" || dtype === "float16";
}

/** `float32 [batch, 128]`, for messages. */
export function describe(tensor: Pick<Tensor, "dtype" | "shape" | "name">): string {
  return `${tensor.name ? `${tensor.name}: ` : ""}${tensor.dtype} [${tensor.shape.join(", ")}]`;
}

/** Every node that the outputs depend on, in topological order. */
export function reachable(outputs: readonly Tensor[]): Node[] {
  const seen = new Set<Node>();
  const stack = outputs.map((tensor) => tensor.node);
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    for (const tensor of node.inputs) if (tensor && !seen.has(tensor.node)) stack.push(tensor.node);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}
