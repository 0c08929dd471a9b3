// Causal attention with grouped queries in ONNX Runtime: its own operator GroupQueryAttention, on WebGPU.
import onnxProto from "onnx-proto";
import ort from "onnxruntime-node";
import { serve } from "../lib/engine.mjs";

const { onnx } = onnxProto;

/** A model of that one operator, without a past. */
function modelOf({ queryHeads, kvHeads }) {
  const value = (name, elemType) => ({ name, type: { tensorType: { elemType } } });
  const int = (name, i) => ({ name, type: onnx.AttributeProto.AttributeType.INT, i });
  return onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [
      { domain: "", version: 17 },
      { domain: "com.microsoft", version: 1 },
    ],
    graph: {
      name: "attention",
      node: [
        {
          opType: "GroupQueryAttention",
          domain: "com.microsoft",
          input: ["query", "keys", "values", "", "", "lengths", "total"],
          output: ["output", "presentKeys", "presentValues"],
          attribute: [int("num_heads", queryHeads), int("kv_num_heads", kvHeads)],
        },
      ],
      input: [value("query", 1), value("keys", 1), value("values", 1), value("lengths", 6), value("total", 6)],
      output: [value("output", 1)],
    },
  }).finish();
}

await serve(async ({ heads, time, rounds, query, keys, values }) => {
  const { queryHeads, kvHeads, headDim } = heads;
  const session = await ort.InferenceSession.create(modelOf(heads), { executionProviders: ["webgpu"] });
  const tensor = (seed, width) => {
    let state = seed;
    const data = Float32Array.from({ length: time * width }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 31 - 1;
    });
    return new ort.Tensor("float32", data, [1, time, width]);
  };
  const feeds = {
    query: tensor(query, queryHeads * headDim),
    keys: tensor(keys, kvHeads * headDim),
    values: tensor(values, kvHeads * headDim),
    lengths: new ort.Tensor("int32", Int32Array.of(time - 1), [1]),
    total: new ort.Tensor("int32", Int32Array.of(time), [1]),
  };
  const milliseconds = [];
  let output;
  for (let round = -2; round < rounds; round++) {
    const start = performance.now();
    ({ output } = await session.run(feeds));
    if (round >= 0) milliseconds.push(performance.now() - start);
  }
  return { milliseconds, sample: [...output.data.slice(-4)] };
});
