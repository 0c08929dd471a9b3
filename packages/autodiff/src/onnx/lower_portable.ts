/**
 * ONNX Runtime's own operators in terms of plain ONNX, for models that older or other runtimes shall read, and for
 * devices whose kernels do less. The WebGPU provider of ONNX Runtime 1.30 leaves SimplifiedLayerNormalization's second
 * output, which the gradient needs, unwritten, and cannot take a power whose operands are stretched along the last axis.
 *
 * @module
 */
import { isUnknown } from "../infer/broadcast.ts";
import type { Node } from "../ir/tensor.ts";
import type { GraphWriter, Lowering } from "./graph_writer.ts";

/** A number of the type that the node's first input has. */
function scalarOf(writer: GraphWriter, { inputs: [x] }: Node, value: number): string {
  return writer.constant({ dtype: x!.dtype, shape: [], data: [value] });
}

function floatAttribute({ attributes }: Node, name: string, otherwise: number): number {
  return (attributes[name] as { float: number } | undefined)?.float ?? otherwise;
}

/**
 * x · cos − rotate(x) · sin, where rotate exchanges the halves of a head (see `rotary`), or, interleaved, neighbours.
 * x [batch, heads, time, head size], positions [batch, time].
 */
function lowerRotaryEmbedding(
  writer: GraphWriter,
  { attributes, inputs }: Node,
  [x, positions, cosines, sines]: string[],
  [output]: string[],
): void {
  if (inputs[0]!.shape.length !== 4 || inputs[1]!.shape.length !== 2 || attributes.rotary_embedding_dim) {
    throw new TypeError(
      "Cannot lower RotaryEmbedding: expected x [batch, heads, time, head size], a position for each token, and whole heads",
    );
  }
  // [positions, half] → [batch, 1, time, half]. Equal ones of several layers are merged by the runtime.
  const rows = (table: string) =>
    writer.write("Unsqueeze", [writer.write("Gather", [table, positions], { axis: 0 }), writer.integers(1)]);
  const [cos, sin] = [rows(cosines), rows(sines)];
  const parts = [writer.fresh("half"), writer.fresh("half")];
  const axis = writer.integers(-1);
  if (attributes.interleaved) {
    const pairs = writer.write("Reshape", [x, writer.integers(0, 0, 0, -1, 2)]);
    const columns = [writer.fresh("column"), writer.fresh("column")];
    writer.write("Split", [pairs], { axis: -1, num_outputs: 2 }, columns);
    columns.forEach((column, i) => {
      writer.write("Squeeze", [column, axis], {}, [parts[i]]);
    });
  } else writer.write("Split", [x], { axis: -1, num_outputs: 2 }, parts);
  const times = (a: string, b: string) => writer.write("Mul", [a, b]);
  const first = writer.write("Sub", [times(parts[0], cos), times(parts[1], sin)]);
  const second = writer.write("Add", [times(parts[1], cos), times(parts[0], sin)]);
  if (attributes.interleaved) {
    const columns = [first, second].map((part) => writer.write("Unsqueeze", [part, axis]));
    const pairs = writer.write("Concat", columns, { axis: -1 });
    writer.write("Reshape", [pairs, writer.integers(0, 0, 0, -1)], {}, [output]);
  } else writer.write("Concat", [first, second], { axis: -1 }, [output]);
}

/**
 * x / √(mean x² + ε) · w. Written as Hugging Face's exporters do it, so that ONNX Runtime recognises it and uses its
 * fused kernel where nobody asks for the second output, 1/√(mean x² + ε).
 */
function lowerSimplifiedLayerNormalization(
  writer: GraphWriter,
  node: Node,
  [x, weight]: string[],
  [output, inverse]: string[],
): void {
  const scalar = (value: number) => scalarOf(writer, node, value);
  const square = writer.write("Pow", [x, scalar(2)]);
  const mean = writer.write("ReduceMean", [square, writer.integers(-1)], { keepdims: 1 });
  const root = writer.write("Sqrt", [writer.write("Add", [mean, scalar(floatAttribute(node, "epsilon", 1e-5))])]);
  writer.write("Mul", [writer.write("Div", [x, root]), weight], {}, [output]);
  if (writer.isUsed(node.outputs[1])) writer.write("Reciprocal", [root], {}, [inverse]);
}

/** x Φ(x) = x (1 + erf(x/√2)) / 2, as Hugging Face's exporters write it. */
function lowerGelu(writer: GraphWriter, node: Node, [x]: string[], [output]: string[]): void {
  if (node.attributes.approximate === "tanh") {
    lowerFastGelu(writer, node, [x], [output]);
    return;
  }
  const scalar = (value: number) => scalarOf(writer, node, value);
  const erf = writer.write("Erf", [writer.write("Div", [x, scalar(Math.SQRT2)])]);
  const twice = writer.write("Mul", [x, writer.write("Add", [erf, scalar(1)])]);
  writer.write("Mul", [twice, scalar(0.5)], {}, [output]);
}

/** x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, of x + bias where there is a bias. */
function lowerFastGelu(writer: GraphWriter, node: Node, [input, bias]: string[], [output]: string[]): void {
  const scalar = (value: number) => scalarOf(writer, node, value);
  const x = bias ? writer.write("Add", [input, bias]) : input;
  const cube = writer.write("Mul", [writer.write("Mul", [x, x]), x]);
  const inner = writer.write("Add", [x, writer.write("Mul", [cube, scalar(0.044715)])]);
  const tanh = writer.write("Tanh", [writer.write("Mul", [inner, scalar(Math.sqrt(2 / Math.PI))])]);
  const half = writer.write("Mul", [x, scalar(0.5)]);
  writer.write("Mul", [half, writer.write("Add", [tanh, scalar(1)])], {}, [output]);
}

/** x σ(αx) */
function lowerQuickGelu(writer: GraphWriter, node: Node, [x]: string[], [output]: string[]): void {
  const scaled = writer.write("Mul", [x, scalarOf(writer, node, floatAttribute(node, "alpha", 1.702))]);
  writer.write("Mul", [x, writer.write("Sigmoid", [scaled])], {}, [output]);
}

/** xʸ with operands that are stretched along the last axis brought to the result's shape beforehand. */
function lowerPow(writer: GraphWriter, node: Node, names: string[], [output]: string[]): void {
  const { shape } = node.outputs[0];
  const whole = names.map((name, i) => {
    const last = node.inputs[i]!.shape.at(-1);
    if (last !== 1 || shape.at(-1) === 1 || shape.some(isUnknown)) return name;
    return writer.write("Expand", [name, writer.sizes(shape)]);
  });
  writer.write("Pow", whole, {}, [output]);
}

/** Lowerings by operator. */
export const portableLowerings: Record<string, Lowering> = {
  FastGelu: lowerFastGelu,
  Gelu: lowerGelu,
  Pow: lowerPow,
  QuickGelu: lowerQuickGelu,
  RotaryEmbedding: lowerRotaryEmbedding,
  SimplifiedLayerNormalization: lowerSimplifiedLayerNormalization,
};
