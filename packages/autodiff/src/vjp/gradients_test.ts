import assert from "node:assert/strict";
import { test } from "node:test";
import { input, reachable, type Tensor } from "../ir/tensor.ts";
import { buildModel } from "../onnx/encode.ts";
import { apply, concat, exp, matmul, mul, rmsNorm, sum, tanh } from "../ops/mod.ts";
import { openSession, type TensorData } from "../session/session.ts";
import { checkGradients } from "./gradient_check_test_util.ts";
import { gradients, pullback } from "./gradients.ts";

async function run(
  outputs: Record<string, Tensor>,
  feeds: Record<string, TensorData>,
): Promise<Record<string, number[]>> {
  const session = await openSession(buildModel({ outputs }), { threads: 1 });
  const results = await session.run(feeds);
  await session.dispose();
  return Object.fromEntries(
    Object.entries(results).map(([name, { data }]) => [name, Array.from(data as Float64Array)]),
  );
}

const vector = (...values: number[]) => ({ data: Float64Array.from(values), shape: [values.length] });

test("a tensor used several times gathers all of its gradients", async () => {
  const x = input("x", "float64", [3]);
  const [dx] = gradients(sum(mul(mul(x, x), x)), [x]);
  assert.deepEqual((await run({ dx }, { x: vector(1, 2, -3) })).dx, [3, 12, 27]);
  await checkGradients(
    {
      operands: [{ shape: ["batch", 3] }, { shape: [3, 3] }],
      build: (a, w) => {
        const hidden = tanh(matmul(a, w));
        return concat([mul(hidden, exp(hidden)), rmsNorm(matmul(hidden, w), sum(w, { axes: [0] })), a], -1);
      },
    },
    3,
    "reused tensors",
  );
});

test("what no output depends on gets zeros", async () => {
  const [x, y] = [input("x", "float64", [2]), input("y", "float64", ["n", 2])];
  const [dx, dy] = gradients(sum(x), [x, y]);
  assert.deepEqual(dy.shape, ["n", 2]);
  const session = await openSession(buildModel({ outputs: { dx, dy }, inputs: [x, y] }));
  const results = await session.run({ x: vector(1, 2), y: { data: new Float64Array(6).fill(7), shape: [3, 2] } });
  await session.dispose();
  assert.deepEqual(Array.from(results.dx.data as Float64Array), [1, 1]);
  assert.deepEqual(Array.from(results.dy.data as Float64Array), [0, 0, 0, 0, 0, 0]);
});

test("an output is its own gradient's start, also when it is wanted itself", async () => {
  const x = input("x", "float64", [2]);
  const y = mul(x, 3);
  const c = input("c", "float64", [2]);
  const [dy, dx] = gradients(y, [y, x], c);
  assert.deepEqual(await run({ dy, dx }, { c: vector(1, 10) }), { dy: [1, 10], dx: [3, 30] });
});

test("an inner tensor can be differentiated with respect to", async () => {
  const x = input("x", "float64", [2]);
  const hidden = mul(x, x);
  const [dHidden] = gradients(sum(mul(hidden, hidden)), [hidden]);
  assert.deepEqual((await run({ dHidden }, { x: vector(2, 3) })).dHidden, [8, 18]);
});

test("several outputs pull back together", async () => {
  const x = input("x", "float64", [2]);
  const [a, b] = [mul(x, x), mul(x, 5)];
  const [dx] = pullback([{ output: sum(a) }, { output: b, cotangent: x }], [x]);
  assert.deepEqual((await run({ dx }, { x: vector(1, 2) })).dx, [2 + 5, 4 + 10]);
});

test("gradients can be differentiated again", async () => {
  const x = input("x", "float64", [3]);
  const [dx] = gradients(sum(mul(mul(x, x), x)), [x]);
  const [ddx] = gradients(sum(dx), [x]);
  assert.deepEqual((await run({ ddx }, { x: vector(1, 2, 3) })).ddx, [6, 12, 18]);
});

test("work that no wanted gradient needs is not in the graph", () => {
  const [x, w] = [input("x", "float32", ["n", 4]), input("w", "float32", [4, 4])];
  const [dw] = gradients(sum(matmul(x, w)), [w]);
  const products = reachable([dw]).filter(({ operator }) => operator === "Gemm" || operator === "MatMul");
  assert.equal(products.length, 1);
});

test("an operator without a rule is named", () => {
  const x = input("x", "float32", [3]);
  const rest = apply("Mod", [x, x], { fmod: 1 });
  assert.throws(() => gradients(sum(rest), [x]), /TypeError: Cannot differentiate Mod: this operator has no rule/);
  assert.throws(() => apply("Det", [x]), /TypeError: Cannot apply Det: this operator has no rule of shape inference/);
});

test("nothing flows through booleans and integers", async () => {
  const x = input("x", "float64", [2]);
  const [dx] = gradients(sum(mul(x, apply("Cast", [apply("Greater", [x, mul(x, x)])], { to: 11 }))), [x]);
  assert.deepEqual((await run({ dx }, { x: vector(0.5, 2) })).dx, [1, 0]);
});

test("an operator without a rule does no harm off the path", async () => {
  const x = input("x", "float64", [2]);
  const y = input("y", "float64", [2]);
  const masked = mul(x, apply("Cast", [apply("IsNaN", [y])], { to: 11 }));
  const [dx] = gradients(sum(masked), [x]);
  assert.deepEqual((await run({ dx }, { y: vector(1, Number.NaN) })).dx, [0, 1]);
});

test("only a scalar has a default cotangent", () => {
  const x = input("x", "float32", [3]);
  assert.throws(() => gradients(x, [x]), /TypeError: Cannot start from x: float32 \[3\] without a cotangent/);
});

test("errors about shapes name the operator and the shapes", () => {
  const [a, b] = [input("a", "float32", [2, 3]), input("b", "float32", ["n", 4])];
  assert.throws(
    () => matmul(a, b),
    /RangeError: Cannot apply MatMul to \[2,3\] and \[n,4\]: inner sizes 3 and n differ/,
  );
  assert.throws(() => mul(a, b), /RangeError: Cannot Mul shapes \[2,3\] and \[n,4\]: 2 and n differ/);
  assert.throws(
    () => apply("Reshape", [a, apply("Shape", [input("s", "float32", [5])])]),
    /Cannot reshape \[2,3\] to \[5\]/,
  );
  assert.throws(() => mul(a, input("i", "int32", [3])), /TypeError: Cannot apply Mul: found float32 and int32/);
});
