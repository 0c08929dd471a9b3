// Causal attention with its gradient in jax-js, compiled by `jit`: on WebGPU where there is an adapter, else WebAssembly.
import { defaultDevice, init, jit, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { serve } from "../lib/engine.mjs";

const devices = await init();
const device = devices.includes("webgpu") ? "webgpu" : "wasm";
defaultDevice(device);

await serve(async ({ heads, time, rounds, query, keys, values }) => {
  const { queryHeads, kvHeads, headDim } = heads;
  const make = (seed, count) => {
    let state = seed;
    const data = Float32Array.from({ length: time * count * headDim }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 31 - 1;
    });
    return np.array(data).reshape([1, time, count, headDim]);
  };
  const inputs = [make(query, queryHeads), make(keys, kvHeads), make(values, kvHeads)];
  const attention = ([q, k, v]) => nn.dotProductAttention(q, k, v, { isCausal: true });
  const forward = jit(attention);
  const both = jit((all) => valueAndGrad((all) => attention(all).sum())(all));
  const times = { forward: [], both: [] };
  let sample;
  for (let round = -2; round < rounds; round++) {
    let start = performance.now();
    const output = await forward(tree.ref(inputs)).data();
    if (round >= 0) times.forward.push(performance.now() - start);
    sample = [...output.slice(-4)];
    start = performance.now();
    const [value, gradients] = both(tree.ref(inputs));
    await value.data();
    for (const gradient of gradients) await gradient.data();
    if (round >= 0) times.both.push(performance.now() - start);
  }
  return { device, ...times, sample };
});
