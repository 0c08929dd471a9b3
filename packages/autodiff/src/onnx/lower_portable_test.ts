// On a machine without a GPU, SwiftShader (which Debian's chromium brings) computes on the processor.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import type { Shape } from "../ir/dims.ts";
import { constant, input, type Tensor } from "../ir/tensor.ts";
import { apply, layerNorm, logSoftmax, pow, rmsNorm, rotary, rotaryTables, softmax } from "../ops/mod.ts";
import { openSession, type SessionOptions, type TensorData } from "../session/mod.ts";
import { pullback } from "../vjp/gradients.ts";
import { buildModel } from "./encode.ts";

const waves = (length: number, step: number) => Float32Array.from({ length }, (_, i) => 3 * Math.sin(1 + i * step));

/** An operator of ONNX Runtime's own, or one that devices differ on. */
interface Case {
  readonly operator: string;
  /** Whether `portable` leaves the operator in the file. */
  readonly stays?: boolean;
  readonly shapes: readonly (readonly number[])[];
  readonly note?: string;
  readonly build: (...operands: Tensor[]) => Tensor;
  /** For operands that have to be positive. */
  readonly positive?: boolean;
  /** For operators without gradient. */
  readonly forwardOnly?: boolean;
}

const positions = constant([0, 1, 2, 7, 8, 9], [2, 3], "int64");
const { cos, sin } = rotaryTables(16, 8, 1e4);
const norms = [
  [4, 6],
  [33, 128],
].flatMap(([n, width]): Case[] => [
  {
    operator: "SimplifiedLayerNormalization",
    shapes: [[n, width], [width]],
    build: (x, w) => rmsNorm(x, w, 0.01),
  },
  {
    operator: "LayerNormalization",
    stays: true,
    shapes: [[n, width], [width], [width]],
    build: (x, w, b) => layerNorm(x, w, b, 0.01),
  },
  { operator: "Softmax", stays: true, shapes: [[n, width]], build: (x) => softmax(x) },
  { operator: "LogSoftmax", stays: true, shapes: [[n, width]], build: (x) => logSoftmax(x) },
]);
const cases: readonly Case[] = [
  ...norms,
  { operator: "Gelu", shapes: [[7, 20]], build: (x) => apply("Gelu", [x]) },
  { operator: "FastGelu", shapes: [[7, 20]], build: (x) => apply("FastGelu", [x]) },
  {
    operator: "FastGelu",
    shapes: [[7, 20], [20]],
    build: (x, bias) => apply("FastGelu", [x, bias]),
    forwardOnly: true,
  },
  { operator: "QuickGelu", shapes: [[7, 20]], build: (x) => apply("QuickGelu", [x]) },
  {
    operator: "QuickGelu",
    shapes: [[7, 20]],
    note: " with an α of its own",
    build: (x) => apply("QuickGelu", [x], { alpha: { float: 0.7 } }),
  },
  { operator: "RotaryEmbedding", shapes: [[2, 2, 3, 8]], build: (x) => rotary(x, positions, { cos, sin }) },
  {
    operator: "RotaryEmbedding",
    shapes: [[2, 2, 3, 8]],
    note: ", interleaved",
    build: (x) => apply("RotaryEmbedding", [x, positions, cos, sin], { interleaved: 1 }),
  },
  ...[
    [
      [4, 8],
      [4, 1],
    ],
    [
      [4, 1],
      [4, 8],
    ],
    [[4, 8], [8]],
    [
      [3, 1],
      [1, 4],
    ],
  ].map((shapes): Case => ({ operator: "Pow", stays: true, shapes, build: (x, y) => pow(x, y), positive: true })),
];

/** Output and gradients of a case, from models written in each way and run as told. */
async function run(
  { operator, stays, shapes, build, ...rest }: Case,
  ways: { portable: boolean; at: SessionOptions }[],
) {
  const feeds: Record<string, TensorData> = {};
  const feed = (name: string, shape: readonly number[], step: number) => {
    const data = waves(
      shape.reduce((a, b) => a * b, 1),
      step,
    );
    feeds[name] = { data: rest.positive ? data.map((x) => 1.5 + x / 4) : data, shape };
    return input(name, "float32", shape as Shape);
  };
  const operands = shapes.map((shape, i) => feed(`x${i}`, shape, 0.7 - i / 5));
  const y = build(...operands);
  const outputs: Record<string, Tensor> = { y };
  if (!rest.forwardOnly) {
    const cotangent = feed("cotangent", y.shape as number[], 1.3);
    pullback([{ output: y, cotangent }], operands).forEach((gradient, i) => {
      outputs[`gradient of x${i}`] = gradient;
    });
  }
  const results: Record<string, Float32Array>[] = [];
  for (const { portable, at } of ways) {
    const model = buildModel({ outputs, portable });
    // Field 4 of a node, its operator: tag and length come before the name.
    const text = new TextDecoder("latin1").decode(model);
    const isThere = text.includes(`"${String.fromCharCode(operator.length)}${operator}`);
    assert.equal(isThere, !portable || stays === true, `${operator} in the file`);
    const session = await openSession(model, { threads: 1, ...at });
    const found = await session.run(feeds);
    await session.dispose();
    results.push(Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, data as Float32Array])));
  }
  return results;
}

async function assertSame(of: Case, other: SessionOptions): Promise<void> {
  const [own, plain] = await run(of, [
    { portable: false, at: { device: "cpu", optimization: "basic" } },
    { portable: true, at: other },
  ]);
  for (const [name, values] of Object.entries(own))
    values.forEach((value, i) => {
      const difference = Math.abs(value - plain[name][i]) / (1 + Math.abs(value));
      assert.ok(difference < 1e-5, `${name}[${i}] is ${plain[name][i]}, expected ${value}`);
    });
}

const named = cases.map((of) => ({ of, name: `${of.operator} of [${of.shapes.join("], [")}]${of.note ?? ""}` }));

for (const { of, name } of named) {
  test(`plain ONNX gives ${name} and its gradient as ONNX Runtime's operator does`, async () => {
    await assertSame(of, { optimization: "basic" });
  });
}

const driver = "/usr/lib/chromium/vk_swiftshader_icd.json";
const loaders = ["/usr/lib/x86_64-linux-gnu/libvulkan.so.1", "/usr/lib/aarch64-linux-gnu/libvulkan.so.1"];
const missing = !existsSync(driver)
  ? "chromium with SwiftShader is not installed"
  : !loaders.some((path) => existsSync(path)) && "libvulkan1 is not installed";

for (const { of, name } of named) {
  test(`WebGPU gives ${name} and its gradient as the CPU does`, { skip: missing }, async () => {
    process.env.VK_ICD_FILENAMES ??= driver;
    await assertSame(of, { device: "webgpu" });
  });
}

test("what plain ONNX cannot say is refused", () => {
  const x = input("x", "float32", [2, 2, 3, 8]);
  const partial = apply("RotaryEmbedding", [x, positions, cos, sin], { rotary_embedding_dim: 4 });
  const offset = apply("RotaryEmbedding", [x, constant([5], [1], "int64"), cos, sin]);
  for (const y of [partial, offset])
    assert.throws(() => buildModel({ outputs: { y }, portable: true }), {
      name: "TypeError",
      message: /Cannot lower RotaryEmbedding: expected/,
    });
});
