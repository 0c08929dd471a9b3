import assert from "node:assert/strict";
import { test } from "node:test";
import { constantOf, input, type Tensor } from "../ir/tensor.ts";
import { apply, matmul, rmsNorm, softmax, sum, topK } from "../ops/mod.ts";
import { openSession, type TensorData } from "../session/session.ts";
import { readModel } from "./decode.ts";
import { differentiate } from "./differentiate.ts";
import { buildModel } from "./encode.ts";
import { BOOL, FLOAT, floats, graph, INT64, int64s, model, node, type Parts } from "./model_test_util.ts";
import type { AttributeProto } from "./proto.ts";

const i = (name: string, value: number): AttributeProto => ({ name, i: value });
const ints = (name: string, ...values: number[]): AttributeProto => ({ name, ints: values });
const f = (name: string, value: number): AttributeProto => ({ name, f: value });
const wave = (...shape: number[]): TensorData => ({
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, at) => Math.cos(1.3 * at)),
  shape,
});

async function run(bytes: Uint8Array, feeds: Record<string, TensorData>) {
  const session = await openSession(bytes, { threads: 1 });
  const results = await session.run(feeds);
  await session.dispose();
  return results;
}

/** Reads and writes a model: the result must compute what ONNX Runtime computes from the original. */
async function assertSame(bytes: Uint8Array, feeds: Record<string, TensorData>): Promise<void> {
  const { outputs, inputs, opsets } = readModel(bytes);
  const again = buildModel({ outputs, inputs: Object.values(inputs), opsets });
  const [expected, found] = [await run(bytes, feeds), await run(again, feeds)];
  assert.deepEqual(found, expected);
  const symbols = new Map<string, number>();
  for (const [name, tensor] of Object.entries(outputs)) {
    assert.equal(tensor.shape.length, found[name].shape.length, `rank of ${name}`);
    tensor.shape.forEach((dim, axis) => {
      const size = found[name].shape[axis];
      if (typeof dim === "number") assert.equal(dim, size, `axis ${axis} of ${name}`);
      else assert.equal(symbols.get(dim) ?? size, size, dim);
    });
    assert.equal(tensor.dtype, found[name].dtype);
  }
}

/** One operator on x: float [n, 4, 6] in an old form. */
const old: [name: string, opset: number, nodes: Parts["node"], outputs: string[]][] = [
  ["Unsqueeze-11", 11, [node("Unsqueeze", ["x"], ["y"], [ints("axes", 0, -1)])], ["y"]],
  [
    "Squeeze-11",
    11,
    [node("Unsqueeze", ["x"], ["u"], [ints("axes", 1)]), node("Squeeze", ["u"], ["y"], [ints("axes", 1)])],
    ["y"],
  ],
  ["ReduceSum-11", 11, [node("ReduceSum", ["x"], ["y"], [ints("axes", -1), i("keepdims", 0)])], ["y"]],
  ["ReduceSum-11 over all", 11, [node("ReduceSum", ["x"], ["y"], [i("keepdims", 0)])], ["y"]],
  ["ReduceMean-13", 13, [node("ReduceMean", ["x"], ["y"], [ints("axes", 0, 2)])], ["y"]],
  ["ReduceMax-12", 12, [node("ReduceMax", ["x"], ["y"], [ints("axes", 1)])], ["y"]],
  ["ReduceLogSumExp-17", 17, [node("ReduceLogSumExp", ["x"], ["y"], [ints("axes", 1)])], ["y"]],
  [
    "Slice-9",
    9,
    [node("Slice", ["x"], ["y"], [ints("axes", 1, 2), ints("starts", 1, -3), ints("ends", 99, -1)])],
    ["y"],
  ],
  ["Slice-9 without axes", 9, [node("Slice", ["x"], ["y"], [ints("starts", 0, 1), ints("ends", 1, 3)])], ["y"]],
  ["Split-11", 11, [node("Split", ["x"], ["y", "z"], [i("axis", 2), ints("split", 2, 4)])], ["y", "z"]],
  ["Split-11 in equal parts", 11, [node("Split", ["x"], ["y", "z"], [i("axis", 1)])], ["y", "z"]],
  ["Split-13 in equal parts", 13, [node("Split", ["x"], ["y", "z", "w"], [i("axis", -1)])], ["y", "z", "w"]],
  ["Pad-10", 10, [node("Pad", ["x"], ["y"], [ints("pads", 0, 1, 0, 0, 0, 2), f("value", 1.5)])], ["y"]],
  ["Clip-9", 9, [node("Clip", ["x"], ["y"], [f("min", -0.5), f("max", 0.25)])], ["y"]],
  ["Clip-9 from above", 9, [node("Clip", ["x"], ["y"], [f("max", 0.25)])], ["y"]],
  ["TopK-9", 9, [node("TopK", ["x"], ["y", "z"], [i("k", 2), i("axis", 1)])], ["y", "z"]],
  ["Softmax-11", 11, [node("Softmax", ["x"], ["y"])], ["y"]],
  ["Softmax-11 over axis 2", 11, [node("Softmax", ["x"], ["y"], [i("axis", 2)])], ["y"]],
  ["LogSoftmax-11 over axis 0", 11, [node("LogSoftmax", ["x"], ["y"], [i("axis", 0)])], ["y"]],
  ["Dropout-11", 11, [node("Dropout", ["x"], ["y"], [f("ratio", 0.5)])], ["y"]],
  ["Sum-13", 13, [node("Sum", ["x", "x", "x"], ["y"])], ["y"]],
  ["Gelu-20", 20, [node("Gelu", ["x"], ["y"])], ["y"]],
];
for (const [name, opset, nodes, outputs] of old) {
  test(`${name} means what it meant`, async () => {
    const types: Parts["outputs"] = {};
    for (const output of outputs) types[output] = [name === "TopK-9" && output === "z" ? INT64 : FLOAT];
    await assertSame(model({ node: nodes, inputs: { x: [FLOAT, ["n", 4, 6]] }, outputs: types }, opset), {
      x: wave(2, 4, 6),
    });
  });
}

test("constants in every form are read", async () => {
  const nodes = [
    node("Constant", [], ["a"], [f("value_float", 0.5)]),
    node("Constant", [], ["b"], [{ name: "value_floats", floats: [1, 2] }]),
    node("Constant", [], ["k"], [i("value_int", 1)]),
    node("Constant", [], ["axes"], [ints("value_ints", 0)]),
    node("Constant", [], ["c"], [{ name: "value", t: floats("", [2], [3, 4]) }]),
    node("Add", ["a", "b"], ["ab"]),
    node("Add", ["ab", "c"], ["abc"]),
    node("Gather", ["abc", "k"], ["one"]),
    node("Unsqueeze", ["one", "axes"], ["u"]),
    node("Mul", ["u", "x"], ["y"]),
  ];
  await assertSame(model({ node: nodes, inputs: { x: [FLOAT, [2]] }, outputs: { y: [FLOAT] } }, 13), { x: wave(2) });
});

test("sizes computed from shapes stay symbolic", () => {
  const nodes = [
    node("Shape", ["x"], ["shape"]),
    node("Gather", ["shape", "zero"], ["batch"]),
    node("Unsqueeze", ["batch", "axes"], ["u"]),
    node("Concat", ["u", "rest"], ["sizes"], [i("axis", 0)]),
    node("Reshape", ["x", "sizes"], ["y"]),
  ];
  const initializer = [int64s("zero", [], [0]), int64s("axes", [1], [0]), int64s("rest", [2], [-1, 3])];
  const { outputs } = readModel(
    model({ node: nodes, initializer, inputs: { x: [FLOAT, ["batch_size", 6]] }, outputs: { y: [FLOAT] } }, 13),
  );
  assert.deepEqual(outputs.y.shape, ["batch_size", 2, 3]);
});

test("names of dimensions that are no plain symbols are kept apart", () => {
  const types: Parts["inputs"] = {
    a: [FLOAT, ["past + 1", 2]],
    b: [FLOAT, ["2*n", 2]],
    c: [FLOAT, ["floor(n/2 * 3)", 2]],
    d: [FLOAT, ["", ""]],
    e: [FLOAT, ["12x", 2]],
  };
  const { inputs } = readModel(model({ node: [], inputs: types, outputs: types }, 13));
  assert.deepEqual(inputs.a.shape, ["past + 1", 2]);
  assert.deepEqual(inputs.b.shape, ["2*n", 2]);
  assert.equal(inputs.d.shape.length, 2);
  assert.notEqual(inputs.d.shape[0], inputs.d.shape[1]);
  for (const tensor of [inputs.c, inputs.d, inputs.e])
    for (const dim of tensor.shape) if (typeof dim === "string") assert.doesNotMatch(dim, /\*| \+ |^\d/);
});

test("a model without named dimensions is differentiated at any size", async () => {
  const parts: Parts = {
    node: [node("MatMul", ["x", "w"], ["h"]), node("Softmax", ["h"], ["y"], [i("axis", -1)])],
    initializer: [floats("w", [3, 2], [1, -1, 0.5, 2, 0, 1])],
    inputs: { x: [FLOAT, ["", "", 3]] },
    outputs: { y: [FLOAT, ["", "", 2]] },
  };
  const bytes = differentiate(model(parts, 13), { output: "y", wrt: ["x", "w"] });
  for (const [batch, time] of [
    [1, 1],
    [3, 2],
  ]) {
    const results = await run(bytes, { x: wave(batch, time, 3), "cotangent(y)": wave(batch, time, 2) });
    assert.deepEqual(results["grad(x)"].shape, [batch, time, 3]);
    assert.deepEqual(results["grad(w)"].shape, [3, 2]);
  }
});

test("operators that are not known are passed on with the shapes in the file", async () => {
  const parts: Parts = {
    node: [
      node("Mul", ["x", "w"], ["h"]),
      node("Sinh", ["h"], ["s"]),
      node("BitShift", ["bits", "bits"], ["shifted"], [{ name: "direction", s: "LEFT" }]),
      node("Mul", ["x", "x"], ["square"]),
      node("ReduceSum", ["square"], ["loss"], [i("keepdims", 0)]),
    ],
    initializer: [floats("w", [2], [1, 2]), { name: "bits", dims: [2], dataType: 2, rawData: Uint8Array.of(1, 2) }],
    inputs: { x: [FLOAT, ["n", 2]] },
    outputs: { loss: [FLOAT, []], s: [FLOAT, ["n", 2]], shifted: [2, [2]] },
  };
  const bytes = model(parts, 13);
  await assertSame(bytes, { x: wave(3, 2) });
  const results = await run(differentiate(bytes, { output: "loss", wrt: ["x", "w"] }), { x: wave(3, 2) });
  const x = wave(3, 2).data as Float32Array;
  assert.deepEqual(
    Array.from(results["grad(x)"].data as Float32Array),
    Array.from(x, (value) => Math.fround(2 * value)),
  );
  assert.deepEqual(Array.from(results["grad(w)"].data as Float32Array), [0, 0]);
  assert.throws(
    () => differentiate(bytes, { output: "s", wrt: ["w"] }),
    /TypeError: Cannot differentiate Sinh: this operator has no rule/,
  );
});

test("branches are passed on with the tensors that they capture", async () => {
  const branch = (operator: string) =>
    graph({
      node: [node("Mul", ["x", "scale"], ["inner"]), node(operator, ["inner"], ["result"])],
      initializer: [floats("scale", [], [3])],
      inputs: {},
      outputs: { result: [FLOAT, ["n"]] },
    });
  const parts: Parts = {
    node: [
      // Named as the writer would name a node of its own.
      node("Exp", ["input"], ["x"]),
      node(
        "If",
        ["flag"],
        ["y"],
        [
          { name: "then_branch", g: branch("Neg") },
          { name: "else_branch", g: branch("Abs") },
        ],
      ),
      node("ReduceSum", ["x"], ["Exp_0"], [i("keepdims", 0)]),
    ],
    inputs: { input: [FLOAT, ["n"]], flag: [BOOL, []] },
    outputs: { y: [FLOAT, ["n"]], Exp_0: [FLOAT, []] },
  };
  const bytes = model(parts, 13);
  for (const value of [0, 1])
    await assertSame(bytes, { input: wave(3), flag: { data: Uint8Array.of(value), shape: [], dtype: "bool" } });
  assert.throws(() => differentiate(bytes, { output: "y", wrt: ["input"] }), /Cannot differentiate If: .* no rule/);
  const results = await run(differentiate(bytes, { output: "Exp_0", wrt: ["input"] }), {
    input: wave(3),
    flag: { data: Uint8Array.of(1), shape: [], dtype: "bool" },
  });
  Array.from(wave(3).data as Float32Array).forEach((value, at) => {
    assert.ok(Math.abs(Number(results["grad(input)"].data[at]) - Math.exp(value)) < 1e-6);
  });
});

test("sizes that only a tensor inside of the model has can be computed", async () => {
  const parts: Parts = {
    node: [
      node("NonZero", ["x"], ["places"]),
      node("Transpose", ["places"], ["indices"]),
      node("GatherND", ["x", "indices"], ["h"]),
      node("Mul", ["h", "w"], ["y"]),
      node("ReduceMean", ["y"], ["loss"], [i("keepdims", 0)]),
    ],
    initializer: [floats("w", [], [2])],
    inputs: { x: [FLOAT, [4]] },
    outputs: { loss: [FLOAT, []] },
    valueInfo: { places: [INT64, [1, "found"]] },
  };
  const bytes = differentiate(model(parts, 13), { output: "loss", wrt: ["x", "w"] });
  const results = await run(bytes, { x: { data: Float32Array.of(0, 3, 0, 5), shape: [4] } });
  assert.deepEqual(Array.from(results["grad(x)"].data as Float32Array), [0, 1, 0, 1]);
  assert.deepEqual(Array.from(results["grad(w)"].data as Float32Array), [4]);
});

test("initializers are views of the file where alignment allows", () => {
  let views = 0;
  for (let shift = 0; shift < 4; shift++) {
    const initializer = [floats("p".repeat(1 + shift), [1], [0]), floats("w", [4], [1, 2, 3, 4])];
    const bytes = model({ node: [node("Neg", ["w"], ["y"])], initializer, inputs: {}, outputs: { y: [FLOAT] } }, 13);
    const { data } = constantOf(readModel(bytes).initializers.w)!;
    assert.deepEqual(Array.from(data), [1, 2, 3, 4]);
    if ((data as Float32Array).buffer === bytes.buffer) views++;
  }
  assert.equal(views, 1);
});

test("what this package writes it reads again", async () => {
  const x = input("x", "float32", ["n", 4]);
  const normal = rmsNorm(x, input("w", "float32", [4]));
  const outputs: Record<string, Tensor> = {
    p: softmax(matmul(normal, normal.shape.length ? apply("Transpose", [normal], { perm: [1, 0] }) : normal)),
    top: topK(normal, 2).values,
    gelu: apply("Gelu", [x]),
    total: sum(x),
  };
  const bytes = buildModel({ outputs, initializers: { w: { data: Float32Array.of(1, 2, 3, 4), shape: [4] } } });
  const again = readModel(bytes);
  assert.deepEqual(Object.keys(again.inputs), ["x"]);
  assert.deepEqual(
    Object.keys(again.initializers).filter((name) => name === "w"),
    ["w"],
  );
  for (const [name, tensor] of Object.entries(outputs)) assert.deepEqual(again.outputs[name].shape, tensor.shape);
  await assertSame(bytes, { x: wave(3, 4) });
});

const simple = (nodes: Parts["node"], rest: Partial<Parts> = {}) =>
  model({ node: nodes, inputs: { x: [FLOAT, ["n", 2]] }, outputs: { y: [FLOAT] }, ...rest }, 13);

test("what cannot be read is named", () => {
  assert.throws(
    () => readModel(simple([node("Sinh", ["x"], ["y"])])),
    /TypeError: Cannot read Sinh: the shape of its output "y"/,
  );
  assert.throws(
    () => readModel(simple([node("Magic", ["x"], ["y"], [], "my.domain")])),
    /TypeError: Cannot read my\.domain\.Magic: the shape/,
  );
  assert.throws(() => readModel(simple([node("Neg", ["z"], ["y"])])), /SyntaxError: .*Neg "Neg y" reads "z"/);
  assert.throws(
    () => readModel(simple([node("MatMul", ["x", "x"], ["y"])], { inputs: { x: [FLOAT, [2, 3]] } })),
    /RangeError: Cannot apply MatMul to \[2,3\] and \[2,3\]/,
  );
  assert.throws(() => readModel(simple([], { inputs: { x: [8, [2]] } })), /TypeError: Cannot read ONNX element type 8/);
  assert.throws(() => readModel(simple([], { inputs: { x: [FLOAT] } })), /TypeError: Cannot read input "x"/);
  const short = { ...floats("w", [3], [1, 2]) };
  assert.throws(
    () => readModel(simple([node("Neg", ["w"], ["y"])], { initializer: [short] })),
    /SyntaxError: Cannot read tensor "w": 8 bytes are not float32 \[3\]/,
  );
  assert.throws(() => readModel(new Uint8Array(0)), SyntaxError);
});

test("names that the model does not have, and integers, are refused", () => {
  const bytes = simple([node("Neg", ["x"], ["y"]), node("Shape", ["x"], ["s"])], {
    outputs: { y: [FLOAT], s: [INT64] },
    initializer: [int64s("k", [1], [1])],
  });
  assert.throws(
    () => differentiate(bytes, { output: "z", wrt: ["x"] }),
    /RangeError: .*output "z": the model's outputs are y, s/,
  );
  assert.throws(() => differentiate(bytes, { output: "y", wrt: ["toString"] }), /RangeError: .*"toString"/);
  assert.throws(() => differentiate(bytes, { output: "y", wrt: ["k"] }), /TypeError: .*int64 \[1\]: expected floats/);
  assert.throws(() => differentiate(bytes, { output: "s", wrt: ["x"] }), /TypeError: .*int64 \[2\]: expected floats/);
});
