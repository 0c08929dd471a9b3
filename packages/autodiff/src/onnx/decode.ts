/**
 * From an ONNX file to a graph of symbolic tensors.
 *
 * @module
 */
import { isUnknown, unknownDim } from "../infer/broadcast.ts";
import { inference } from "../infer/mod.ts";
import { addDims, type Dim } from "../ir/dims.ts";
import { type Attribute, constant, createNode, input, type Tensor, type TensorType } from "../ir/tensor.ts";
import type { AttributeProto, GraphProto, NodeProto, ValueInfoProto } from "./proto.ts";
import { decodeModelProto } from "./proto_read.ts";
import { CAPTURED, capturedNames } from "./subgraph.ts";
import { dtypeOf, fromProto } from "./tensor_data.ts";
import { type Use, upgrade } from "./upgrade.ts";

/** A graph that was read from a file, by the names that tensors have there. */
export interface ImportedModel {
  /** What has to be given when the model runs. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** What the file contains, weights as a rule, as constants. */
  readonly initializers: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Versions of the operator sets by domain; ONNX itself is `""`. */
  readonly opsets: Readonly<Record<string, number>>;
  /** Every tensor of the main graph. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** Operators in ONNX Runtime's domain that we know there. */
const MICROSOFT: ReadonlySet<string> = new Set(["RotaryEmbedding", "Gelu", "FastGelu", "QuickGelu"]);

/** A dimension as a file has it: a number, a polynomial of symbols, or any other name, which then stands for itself. */
function toDim(dim: number | string, where: string): Dim {
  if (typeof dim === "number") return dim >= 0 ? dim : unknownDim(where);
  if (dim === "") return unknownDim(where);
  const isPolynomial = dim
    .split(" + ")
    .every((term) => /^(-?\d+\*)?[A-Za-z_][\w.]*(\*[A-Za-z_][\w.]*)*$|^-?\d+$/.test(term));
  return isPolynomial
    ? addDims(dim, 0)
    : dim
        .replaceAll("*", "·")
        .replaceAll(" + ", "+")
        .replace(/^(?=-?\d)/, "_");
}

function typeOf({ name, elemType, shape }: ValueInfoProto): TensorType | undefined {
  if (!shape || elemType === 0) return undefined;
  return { dtype: dtypeOf(elemType), shape: shape.map((dim, axis) => toDim(dim, `${name}.${axis}`)) };
}

function toAttribute(attribute: AttributeProto): Attribute {
  if (attribute.i !== undefined) return attribute.i;
  if (attribute.f !== undefined) return { float: attribute.f };
  if (attribute.s !== undefined) return attribute.s;
  if (attribute.ints) return attribute.ints;
  if (attribute.t) return fromProto(attribute.t);
  return { proto: attribute };
}

/** `Constant` has its content in one of several attributes. */
function constantNode(node: NodeProto): Tensor {
  const [attribute] = node.attribute;
  const name = node.output[0];
  if (attribute?.t) {
    const { data, shape, dtype } = fromProto(attribute.t);
    return constant(data, shape, dtype, { name });
  }
  if (attribute?.i !== undefined) return constant([attribute.i], [], "int64", { name });
  if (attribute?.f !== undefined) return constant([attribute.f], [], "float32", { name });
  if (attribute?.ints) return constant(attribute.ints, [attribute.ints.length], "int64", { name });
  if (attribute?.floats) return constant(attribute.floats, [attribute.floats.length], "float32", { name });
  throw new TypeError(`Cannot read Constant "${name}": expected numbers, found ${attribute?.name ?? "no attribute"}`);
}

/** Reads the nodes of the main graph in the order of the file. */
class GraphReader {
  readonly tensors = new Map<string, Tensor>();
  readonly #declared = new Map<string, ValueInfoProto>();
  readonly #opsets: Readonly<Record<string, number>>;

  constructor(graph: GraphProto, opsets: Readonly<Record<string, number>>) {
    this.#opsets = opsets;
    for (const info of [...graph.valueInfo, ...graph.output]) this.#declared.set(info.name, info);
  }

  readNode(node: NodeProto): void {
    const made = node.opType === "Constant" && isOnnx(node.domain) ? [constantNode(node)] : this.#apply(node);
    node.output.forEach((name, i) => {
      if (name !== "") this.tensors.set(name, made[i]);
    });
  }

  #apply(node: NodeProto): readonly Tensor[] {
    const inputs = node.input.map((name) => (name === "" ? undefined : this.#tensor(name, node)));
    const attributes = Object.fromEntries(node.attribute.map((attribute) => [attribute.name, toAttribute(attribute)]));
    const domain = isOnnx(node.domain) ? "" : node.domain;
    const subgraphs = node.attribute.flatMap(({ g }) => g ?? []);
    const use: Use = { operator: node.opType, domain, inputs, attributes, outputs: node.output.length };
    if (subgraphs.length > 0) return this.#opaque(node, use, subgraphs);
    const upgraded = upgrade(use, this.#opsets[""] ?? 1);
    if (isTensors(upgraded)) return upgraded;
    const known = upgraded.domain === "" || (upgraded.domain === "com.microsoft" && MICROSOFT.has(upgraded.operator));
    if (!known || !Object.hasOwn(inference, upgraded.operator)) return this.#opaque(node, upgraded);
    return this.#infer(node, upgraded);
  }

  /** Shape inference; what it cannot know it may find in the file. */
  #infer(node: NodeProto, use: Use): readonly Tensor[] {
    const { operator, inputs, attributes, domain, outputs } = use;
    let types: readonly TensorType[];
    try {
      types = inference[operator]({ operator, inputs, attributes, outputs });
    } catch (error) {
      if (!(error instanceof TypeError) || !node.output.every((name) => name === "" || this.#typeOf(name))) throw error;
      return this.#opaque(node, use);
    }
    const refined = types.map((type, i) => {
      const declared = type.shape.some(isUnknown) ? this.#typeOf(node.output[i]) : undefined;
      if (declared?.shape.length !== type.shape.length) return type;
      return { ...type, shape: type.shape.map((dim, axis) => (isUnknown(dim) ? declared.shape[axis] : dim)) };
    });
    return createNode(operator, inputs, attributes, refined, { domain, names: namesOf(node) }).outputs;
  }

  /** A node about which only the file says what comes out of it. It can be run, and differentiated where a rule exists. */
  #opaque(
    node: NodeProto,
    { operator, domain, inputs, attributes }: Use,
    subgraphs: GraphProto[] = [],
  ): readonly Tensor[] {
    const types = node.output.map((name): TensorType => {
      if (name === "") return { dtype: "float32", shape: [] };
      const type = this.#typeOf(name);
      if (type) return type;
      const where = domain === "" ? operator : `${domain}.${operator}`;
      throw new TypeError(
        `Cannot read ${where}: the shape of its output "${name}" is neither known to us nor given in the file`,
      );
    });
    const captured = [...new Set(subgraphs.flatMap((graph) => [...capturedNames(graph)]))];
    const outer = captured.map((name) => this.#tensor(name, node));
    const all = outer.length > 0 ? { ...attributes, [CAPTURED]: { proto: captured } } : attributes;
    return createNode(operator, [...inputs, ...outer], all, types, { domain, names: namesOf(node) }).outputs;
  }

  output(name: string): Tensor {
    return this.#tensor(name, { opType: "output", name });
  }

  #typeOf(name: string): TensorType | undefined {
    const info = this.#declared.get(name);
    return info && typeOf(info);
  }

  #tensor(name: string, node: Pick<NodeProto, "opType" | "name">): Tensor {
    const tensor = this.tensors.get(name);
    if (!tensor)
      throw new SyntaxError(
        `Cannot read ONNX model: ${node.opType} "${node.name}" reads "${name}", which nothing before it makes`,
      );
    return tensor;
  }
}

function isOnnx(domain: string): boolean {
  return domain === "" || domain === "ai.onnx";
}

function isTensors(made: Use | readonly Tensor[]): made is readonly Tensor[] {
  return Array.isArray(made);
}

function namesOf(node: NodeProto): (string | undefined)[] {
  return node.output.map((name) => (name === "" ? undefined : name));
}

/**
 * Reads an ONNX file as a graph that can be extended, differentiated, and written again with `buildModel`. Older
 * operator sets are brought to the form of opset 18. What shape inference does not know is taken from the file; an
 * operator of which neither knows the outputs' shapes is a `TypeError` that names it, as are element types, local
 * functions and external data, which are not supported. Bytes that are no ONNX model are a `SyntaxError`.
 *
 * ```ts
 * import { buildModel, input, mul, readModel, sum } from "@gradus/autodiff";
 * const x = input("x", "float32", ["n"]);
 * const bytes = buildModel({ outputs: { square: mul(x, x) } });
 *
 * const { inputs, outputs } = readModel(bytes);
 * console.log(inputs.x.shape); // ["n"]
 * const extended = buildModel({ outputs: { ...outputs, total: sum(outputs.square) } });
 * ```
 */
export function readModel(bytes: Uint8Array): ImportedModel {
  const { graph, opsetImport } = decodeModelProto(bytes);
  const opsets: Record<string, number> = {};
  for (const { domain, version } of opsetImport) opsets[isOnnx(domain) ? "" : domain] = version;
  const reader = new GraphReader(graph, opsets);
  const initializers: [string, Tensor][] = graph.initializer.map((tensor) => {
    const { data, shape, dtype } = fromProto(tensor);
    return [tensor.name, constant(data, shape, dtype, { name: tensor.name })];
  });
  const given = new Set(graph.initializer.map(({ name }) => name));
  // Before IR version 4 every initializer was listed as an input too.
  const inputs = graph.input
    .filter(({ name }) => !given.has(name))
    .map((info): [string, Tensor] => {
      const type = typeOf(info);
      if (!type) throw new TypeError(`Cannot read input "${info.name}": expected a tensor with a known number of axes`);
      return [info.name, input(info.name, type.dtype, type.shape)];
    });
  for (const [name, tensor] of [...initializers, ...inputs]) reader.tensors.set(name, tensor);
  for (const node of graph.node) reader.readNode(node);
  return {
    inputs: Object.fromEntries(inputs),
    initializers: Object.fromEntries(initializers),
    outputs: Object.fromEntries(graph.output.map(({ name }) => [name, reader.output(name)])),
    opsets,
    tensors: reader.tensors,
  };
}
