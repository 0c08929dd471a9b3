import assert from "node:assert/strict";
import { test } from "node:test";
import { input, reachable, type Tensor } from "../ir/tensor.ts";
import { add, attend, gemm, matmul, mul, reshape, sum, swapLast, swish, transpose } from "../ops/mod.ts";
import { openSession, type TensorData } from "../session/mod.ts";
import { gradients } from "../vjp/gradients.ts";
import { buildModel } from "./encode.ts";
import { fuseProducts } from "./fuse_products.ts";

const waves = (shape: number[], step: number): TensorData => ({
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1 + i * step)),
  shape,
});

const operatorsOf = (outputs: readonly Tensor[]) => reachable(outputs).map(({ operator }) => operator);

/** Runs the graph as it was built, and as it is written. */
async function assertUnchanged(outputs: Record<string, Tensor>, feeds: Record<string, TensorData>): Promise<void> {
  const [plain, fused] = await Promise.all(
    [true, false].map(async (portable) => {
      const session = await openSession(buildModel({ outputs, portable }), { optimization: "disabled" });
      const results = await session.run(feeds);
      await session.dispose();
      return results;
    }),
  );
  for (const name of Object.keys(outputs)) {
    assert.deepEqual(fused[name].shape, plain[name].shape);
    fused[name].data.forEach((value, i) => {
      assert.ok(Math.abs(Number(value) - Number(plain[name].data[i])) < 2e-5, `${name}[${i}]`);
    });
  }
}

test("an attention head and its gradients transpose nothing but the heads themselves", async () => {
  const names = ["query", "key", "value"];
  const [q, k, v] = names.map((name) => input(name, "float32", [2, 5, 3, 4]));
  const heads = (x: Tensor) => transpose(x, [0, 2, 1, 3]);
  const attended = attend(mul(heads(q), 0.5), heads(k), heads(v));
  const loss = sum(mul(attended, attended));
  const [dq, dk, dv] = gradients(loss, [q, k, v]);
  const outputs = { attended, dq, dk, dv };
  const fused = fuseProducts(Object.values(outputs));
  const transposed = reachable(fused).filter(({ operator }) => operator === "Transpose");
  assert.deepEqual(
    transposed.map(({ attributes }) => attributes.perm),
    new Array(6).fill([0, 2, 1, 3]),
  );
  const feeds = Object.fromEntries(names.map((name, i) => [name, waves([2, 5, 3, 4], 0.7 + i)]));
  await assertUnchanged(outputs, feeds);
});

test("factors before and after a product, through shapes given to it, become the product's own", async () => {
  const [x, up, down] = [
    input("x", "float32", [2, 3, 4]),
    input("up", "float32", [4, 6]),
    input("down", "float32", [6, 4]),
  ];
  const y = matmul(swish(matmul(x, up), 1.702), down);
  const [dx, dUp, dDown] = gradients(sum(mul(y, y)), [x, up, down]);
  const outputs = { y, updated: add(up, mul(dUp, -0.1)), dx, dDown };
  const factors = (tensors: readonly Tensor[]) =>
    reachable(tensors).filter(
      ({ operator, inputs }) => operator === "Mul" && inputs.some((operand) => operand!.shape.length === 0),
    ).length;
  assert.equal(factors(Object.values(outputs)), 5);
  assert.equal(factors(fuseProducts(Object.values(outputs))), 0);
  await assertUnchanged(outputs, { x: waves([2, 3, 4], 0.7), up: waves([4, 6], 0.3), down: waves([6, 4], 1.1) });
});

test("a product that something else reads as it is keeps its value", async () => {
  const [a, b] = [input("a", "float32", [3, 4]), input("b", "float32", [4, 5])];
  const product = matmul(a, b);
  const outputs = { product, twice: mul(product, 2), turned: swapLast(product), flat: mul(reshape(product, [15]), 3) };
  await assertUnchanged(outputs, { a: waves([3, 4], 0.7), b: waves([4, 5], 1.3) });
});

test("transposed operands on both sides, and a product that is transposed itself", async () => {
  const [a, b] = [input("a", "float32", [2, 4, 3]), input("b", "float32", [2, 5, 4])];
  const turned = swapLast(matmul(swapLast(a), swapLast(b)));
  const [c, d] = [input("c", "float32", [4, 3]), input("d", "float32", [5, 4])];
  const flat = transpose(gemm(c, d, { transA: true, transB: true }), [1, 0]);
  assert.ok(!operatorsOf(fuseProducts([turned, flat])).includes("Transpose"));
  const feeds = { a: waves([2, 4, 3], 0.7), b: waves([2, 5, 4], 1.3), c: waves([4, 3], 0.4), d: waves([5, 4], 0.9) };
  await assertUnchanged({ turned, flat }, feeds);
});

test("other element types, vectors and other transpositions stay as they are", () => {
  const double = input("double", "float64", [3, 4]);
  const vector = input("vector", "float32", [4]);
  const matrix = input("matrix", "float32", [2, 3, 4]);
  const outputs = [
    matmul(swapLast(double), double),
    matmul(vector, input("other", "float32", [4, 2])),
    matmul(transpose(matrix, [1, 0, 2]), input("third", "float32", [4, 2])),
  ];
  assert.deepEqual(fuseProducts(outputs), outputs);
});
