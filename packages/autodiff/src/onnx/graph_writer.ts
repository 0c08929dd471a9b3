/**
 * Writes the nodes of one ONNX graph: names everything, merges equal constants, and computes symbolic sizes from the
 * shapes of the inputs.
 *
 * @module
 */
import { ONNX_DTYPES } from "../infer/elementwise.ts";
import { type Dim, symbolsOf, termsOf } from "../ir/dims.ts";
import { type Attribute, type ConstantData, describe, type Node, type Tensor } from "../ir/tensor.ts";
import type { AttributeProto, GraphProto, NodeProto, TensorProto } from "./proto.ts";
import { toBytes } from "./tensor_data.ts";

/** A dictionary of lowerings: what to write instead of a node, given the writer and the names of inputs and outputs. */
export type Lowering = (writer: GraphWriter, node: Node, inputs: string[], outputs: string[]) => void;

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
