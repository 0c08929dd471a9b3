import assert from "node:assert/strict";
import { test } from "node:test";
import { input, type Tensor } from "../ir/tensor.ts";
import { buildModel } from "../onnx/encode.ts";
import { openSession } from "../session/session.ts";
import { Numbers } from "../vjp/gradient_check_test_util.ts";
import { pullback } from "../vjp/gradients.ts";
import { streamedLogProbs, type TokenLogProbs, tokenLogProbs } from "./head.ts";

const [D, V] = [3, 7];
type Head = (hidden: Tensor, weight: Tensor, targets: Tensor) => TokenLogProbs;

/** Values and gradients of a head for N tokens; the number of tokens is a symbol in the graph. */
async function evaluate(head: Head, N: number, wanted: ("logProbs" | "entropies")[]): Promise<number[][]> {
  const hidden = input("hidden", "float64", ["batch*time", D]);
  const weight = input("weight", "float64", [D, V]);
  const targets = input("targets", "int32", ["batch*time"]);
  const tokens = input("tokens", "int32", ["batch", "time"]);
  const results = head(hidden, weight, targets);
  const cotangents = wanted.map((name) => input(`c_${name}`, "float64", ["batch*time"]));
  const [dHidden, dWeight] = pullback(
    wanted.map((name, i) => ({ output: results[name], cotangent: cotangents[i] })),
    [hidden, weight],
  );
  const model = buildModel({
    outputs: { ...results, dHidden, dWeight },
    inputs: [tokens, hidden, weight, targets, ...cotangents],
  });
  const session = await openSession(model, { threads: 1 });
  const numbers = new Numbers(N);
  const draw = (size: number) => Float64Array.from({ length: size }, () => numbers.uniform(-2, 2));
  const data = {
    hidden: { data: draw(N * D), shape: [N, D] },
    weight: { data: draw(D * V), shape: [D, V] },
    targets: { data: Int32Array.from({ length: N }, () => numbers.integer(0, V - 1)), shape: [N] },
    tokens: { data: new Int32Array(N), shape: [1, N] },
    c_logProbs: { data: draw(N), shape: [N] },
    c_entropies: { data: draw(N), shape: [N] },
  };
  const outputs = await session.run(data);
  await session.dispose();
  return ["logProbs", "entropies", "dHidden", "dWeight"].map((name) => Array.from(outputs[name].data as Float64Array));
}

for (const wanted of [["logProbs", "entropies"], ["logProbs"], ["entropies"]] as ("logProbs" | "entropies")[][]) {
  test(`the streamed head equals the one that holds all logits (gradient of ${wanted.join(" and ")})`, async () => {
    for (const [N, chunk] of [
      [8, 4],
      [7, 4],
      [1, 4],
      [5, 1],
      [3, 64],
    ]) {
      const expected = await evaluate(tokenLogProbs, N, wanted);
      const found = await evaluate((...operands) => streamedLogProbs(...operands, { chunk }), N, wanted);
      expected.forEach((values, i) => {
        assert.equal(found[i].length, values.length);
        values.forEach((value, j) => {
          assert.ok(Math.abs(found[i][j] - value) < 1e-12, `N ${N}, chunk ${chunk}, output ${i}[${j}]`);
        });
      });
    }
  });
}

test("a uniform distribution has log-probability −ln V and entropy ln V", async () => {
  const hidden = input("hidden", "float64", [2, D]);
  const weight = input("weight", "float64", [D, V]);
  const targets = input("targets", "int64", [2]);
  const { logProbs, entropies } = streamedLogProbs(hidden, weight, targets);
  const session = await openSession(buildModel({ outputs: { logProbs, entropies } }));
  const results = await session.run({
    hidden: { data: new Float64Array(2 * D), shape: [2, D] },
    weight: { data: new Float64Array(D * V), shape: [D, V] },
    targets: { data: BigInt64Array.of(0n, 6n), shape: [2] },
  });
  await session.dispose();
  for (const i of [0, 1]) {
    assert.ok(Math.abs(Number(results.logProbs.data[i]) + Math.log(V)) < 1e-12);
    assert.ok(Math.abs(Number(results.entropies.data[i]) - Math.log(V)) < 1e-12);
  }
});

test("a chunk must be a positive integer", () => {
  const [hidden, weight, targets] = [
    input("h", "float32", [4, D]),
    input("w", "float32", [D, V]),
    input("t", "int32", [4]),
  ];
  assert.throws(
    () => streamedLogProbs(hidden, weight, targets, { chunk: 0 }),
    /RangeError: Cannot stream in chunks of 0/,
  );
});
