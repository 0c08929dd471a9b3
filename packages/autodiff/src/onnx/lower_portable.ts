/**
 * ONNX Runtime's own operators in terms of plain ONNX, for models that older or other runtimes shall read, and for
 * devices whose kernels do less: the WebGPU provider of ONNX Runtime 1.30 leaves SimplifiedLayerNormalization's second
 * output, which the gradient needs, unwritten.
 *
 * @module
 */
import type { Node } from "../ir/tensor.ts";
import type { GraphWriter, Lowering } from "./graph_writer.ts";

/** x · cos − rotate(x) · sin, where rotate exchanges the halves of a head: see `rotary`. */
function lowerRotaryEmbedding(
  writer: GraphWriter,
  { attributes }: Node,
  [x, positions, cosines, sines]: string[],
  [output]: string[],
): void {
  if (attributes.interleaved) throw new TypeError("Cannot lower RotaryEmbedding: interleaved pairs are not supported");
  // [positions, half] → [batch, 1, time, half]. Equal ones of several layers are merged by the runtime.
  const rows = (table: string) =>
    writer.write("Unsqueeze", [writer.write("Gather", [table, positions], { axis: 0 }), writer.integers(1)]);
  const [cos, sin] = [rows(cosines), rows(sines)];
  const halves = [writer.fresh("half"), writer.fresh("half")];
  writer.write("Split", [x], { axis: -1, num_outputs: 2 }, halves);
  const times = (a: string, b: string) => writer.write("Mul", [a, b]);
  const first = writer.write("Sub", [times(halves[0], cos), times(halves[1], sin)]);
  const second = writer.write("Add", [times(halves[1], cos), times(halves[0], sin)]);
  writer.write("Concat", [first, second], { axis: -1 }, [output]);
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
  const { dtype } = node.inputs[0]!;
  const scalar = (value: number) => writer.constant({ dtype, shape: [], data: [value] });
  const { float: epsilon } = (node.attributes.epsilon as { float: number } | undefined) ?? { float: 1e-5 };
  const square = writer.write("Pow", [x, scalar(2)]);
  const mean = writer.write("ReduceMean", [square, writer.integers(-1)], { keepdims: 1 });
  const root = writer.write("Sqrt", [writer.write("Add", [mean, scalar(epsilon)])]);
  writer.write("Mul", [writer.write("Div", [x, root]), weight], {}, [output]);
  if (writer.isUsed(node.outputs[1])) writer.write("Reciprocal", [root], {}, [inverse]);
}

/** Lowerings by operator. */
export const portableLowerings: Record<string, Lowering> = {
  RotaryEmbedding: lowerRotaryEmbedding,
  SimplifiedLayerNormalization: lowerSimplifiedLayerNormalization,
};
