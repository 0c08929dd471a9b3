/**
 * From a graph of symbolic tensors to an ONNX file: names everything, merges equal constants, computes symbolic sizes
 * from the shapes of the inputs, and lowers the operators that ONNX does not have.
 *
 * @module
 */
import { isUnknown } from "../infer/broadcast.ts";
import { ONNX_DTYPES } from "../infer/elementwise.ts";
import { type Dim, symbolsOf, termsOf } from "../ir/dims.ts";
import {
  type Attribute,
  type ConstantData,
  constantOf,
  describe,
  type Node,
  reachable,
  type Tensor,
  type Unread,
} from "../ir/tensor.ts";
import { portableLowerings } from "./lower_portable.ts";
import { lowerStreamedLogProbs, lowerStreamedLogProbsGradient } from "./lower_streamed.ts";
import {
  type AttributeProto,
  encodeModelProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "./proto.ts";
import { CAPTURED, renameCaptured } from "./subgraph.ts";
import { toBytes } from "./tensor_data.ts";

/** ONNX 1.13: what ONNX Runtime 1.14 (the one in `@xenova/transformers`) and everything newer can read. */
export const OPSET = 18;
const IR_VERSION = 8;

/** What to write. */
export interface ModelOptions {
  /** Outputs by the name they get. */
  outputs: Readonly<Record<string, Tensor>>;
  /** Inputs that become part of the file, by name: weights, as a rule. */
  initializers?: Readonly<Record<string, { shape: readonly number[]; data: Float32Array | Float64Array | Int32Array }>>;
  /** Order of the inputs; those not named follow in the order in which they were made. */
  inputs?: readonly Tensor[];
  name?: string;
  /** Use no operator of ONNX Runtime's own: see `lower_portable.ts`. Default false: they are faster. */
  portable?: boolean;
  /** Versions of operator sets by domain, for imported operators of which we know only the name. ONNX itself: at least 18. */
  opsets?: Readonly<Record<string, number>>;
}

/** A dictionary of lowerings: what to write instead of a node, given the writer and the names of inputs and outputs. */
export type Lowering = (writer: GraphWriter, node: Node, inputs: string[], outputs: string[]) => void;

const lowerings: Record<string, Lowering> = {
  StreamedLogProbs: lowerStreamedLogProbs,
  StreamedLogProbsGradient: lowerStreamedLogProbsGradient,
};

/** Writes nodes and constants of one ONNX graph. */
export class GraphWriter {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  readonly #names = new Map<Node, string[]>();
  readonly #constants = new Map<string, string>();
  readonly #sizes = new Map<string, string>();
  readonly #used = new Set<Tensor>();
  readonly #symbols: Map<string, { input: string; axis: number }>;
  #count = 0;

  readonly #taken: Set<string>;

  /**
   * `symbols` says at which axis of which input each symbolic size can be read off; `taken` are names that have been
   * given away.
   */
  constructor(symbols: Map<string, { input: string; axis: number }>, taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
    this.#symbols = symbols;
  }

  /** Says that some node or output of the graph reads these tensors. */
  markUsed(tensors: Iterable<Tensor | undefined>): void {
    for (const tensor of tensors) if (tensor) this.#used.add(tensor);
  }

  /** Whether {@linkcode markUsed} was told of this tensor. */
  isUsed(tensor: Tensor): boolean {
    return this.#used.has(tensor);
  }

  /** A name that nothing else has. */
  fresh(prefix: string): string {
    let name: string;
    do name = `${prefix}_${this.#count++}`;
    while (this.#taken.has(name));
    return name;
  }

  /** The name that a tensor brings along, if nothing else has it. */
  keepOrFresh(name: string | undefined, prefix: string): string {
    if (name === undefined || this.#taken.has(name)) return this.fresh(prefix);
    this.#taken.add(name);
    return name;
  }

  /** Name of a tensor whose node has been written. */
  nameOf(tensor: Tensor): string {
    const names = this.#names.get(tensor.node);
    if (!names) throw new Error(`tensor ${describe(tensor)} has no name yet`);
    return names[tensor.index];
  }

  /** Fixes the names of a node's outputs. Sizes that no input has can be read off here, once the node is written. */
  setNames(node: Node, names: string[]): void {
    this.#names.set(node, names);
    if (node.operator === "Input") return;
    node.outputs.forEach(({ shape }, i) => {
      shape.forEach((dim, axis) => {
        if (typeof dim === "string" && !this.#symbols.has(dim)) this.#symbols.set(dim, { input: names[i], axis });
      });
    });
  }

  /** Writes a node and returns the name of its first output. */
  write(
    opType: string,
    input: string[],
    attributes: Readonly<Record<string, Attribute | GraphProto>> = {},
    output: string[] = [this.fresh(opType)],
    domain = "",
  ): string {
    const attribute = Object.entries(attributes).map(([name, value]) => toAttribute(name, value));
    this.nodes.push({ name: `${opType}_${this.#count++}`, opType, domain, input, output, attribute });
    return output[0];
  }

  /** Name of a constant; equal small ones share one, unless they have a name of their own. */
  constant(content: ConstantData, ownName?: string): string {
    const key =
      content.data.length <= 1024 && ownName === undefined
        ? `${content.dtype}|${content.shape}|${Array.from(content.data)}`
        : undefined;
    const known = key && this.#constants.get(key);
    if (known) return known;
    const name = this.keepOrFresh(ownName, "constant");
    if (key) this.#constants.set(key, name);
    this.initializers.push({
      name,
      dims: [...content.shape],
      dataType: ONNX_DTYPES[content.dtype],
      rawData: toBytes(content),
    });
    return name;
  }

  /** A vector of integers as a constant. */
  integers(...values: number[]): string {
    return this.constant({ dtype: "int64", shape: [values.length], data: values });
  }

  /** A vector of sizes, computed from the shapes of the inputs as far as they are symbolic. */
  sizes(dims: readonly Dim[]): string {
    if (dims.every((dim) => typeof dim === "number")) return this.integers(...(dims as number[]));
    const parts = dims.map((dim) => this.#size(dim));
    return parts.length === 1 ? parts[0] : this.write("Concat", parts, { axis: 0 });
  }

  /** One size as a vector of length 1. */
  #size(dim: Dim): string {
    if (typeof dim === "number") return this.integers(dim);
    const known = this.#sizes.get(dim);
    if (known) return known;
    // A size made of symbols that are nowhere alone may still be an axis as a whole.
    const isComputable = symbolsOf(dim).every((symbol) => this.#symbols.has(symbol));
    if (!isComputable && this.#symbols.has(dim)) return this.#symbol(dim, dim);
    const terms = termsOf(dim).map(({ coefficient, symbols }) => {
      const factors = symbols.map((symbol) => this.#symbol(symbol, dim));
      if (coefficient !== 1 || factors.length === 0) factors.push(this.integers(coefficient));
      return factors.reduce((product, factor) => this.write("Mul", [product, factor]));
    });
    const name = terms.reduce((total, term) => this.write("Add", [total, term]));
    this.#sizes.set(dim, name);
    return name;
  }

  #symbol(symbol: string, dim: Dim): string {
    const source = this.#symbols.get(symbol);
    if (!source) throw new RangeError(`Cannot compute size "${dim}": no input has an axis of size "${symbol}"`);
    const known = this.#sizes.get(symbol);
    if (known) return known;
    const name = this.write("Shape", [source.input], { start: source.axis, end: source.axis + 1 });
    this.#sizes.set(symbol, name);
    return name;
  }
}

function toAttribute(name: string, value: Attribute | GraphProto): AttributeProto {
  if (typeof value === "number") return { name, i: value };
  if (typeof value === "string") return { name, s: value };
  if (Array.isArray(value)) return { name, ints: [...value] };
  if ("float" in value) return { name, f: value.float };
  if ("proto" in value) return value.proto as AttributeProto;
  if ("node" in value) return { name, g: value };
  const content = value as ConstantData;
  return {
    name,
    t: { name: "", dims: [...content.shape], dataType: ONNX_DTYPES[content.dtype], rawData: toBytes(content) },
  };
}

/** Where each symbol can be read off: the first input that has an axis of exactly that size. */
function symbolSources(inputs: readonly Tensor[]): Map<string, { input: string; axis: number }> {
  const sources = new Map<string, { input: string; axis: number }>();
  for (const tensor of inputs) {
    tensor.shape.forEach((dim, axis) => {
      if (typeof dim === "string" && !sources.has(dim)) sources.set(dim, { input: tensor.name!, axis });
    });
  }
  return sources;
}

/**
 * ONNX Runtime orders nodes by a depth-first search that begins at the last node without consumers. With the final
 * nodes in reverse, weight gradients are computed as soon as they can be, and what they need is freed.
 */
function finalNodesReversed(nodes: NodeProto[]): NodeProto[] {
  const consumed = new Set(nodes.flatMap((node) => node.input));
  const isFinal = (node: NodeProto) => !node.output.some((name) => consumed.has(name));
  return [...nodes.filter((node) => !isFinal(node)), ...nodes.filter(isFinal).reverse()];
}

function valueInfo(name: string, tensor: Tensor): ValueInfoProto {
  const shape = tensor.shape.map((dim) => (isUnknown(dim) ? "" : dim));
  return { name, elemType: ONNX_DTYPES[tensor.dtype], shape };
}

/**
 * Writes an ONNX model that computes `outputs`. Every input that they depend on becomes an input of the model, or an
 * initializer where its content is given.
 *
 * ```ts
 * import { buildModel, input, mul } from "@gradus/autodiff";
 * const x = input("x", "float32", ["n"]);
 * const bytes = buildModel({ outputs: { square: mul(x, x) } });
 * ```
 */
export function buildModel({
  outputs,
  initializers = {},
  inputs = [],
  name = "gradus",
  opsets = {},
  portable = false,
}: ModelOptions): Uint8Array {
  const tensors = Object.values(outputs);
  const order = reachable([...tensors, ...inputs]);
  const found = order.filter((node) => node.operator === "Input").map((node) => node.outputs[0]);
  const graphInputs = [...inputs, ...found.filter((tensor) => !inputs.includes(tensor))];
  const names = new Set<string>();
  for (const tensor of graphInputs) {
    if (names.has(tensor.name!)) throw new RangeError(`Cannot build model: two inputs are named "${tensor.name}"`);
    names.add(tensor.name!);
  }
  const sources = symbolSources(graphInputs.filter((tensor) => !(tensor.name! in initializers)));
  const writer = new GraphWriter(sources, [...names, ...Object.keys(outputs)]);

  writer.markUsed([...tensors, ...order.flatMap((node) => node.inputs)]);
  const lowered = portable ? { ...lowerings, ...portableLowerings } : lowerings;
  for (const node of order) writeNode(writer, node, lowered);
  for (const [outputName, tensor] of Object.entries(outputs))
    writer.write("Identity", [writer.nameOf(tensor)], {}, [outputName]);

  for (const [initializer, { shape, data }] of Object.entries(initializers)) {
    const tensor = graphInputs.find((candidate) => candidate.name === initializer);
    if (!tensor) throw new RangeError(`Cannot build model: initializer "${initializer}" is not an input of the graph`);
    if (tensor.shape.length !== shape.length || tensor.shape.some((dim, axis) => dim !== shape[axis])) {
      throw new RangeError(
        `Cannot build model: initializer "${initializer}" has shape [${shape}], expected [${tensor.shape}]`,
      );
    }
    const content = { dtype: tensor.dtype, shape, data };
    writer.initializers.push({
      name: initializer,
      dims: [...shape],
      dataType: ONNX_DTYPES[tensor.dtype],
      rawData: toBytes(content),
    });
  }
  return encodeModelProto({
    irVersion: IR_VERSION,
    producerName: "gradus",
    opsetImport: Object.entries({ "com.microsoft": 1, ...opsets, "": Math.max(OPSET, opsets[""] ?? 0) }).map(
      ([domain, version]) => ({ domain, version }),
    ),
    graph: {
      name,
      node: finalNodesReversed(writer.nodes),
      initializer: writer.initializers,
      input: graphInputs
        .filter((tensor) => !(tensor.name! in initializers))
        .map((tensor) => valueInfo(tensor.name!, tensor)),
      output: Object.entries(outputs).map(([outputName, tensor]) => valueInfo(outputName, tensor)),
      valueInfo: [],
    },
  });
}

/** Name of what needs no node of its own. */
function leafName(writer: GraphWriter, node: Node): string | undefined {
  const [output] = node.outputs;
  if (node.operator === "Input") return output.name!;
  if (node.operator === "Constant") return writer.constant(constantOf(output)!, output.name);
  if (node.operator === "Dims") return writer.sizes(output.value!);
  return undefined;
}

function writeNode(writer: GraphWriter, node: Node, lowered: Readonly<Record<string, Lowering>>): void {
  const leaf = leafName(writer, node);
  if (leaf !== undefined) {
    writer.setNames(node, [leaf]);
    return;
  }
  let inputs = node.inputs.map((tensor) => (tensor ? writer.nameOf(tensor) : ""));
  const { [CAPTURED]: captured, ...rest } = node.attributes;
  const attributes: Record<string, Attribute> = rest;
  if (captured) {
    const outer = (captured as { proto: string[] }).proto;
    const renamed = new Map(outer.map((name, i) => [name, inputs[inputs.length - outer.length + i]]));
    for (const [name, attribute] of Object.entries(attributes)) {
      const { g } = ((attribute as Unread).proto ?? {}) as AttributeProto;
      if (g) attributes[name] = { proto: { name, g: renameCaptured(g, renamed) } };
    }
    inputs = inputs.slice(0, -outer.length);
  }
  while (inputs.length > 0 && inputs[inputs.length - 1] === "") inputs.pop();
  const names = node.outputs.map(({ name }) => writer.keepOrFresh(name, node.operator));
  writer.setNames(node, names);
  const lower = lowered[node.operator];
  if (lower) lower(writer, node, inputs, names);
  else writer.write(node.operator, inputs, attributes, names, node.domain);
}
