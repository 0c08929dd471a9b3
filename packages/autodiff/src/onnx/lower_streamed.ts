/**
 * The streamed output head as ONNX `Scan` loops over chunks of tokens. One chunk's logits live at a time; the weight's
 * gradient is the loop's state.
 *
 * Names inside of a loop: h [chunk, D], y [chunk] targets, l [chunk, V] logits, logp = log softmax(l).
 *
 * @module
 */

import { ONNX_DTYPES } from "../infer/elementwise.ts";
import type { Node } from "../ir/tensor.ts";
import type { GraphWriter } from "./graph_writer.ts";
import type { GraphProto, NodeProto, ValueInfoProto } from "./proto.ts";
import { toBytes } from "./tensor_data.ts";

/** Collects the nodes of a loop's body. Names from outside (the weight) may be used as they are. */
class Body {
  readonly graph: GraphProto;
  readonly #prefix: string;
  #count = 0;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.graph = { name: prefix, node: [], initializer: [], input: [], output: [], valueInfo: [] };
  }
  write(
    opType: string,
    input: string[],
    attributes: NodeProto["attribute"] = [],
    output = `${this.#prefix}_${this.#count++}`,
  ): string {
    this.graph.node.push({
      name: `${output}_node`,
      opType,
      domain: "",
      input,
      output: [output],
      attribute: attributes,
    });
    return output;
  }
  integers(...values: number[]): string {
    const name = `${this.#prefix}_c${this.#count++}`;
    const rawData = toBytes({ dtype: "int64", shape: [values.length], data: values });
    this.graph.initializer.push({ name, dims: [values.length], dataType: 7, rawData });
    return name;
  }
  input(name: string, elemType: number): string {
    return this.#declare(this.graph.input, name, elemType);
  }
  output(value: string, elemType: number): void {
    const name = `${this.#prefix}_out${this.graph.output.length}`;
    this.write("Identity", [value], [], name);
    this.#declare(this.graph.output, name, elemType);
  }
  #declare(list: ValueInfoProto[], name: string, elemType: number): string {
    list.push({ name, elemType });
    return name;
  }
}

const LAST = { name: "axis", i: -1 };

/** [N, ..] → [chunks, chunk, ..], the last chunk filled with zeros. Returns the name of the result. */
function toChunks(writer: GraphWriter, input: string, chunk: number, tail: number[], zero: string): string {
  const size = writer.write("Shape", [input], { start: 0, end: 1 });
  const missing = writer.write("Mod", [writer.write("Neg", [size]), writer.integers(chunk)]);
  const zeros = writer.integers(...new Array(1 + tail.length).fill(0));
  const after = tail.length
    ? writer.write("Concat", [missing, writer.integers(...tail.map(() => 0))], { axis: 0 })
    : missing;
  const padded = writer.write("Pad", [input, writer.write("Concat", [zeros, after], { axis: 0 }), zero]);
  return writer.write("Reshape", [padded, writer.integers(-1, chunk, ...tail)]);
}

/** [chunks, chunk, ..] → [N, ..]: what was filled up is cut off again. `like` has N rows. */
function fromChunks(writer: GraphWriter, chunks: string, like: string, tail: number[], output: string): void {
  const flat = writer.write("Reshape", [chunks, writer.integers(-1, ...tail)]);
  const size = writer.write("Shape", [like], { start: 0, end: 1 });
  writer.write("Slice", [flat, writer.integers(0), size, writer.integers(0)], {}, [output]);
}

interface Parts {
  chunk: number;
  elemType: number;
  hiddenSize: number;
  zero: string;
  zeroIndex: string;
  indexType: number;
}

function partsOf(writer: GraphWriter, node: Node): Parts {
  const [hidden, , targets] = node.inputs;
  const { dtype } = hidden!;
  return {
    chunk: Number(node.attributes.chunk),
    elemType: ONNX_DTYPES[dtype],
    hiddenSize: Number(hidden!.shape[1]),
    zero: writer.constant({ dtype, shape: [], data: [0] }),
    zeroIndex: writer.constant({ dtype: targets!.dtype, shape: [], data: [0] }),
    indexType: ONNX_DTYPES[targets!.dtype],
  };
}

/** Forward: (log-probabilities [N], entropies [N]). */
export function lowerStreamedLogProbs(
  writer: GraphWriter,
  node: Node,
  [hidden, weight, targets]: string[],
  [logProbs, entropies]: string[],
): void {
  const { chunk, elemType, hiddenSize, zero, zeroIndex, indexType } = partsOf(writer, node);
  const body = new Body(writer.fresh("stream"));
  const h = body.input(`${body.graph.name}_h`, elemType);
  const y = body.input(`${body.graph.name}_y`, indexType);
  const logp = body.write("LogSoftmax", [body.write("MatMul", [h, weight])], [LAST]);
  const column = body.write("Unsqueeze", [y, body.integers(-1)]);
  const picked = body.write("GatherElements", [logp, column], [LAST]);
  body.output(body.write("Squeeze", [picked, body.integers(-1)]), elemType);
  const plogp = body.write("Mul", [body.write("Exp", [logp]), logp]);
  body.output(
    body.write("Neg", [body.write("ReduceSum", [plogp, body.integers(-1)], [{ name: "keepdims", i: 0 }])]),
    elemType,
  );

  const chunks = [toChunks(writer, hidden, chunk, [hiddenSize], zero), toChunks(writer, targets, chunk, [], zeroIndex)];
  const results = [writer.fresh("logprobs"), writer.fresh("entropies")];
  writer.write("Scan", chunks, { body: body.graph, num_scan_inputs: 2 }, results);
  fromChunks(writer, results[0], hidden, [], logProbs);
  fromChunks(writer, results[1], hidden, [], entropies);
}

/** Backward: (∂/∂ hidden [N, D], ∂/∂ weight [D, V]) from cotangents of the log-probabilities and, maybe, the entropies. */
export function lowerStreamedLogProbsGradient(
  writer: GraphWriter,
  node: Node,
  [hidden, weight, targets, gLogProbs, gEntropies]: string[],
  [gHidden, gWeight]: string[],
): void {
  const { chunk, elemType, hiddenSize, zero, zeroIndex, indexType } = partsOf(writer, node);
  const { dtype } = node.inputs[0]!;
  const body = new Body(writer.fresh("stream_gradient"));
  const state = body.input(`${body.graph.name}_state`, elemType);
  const h = body.input(`${body.graph.name}_h`, elemType);
  const y = body.input(`${body.graph.name}_y`, indexType);
  const c = body.input(`${body.graph.name}_c`, elemType);
  const e = gEntropies ? body.input(`${body.graph.name}_e`, elemType) : undefined;

  const column = (row: string) => body.write("Unsqueeze", [row, body.integers(-1)]);
  const logp = body.write("LogSoftmax", [body.write("MatMul", [h, weight])], [LAST]);
  const p = body.write("Exp", [logp]);
  // −c p, then + c at the target.
  let gLogits = body.write("Mul", [p, body.write("Neg", [column(c)])]);
  if (e) {
    const sum = body.write(
      "ReduceSum",
      [body.write("Mul", [p, logp]), body.integers(-1)],
      [{ name: "keepdims", i: 1 }],
    );
    const centred = body.write("Sub", [logp, sum]);
    gLogits = body.write("Sub", [gLogits, body.write("Mul", [body.write("Mul", [p, centred]), column(e)])]);
  }
  gLogits = body.write("ScatterElements", [gLogits, column(y), column(c)], [LAST, { name: "reduction", s: "add" }]);
  const update = body.write("Gemm", [h, gLogits], [{ name: "transA", i: 1 }]);
  body.output(body.write("Add", [state, update]), elemType);
  body.output(body.write("Gemm", [gLogits, weight], [{ name: "transB", i: 1 }]), elemType);

  const chunks = [
    toChunks(writer, hidden, chunk, [hiddenSize], zero),
    toChunks(writer, targets, chunk, [], zeroIndex),
    toChunks(writer, gLogProbs, chunk, [], zero),
    ...(gEntropies ? [toChunks(writer, gEntropies, chunk, [], zero)] : []),
  ];
  const initial = writer.write("ConstantOfShape", [writer.sizes(node.inputs[1]!.shape)], {
    value: { dtype, shape: [1], data: [0] },
  });
  const result = writer.fresh("hidden_chunks");
  writer.write("Scan", [initial, ...chunks], { body: body.graph, num_scan_inputs: chunks.length }, [gWeight, result]);
  fromChunks(writer, result, hidden, [hiddenSize], gHidden);
}
