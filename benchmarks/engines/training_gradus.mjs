// The training step on `@gradus/autodiff`: forward, backward and descent are one graph. Arguments: directory, threads.
import * as ad from "@gradus/autodiff";
import { serve } from "../lib/engine.mjs";
import { readInputs } from "../lib/gpt_inputs.mjs";

const [directory, threads] = process.argv.slice(2);
const { sizes, parameters, inputs, targets } = readInputs(directory);
const { batch, time, width, layers, heads, learningRate } = sizes;
const names = Object.keys(parameters);
const weight = Object.fromEntries(names.map((name) => [name, ad.input(name, "float32", parameters[name].shape)]));
const tokens = ad.input("inputs", "int32", [batch, time]);
const labels = ad.input("targets", "int32", [batch, time]);

const bias = ad.maskBias(ad.causalMask(time, time));
const toHeads = (x) => ad.transpose(ad.reshape(x, [batch, time, heads, width / heads]), [0, 2, 1, 3]);
let x = ad.add(ad.gather(weight.embedding, tokens), weight.positions);
for (let i = 0; i < layers; i++) {
  const normed = ad.layerNorm(x, weight[`norm1.${i}`]);
  const [query, key, value] = ["query", "key", "value"].map((part) =>
    toHeads(ad.matmul(normed, weight[`${part}.${i}`])),
  );
  const attended = ad.attend(ad.mul(query, 1 / Math.sqrt(width / heads)), key, value, bias);
  const joined = ad.reshape(ad.transpose(attended, [0, 2, 1, 3]), [batch, time, width]);
  x = ad.add(x, ad.matmul(joined, weight[`output.${i}`]));
  const up = ad.matmul(ad.layerNorm(x, weight[`norm2.${i}`]), weight[`up.${i}`]);
  x = ad.add(x, ad.matmul(ad.swish(up, 1.702), weight[`down.${i}`]));
}
const loss = ad.crossEntropy(ad.matmul(ad.layerNorm(x, weight.norm), weight.head), labels);

const gradients = ad.gradients(
  loss,
  names.map((name) => weight[name]),
);
const outputs = { loss };
names.forEach((name, i) => {
  outputs[`new ${name}`] = ad.sub(weight[name], ad.mul(gradients[i], learningRate));
});
const session = await ad.openSession(ad.buildModel({ outputs }), { threads: Number(threads) });
const feeds = {
  ...parameters,
  inputs: { data: inputs, shape: [batch, time] },
  targets: { data: targets, shape: [batch, time] },
};

// Weights change places between two sets of memory.
const next = Object.fromEntries(
  names.map((name) => [`new ${name}`, { ...parameters[name], data: new Float32Array(parameters[name].data.length) }]),
);

await serve(async ({ steps }) => {
  const losses = [];
  const start = performance.now();
  for (let step = 0; step < steps; step++) {
    const results = await session.run(feeds, undefined, next);
    for (const name of names) [feeds[name], next[`new ${name}`]] = [next[`new ${name}`], feeds[name]];
    losses.push(results.loss.data[0]);
  }
  return { losses, seconds: (performance.now() - start) / 1000 };
});
