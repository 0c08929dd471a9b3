/**
 * Compares what the rules say with central finite differences, (f(x + ε) − f(x − ε)) / 2ε, of the same graph run by
 * ONNX Runtime. A helper of the tests, not part of the package.
 *
 * @module
 */
import assert from "node:assert/strict";
import { evaluateDim, type Shape } from "../ir/dims.ts";
import { type DType, input, isFloat, reachable, type Tensor } from "../ir/tensor.ts";
import { buildModel } from "../onnx/encode.ts";
import { add, mul, sum } from "../ops/mod.ts";
import { openSession, type TensorData } from "../session/session.ts";
import { pullback } from "./gradients.ts";

/** Numbers from a seed, for data of which only the spread matters (mulberry32). */
export class Numbers {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** In [low, high). */
  uniform(low = 0, high = 1): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return low + ((t ^ (t >>> 14)) >>> 0) * 2 ** -32 * (high - low);
  }
  /** An integer in [low, high]. */
  integer(low: number, high: number): number {
    return Math.floor(this.uniform(low, high + 1));
  }
  /** 0, 1, …, length − 1 in random order. */
  permutation(length: number): number[] {
    const order = Array.from({ length }, (_, i) => i);
    for (let i = length - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}

/** An operand: its shape, and from where its numbers are drawn (default: [−1, 1)). */
export interface Operand {
  readonly shape: Shape;
  readonly draw?: (numbers: Numbers, index: number, size: number) => number;
  /** Default: the type of the check. Integer operands are fed but not differentiated. */
  readonly dtype?: DType;
  /** False for an operand that is fed but not differentiated. */
  readonly differentiate?: boolean;
}

/** One use of an operator to check. */
export interface Check {
  readonly operands: readonly Operand[];
  readonly build: (...operands: Tensor[]) => Tensor | readonly Tensor[];
  /** Default `"float64"`; `"float32"`, with wide steps and a wide tolerance, for kernels that have nothing else. */
  readonly dtype?: DType;
  /** Values of symbolic dimensions. Default: batch 3. */
  readonly symbols?: Readonly<Record<string, number>>;
  /** Half the distance of the two points. Default: 1e-5 in float64, 1e-2 in float32. */
  readonly step?: number;
  /** Largest |difference| / (1 + |gradient|). Default: 1e-7 in float64, 2e-3 in float32. */
  readonly tolerance?: number;
}

/** Runs a check. Returns the operators of the graph that was differentiated. */
export async function checkGradients(check: Check, seed: number, what = ""): Promise<Set<string>> {
  const { operands, build, dtype = "float64", symbols = { batch: 3 } } = check;
  const step = check.step ?? (dtype === "float64" ? 1e-5 : 1e-2);
  const tolerance = check.tolerance ?? (dtype === "float64" ? 1e-7 : 2e-3);
  const numbers = new Numbers(seed);
  const inputs = operands.map((operand, i) => input(`x${i}`, operand.dtype ?? dtype, operand.shape));
  const made = build(...inputs);
  const outputs = (Array.isArray(made) ? made : [made]) as Tensor[];
  const cotangents = outputs.map((output, i) => input(`c${i}`, output.dtype, output.shape));
  const wrt = inputs.filter((tensor, i) => isFloat(tensor.dtype) && operands[i].differentiate !== false);
  const gradients = pullback(
    outputs.map((output, i) => ({ output, cotangent: cotangents[i] })),
    wrt,
  );
  gradients.forEach((gradient, i) => {
    assert.deepEqual(gradient.shape, wrt[i].shape, `${what}: shape of the gradient of operand ${wrt[i].name}`);
    assert.equal(gradient.dtype, wrt[i].dtype);
  });
  const objective = outputs.map((output, i) => sum(mul(output, cotangents[i]))).reduce((a, b) => add(a, b));
  const wanted = Object.fromEntries(gradients.map((gradient, i) => [`d_${wrt[i].name}`, gradient]));
  const model = buildModel({ outputs: { objective, ...wanted }, inputs: [...inputs, ...cotangents] });
  const session = await openSession(model, { threads: 1, optimization: "basic" });

  const feeds: Record<string, TensorData> = {};
  [...inputs, ...cotangents].forEach((tensor, i) => {
    const shape = tensor.shape.map((dim) => evaluateDim(dim, symbols));
    const size = shape.reduce((product, dim) => product * dim, 1);
    const draw = operands[i]?.draw ?? ((from: Numbers) => from.uniform(-1, 1));
    const values = Array.from({ length: size }, (_, index) => draw(numbers, index, size));
    feeds[tensor.name!] = { data: typed(values, tensor.dtype), shape, dtype: tensor.dtype };
  });
  const results = await session.run(feeds);
  for (const tensor of wrt) {
    const { data } = feeds[tensor.name!] as { data: Float64Array };
    const gradient = results[`d_${tensor.name}`];
    assert.deepEqual(gradient.shape, feeds[tensor.name!].shape);
    for (const i of probed(data.length, numbers)) {
      const at = async (value: number) => {
        const kept = data[i];
        data[i] = value;
        const { objective } = await session.run(feeds, ["objective"]);
        const exact = data[i];
        data[i] = kept;
        return { x: exact, y: Number(objective.data[0]) };
      };
      const [low, high] = [await at(data[i] - step), await at(data[i] + step)];
      const expected = (high.y - low.y) / (high.x - low.x);
      const found = Number(gradient.data[i]);
      const error = Math.abs(found - expected) / (1 + Math.abs(expected));
      assert.ok(
        error <= tolerance,
        `${what}: gradient of ${tensor.name}[${i}] with ${JSON.stringify(operands.map(({ shape }) => shape))}: ` +
          `the rule says ${found}, finite differences ${expected}`,
      );
    }
  }
  await session.dispose();
  return new Set(reachable(outputs).map((node) => node.operator));
}

/** All places of a small tensor, twelve of a larger one. */
function probed(size: number, numbers: Numbers): number[] {
  return numbers.permutation(size).slice(0, 12);
}

/** Flat numbers as the array that the element type asks for. */
export function typed(values: readonly number[], dtype: DType): TensorData["data"] {
  if (dtype === "float64") return Float64Array.from(values);
  if (dtype === "float32") return Float32Array.from(values);
  if (dtype === "int32") return Int32Array.from(values);
  if (dtype === "int64") return BigInt64Array.from(values, (value) => BigInt(value));
  return Uint8Array.from(values);
}
