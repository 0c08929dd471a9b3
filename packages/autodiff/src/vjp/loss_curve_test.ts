/** A tiny GPT, trained in one graph for forward, backward and SGD, against the losses that PyTorch computed. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { input, type Tensor } from "../ir/tensor.ts";
import { buildModel } from "../onnx/encode.ts";
import {
  add,
  apply,
  attend,
  causalMask,
  crossEntropy,
  gather,
  layerNorm,
  maskBias,
  matmul,
  mean,
  mul,
  neg,
  reshape,
  split,
  squeeze,
  streamedLogProbs,
  sub,
  transpose,
} from "../ops/mod.ts";
import { openSession, type TensorData } from "../session/session.ts";
import { checkpoint } from "./checkpoint.ts";
import { gradients } from "./gradients.ts";

const curve = JSON.parse(readFileSync(new URL("../../fixtures/loss_curve.json", import.meta.url), "utf8"));
const { vocabulary: V, size: D, heads, layers, time: T, batch: B, rate } = curve;
const losses: number[] = curve.losses;

function shapes(): Record<string, number[]> {
  const all: Record<string, number[]> = { tokens: [V, D], positions: [T, D] };
  for (let layer = 0; layer < layers; layer++) {
    const block = { norm1: [D], bias1: [D], qkv: [D, 3 * D], out: [D, D], norm2: [D], bias2: [D], up: [D, 4 * D] };
    for (const [name, shape] of Object.entries({ ...block, down: [4 * D, D] })) all[`${layer}.${name}`] = shape;
  }
  return { ...all, norm: [D], bias: [D], head: [D, V] };
}

/** Weights 0.3 sin(0.7 i + 0.3), counted through all parameters. */
function initialWeights(): Record<string, { data: Float32Array; shape: number[] }> {
  let count = 0;
  return Object.fromEntries(
    Object.entries(shapes()).map(([name, shape]) => {
      const size = shape.reduce((product, dim) => product * dim, 1);
      const data = Float32Array.from({ length: size }, () => 0.3 * Math.sin(0.7 * count++ + 0.3));
      return [name, { data, shape }];
    }),
  );
}

/** Inputs and targets, each [B, T], of the stream (7 i² + 3 i) mod V. */
function batch(): { inputs: TensorData; targets: TensorData } {
  const token = (row: number, at: number) => {
    const i = row * (T + 1) + at;
    return (7 * i * i + 3 * i) % V;
  };
  const cut = (offset: number) =>
    Int32Array.from({ length: B * T }, (_, i) => token(Math.floor(i / T), (i % T) + offset));
  return { inputs: { data: cut(0), shape: [B, T] }, targets: { data: cut(1), shape: [B, T] } };
}

function block(x: Tensor, w: (name: string) => Tensor): Tensor {
  const headSize = D / heads;
  const h = reshape(matmul(layerNorm(x, w("norm1"), w("bias1")), w("qkv")), ["batch", T, 3, heads, headSize]);
  const [q, k, v] = split(transpose(h, [2, 0, 3, 1, 4]), [1, 1, 1], 0).map((part) => squeeze(part, [0]));
  const mixed = attend(mul(q, 1 / Math.sqrt(headSize)), k, v, maskBias(causalMask(T, T)));
  x = add(x, matmul(reshape(transpose(mixed, [0, 2, 1, 3]), ["batch", T, D]), w("out")));
  return add(x, matmul(apply("Gelu", [matmul(layerNorm(x, w("norm2"), w("bias2")), w("up"))]), w("down")));
}

for (const variant of ["plain", "checkpointed and streamed"]) {
  test(`a tiny GPT has PyTorch's loss curve (${variant})`, async () => {
    const weights = Object.fromEntries(
      Object.entries(shapes()).map(([name, shape]) => [name, input(name, "float32", shape)]),
    );
    const [inputs, targets] = ["inputs", "targets"].map((name) => input(name, "int32", ["batch", T]));
    let x = add(gather(weights.tokens, inputs), weights.positions);
    for (let layer = 0; layer < layers; layer++) {
      const from = x;
      const build = () => block(from, (name) => weights[`${layer}.${name}`]);
      x = variant === "plain" ? build() : checkpoint(build);
    }
    x = layerNorm(x, weights.norm, weights.bias);
    const rows = reshape(x, [`${T}*batch`, D]);
    const labels = reshape(targets, [`${T}*batch`]);
    const loss =
      variant === "plain"
        ? crossEntropy(matmul(x, weights.head), targets)
        : neg(mean(streamedLogProbs(rows, weights.head, labels, { chunk: 5 }).logProbs));
    const names = Object.keys(weights);
    const updated = gradients(loss, Object.values(weights)).map((gradient, i) =>
      sub(weights[names[i]], mul(gradient, rate)),
    );
    const session = await openSession(
      buildModel({
        outputs: { loss, ...Object.fromEntries(updated.map((tensor, i) => [`next ${names[i]}`, tensor])) },
      }),
    );
    let state: Record<string, TensorData> = initialWeights();
    for (const [step, expected] of losses.entries()) {
      const results = await session.run({ ...state, ...batch() });
      const found = Number(results.loss.data[0]);
      assert.ok(Math.abs(found - expected) < 1e-4, `step ${step}: expected ${expected}, found ${found}`);
      state = Object.fromEntries(names.map((name) => [name, results[`next ${name}`]]));
    }
    await session.dispose();
  });
}
