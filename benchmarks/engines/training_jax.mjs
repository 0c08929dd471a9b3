// The training step on jax-js, its WebAssembly backend, compiled by `jit`. Needs Deno, for worker threads and relaxed SIMD,
// or at least Node 22. Argument: directory. jax-js takes as many threads as there are cores.
import process from "node:process";
import { defaultDevice, init, jit, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { serve } from "../lib/engine.mjs";
import { readInputs } from "../lib/gpt_inputs.mjs";

await init("wasm");
defaultDevice("wasm");
const { sizes, parameters, inputs, targets } = readInputs(process.argv[2]);
const { batch, time, width, layers, heads, vocabulary, learningRate } = sizes;

// An array is given away when it is passed on; `.ref` keeps it.
const layerNorm = (x, weight) => nn.standardize(x, -1, { epsilon: 1e-5 }).mul(weight);
const toHeads = (x) => x.reshape([batch, time, heads, width / heads]);

function lossOf(weight, tokens, labels) {
  let x = np.take(weight.embedding, tokens, 0).add(weight.positions);
  for (let i = 0; i < layers; i++) {
    const normed = layerNorm(x.ref, weight[`norm1.${i}`]);
    const query = toHeads(np.matmul(normed.ref, weight[`query.${i}`]));
    const key = toHeads(np.matmul(normed.ref, weight[`key.${i}`]));
    const value = toHeads(np.matmul(normed, weight[`value.${i}`]));
    const attended = nn.dotProductAttention(query, key, value, { isCausal: true }).reshape([batch, time, width]);
    x = x.add(np.matmul(attended, weight[`output.${i}`]));
    const up = np.matmul(layerNorm(x.ref, weight[`norm2.${i}`]), weight[`up.${i}`]);
    x = x.add(np.matmul(up.ref.mul(nn.sigmoid(up.mul(1.702))), weight[`down.${i}`]));
  }
  const logits = np.matmul(layerNorm(x, weight.norm), weight.head);
  return nn.logSoftmax(logits, -1).mul(nn.oneHot(labels, vocabulary)).sum(-1).mean().mul(-1);
}

const step = jit((weight, tokens, labels) => {
  const [loss, gradients] = valueAndGrad(lossOf)(tree.ref(weight), tokens, labels);
  return [loss, tree.map((w, g) => w.sub(g.mul(learningRate)), weight, gradients)];
});

const array = (data, shape) => np.array(data).reshape(shape);
let weight = Object.fromEntries(
  Object.entries(parameters).map(([name, { data, shape }]) => [name, array(data, shape)]),
);
const tokens = array(inputs, [batch, time]);
const labels = array(targets, [batch, time]);

await serve(async ({ steps }) => {
  const losses = [];
  const start = performance.now();
  for (let i = 0; i < steps; i++) {
    const [loss, next] = step(weight, tokens.ref, labels.ref);
    weight = next;
    losses.push((await loss.data())[0]);
  }
  return { losses, seconds: (performance.now() - start) / 1000 };
});
