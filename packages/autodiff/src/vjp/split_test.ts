import assert from "node:assert/strict";
import { test } from "node:test";
import { input, type Tensor } from "../ir/tensor.ts";
import { buildModel } from "../onnx/encode.ts";
import { decodeModelProto } from "../onnx/proto_read.ts";
import { add, gather, matmul, reshape, rmsNorm, softmax, sum, swapLast, tanh, tokenLogProbs } from "../ops/mod.ts";
import { openSession, type TensorData } from "../session/session.ts";
import { checkpoint } from "./checkpoint.ts";
import { Numbers } from "./gradient_check_test_util.ts";
import { pullback } from "./gradients.ts";
import { splitGradients } from "./split.ts";

const [V, D, T, B] = [7, 4, 3, 2];
type Wrap = <T>(build: () => T) => T;
const plainly: Wrap = (build) => build();

/** A language model of two blocks, as small as it can be: log-probabilities and entropies of targets [B, T]. */
function network(wrap: Wrap) {
  const tokens = input("tokens", "int32", ["batch", T]);
  const targets = input("targets", "int32", ["batch", T]);
  const table = input("table", "float64", [V, D]);
  const scale = input("scale", "float64", [D]);
  const weights = [0, 1].map((i) => input(`w${i}`, "float64", [D, D]));
  let x = gather(table, tokens);
  for (const weight of weights) {
    const from = x;
    x = wrap(() => {
      const h = rmsNorm(from, scale);
      return add(from, tanh(matmul(matmul(softmax(matmul(h, swapLast(h))), h), weight)));
    });
  }
  const rows = reshape(x, [`${T}*batch`, D]);
  const outputs: Record<string, Tensor> = { ...tokenLogProbs(rows, swapLast(table), reshape(targets, [`${T}*batch`])) };
  return { outputs, wrt: { table, scale, w0: weights[0], w1: weights[1] } as Record<string, Tensor> };
}

function feeds(): Record<string, TensorData> {
  const numbers = new Numbers(11);
  const draw = (...shape: number[]) => ({
    data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => numbers.uniform(-1, 1)),
    shape,
  });
  const ids = () => ({ data: Int32Array.from({ length: B * T }, () => numbers.integer(0, V - 1)), shape: [B, T] });
  return { tokens: ids(), targets: ids(), table: draw(V, D), scale: draw(D), w0: draw(D, D), w1: draw(D, D) };
}

async function run(model: Uint8Array, data: Record<string, TensorData>) {
  const session = await openSession(model, { threads: 1 });
  const results = await session.run(data);
  await session.dispose();
  return results;
}

/** Σ of a clipped ratio and an entropy bonus: cotangents of log-probabilities and entropies, in plain JavaScript. */
function objective(logProbs: Float64Array): { logProbs: Float64Array; entropies: Float64Array } {
  return {
    logProbs: logProbs.map((value, i) => (i % 2 ? -1 : 1) * Math.exp(0.1 * value)),
    entropies: logProbs.map((_, i) => 0.01 * i),
  };
}

for (const [name, wrap] of Object.entries({ plain: plainly, checkpointed: checkpoint as Wrap })) {
  test(`forward, objective in JavaScript, backward equals the joint gradient (${name})`, async () => {
    const { outputs, wrt } = network(wrap);
    const { forward, backward, residuals } = splitGradients({ outputs, wrt });
    const first = await run(forward, feeds());
    assert.deepEqual(Object.keys(first).sort(), [...new Set([...Object.keys(outputs), ...residuals])].sort());
    const cotangents = objective(first.logProbs.data as Float64Array);
    const starts = Object.fromEntries(
      Object.entries(cotangents).map(([key, data]) => [`cotangent(${key})`, { data, shape: [B * T] }]),
    );
    const second = await run(backward, { ...feeds(), ...first, ...starts });

    const given = Object.keys(outputs).map((key) => input(`cotangent(${key})`, "float64", [`${T}*batch`]));
    const joint = pullback(
      Object.values(outputs).map((output, i) => ({ output, cotangent: given[i] })),
      Object.values(wrt),
    );
    const names = Object.keys(wrt);
    const model = buildModel({ outputs: Object.fromEntries(joint.map((tensor, i) => [`grad(${names[i]})`, tensor])) });
    const expected = await run(model, { ...feeds(), ...starts });
    for (const key of names) {
      const found = second[`grad(${key})`];
      assert.deepEqual(found.shape, expected[`grad(${key})`].shape);
      found.data.forEach((value, i) => {
        const wanted = Number(expected[`grad(${key})`].data[i]);
        assert.ok(Math.abs(Number(value) - wanted) <= 1e-12 * (1 + Math.abs(wanted)), `grad(${key})[${i}]`);
      });
    }
  });
}

test("the backward model does not run the forward pass again, unless it is checkpointed", () => {
  const count = (wrap: Wrap) => {
    const { graph } = decodeModelProto(splitGradients(network(wrap)).backward);
    return graph.node.filter(({ opType }) => opType === "Softmax" || opType === "Tanh" || opType === "LogSoftmax")
      .length;
  };
  assert.equal(count(plainly), 0);
  assert.equal(count(checkpoint), 4);
});

test("inputs and views of residuals are no residuals of their own", () => {
  const x = input("x", "float32", ["n", 2, 3]);
  const hidden = tanh(x);
  const flat = reshape(hidden, ["n", 6]);
  const y = add(sum(matmul(flat, swapLast(flat))), sum(matmul(hidden, input("w", "float32", [3, 6]))));
  const { residuals } = splitGradients({ outputs: { y }, wrt: { x } });
  assert.equal(residuals.length, 1);
  const linear = splitGradients({ outputs: { y: sum(matmul(x, input("w", "float32", [3, 6]))) }, wrt: { x } });
  assert.deepEqual(linear.residuals, []);
});

test("checkpoints leave fewer residuals", () => {
  const plain = splitGradients(network(plainly)).residuals.length;
  const checkpointed = splitGradients(network(checkpoint)).residuals.length;
  assert.ok(checkpointed < plain / 2, `${checkpointed} with checkpoints, ${plain} without`);
});
