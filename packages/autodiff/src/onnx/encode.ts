/**
 * From a graph of symbolic tensors to an ONNX file. Operators that ONNX does not have are lowered on the way.
 *
 * @module
 */
import { isUnknown } from "../infer/broadcast.ts";
import { ONNX_DTYPES } from "../infer/elementwise.ts";
import { type Attribute, constantOf, type Node, reachable, type Tensor, type Unread } from "../ir/tensor.ts";
import { fuseProducts } from "./fuse_products.ts";
import { GraphWriter, type Lowering } from "./graph_writer.ts";
import { lowerLogSumExp } from "./lower_log_sum_exp.ts";
import { portableLowerings } from "./lower_portable.ts";
import { lowerStreamedLogProbs, lowerStreamedLogProbsGradient } from "./lower_streamed.ts";
import type { AttributeProto, NodeProto, ValueInfoProto } from "./proto.ts";
import { encodeModelProto } from "./proto_write.ts";
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

const lowerings: Record<string, Lowering> = {
  ReduceLogSumExp: lowerLogSumExp,
  /** The third input, where each row went, is for the gradient only. */
  GatherRows: (writer, _node, [x, indices], outputs) => {
    writer.write("Gather", [x, indices], { axis: 0 }, outputs);
  },
  StreamedLogProbs: lowerStreamedLogProbs,
  StreamedLogProbsGradient: lowerStreamedLogProbsGradient,
};

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
 * nodes in reverse, weight gradients are computed as soon as they can be, and what they need is freed. `copies` give
 * outputs their names; the runtime takes them out, and then what they copy is final.
 */
function finalNodesReversed(nodes: readonly NodeProto[], copies: readonly NodeProto[]): NodeProto[] {
  const consumed = new Set(nodes.flatMap((node) => node.input));
  const isFinal = (node: NodeProto) => !node.output.some((name) => consumed.has(name));
  return [...nodes.filter((node) => !isFinal(node)), ...nodes.filter(isFinal).reverse(), ...copies];
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
  const tensors = portable ? Object.values(outputs) : fuseProducts(Object.values(outputs));
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
  const nodes = [...writer.nodes];
  const latestFirst = Object.keys(outputs)
    .map((outputName, i) => ({ outputName, tensor: tensors[i] }))
    .sort((a, b) => b.tensor.node.id - a.tensor.node.id);
  for (const { outputName, tensor } of latestFirst) writer.write("Identity", [writer.nameOf(tensor)], {}, [outputName]);
  const copies = writer.nodes.slice(nodes.length);

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
      node: finalNodesReversed(nodes, copies),
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
