/**
 * Gradients of ONNX files made elsewhere.
 *
 * @module
 */
import { describe, input, isFloat, type Tensor } from "../ir/tensor.ts";
import { pullback } from "../vjp/gradients.ts";
import { type ImportedModel, readModel } from "./decode.ts";
import { buildModel } from "./encode.ts";

/** What to differentiate, by the names in the file. */
export interface DifferentiateOptions {
  /** The output to differentiate. */
  output: string;
  /** Inputs or initializers to differentiate with respect to. */
  wrt: readonly string[];
}

/**
 * Adds the gradients of one output of an ONNX model to its outputs: `grad(<name>)` = ∂output/∂name for each of `wrt`,
 * with the shape of that input or initializer. The inputs, initializers and outputs that the model has stay as they
 * are, under their names.
 *
 * A scalar output (all sizes 1) starts with the cotangent 1. Any other gets a further input `cotangent(<output>)` of the
 * output's shape, and the gradients are Σ cotangent · ∂output/∂name; all ones give the gradient of the sum.
 *
 * The result is written for opset 18 (or the model's, if newer). Throws `RangeError` for a name that the model does not
 * have, `TypeError` for an operator without a rule on the way from `wrt` to the output, which it names, and whatever
 * {@linkcode readModel} throws. Operators off that way are passed on as they are.
 *
 * ```ts
 * import { buildModel, differentiate, input, mul, openSession, sum } from "@gradus/autodiff";
 * const x = input("x", "float32", ["n"]);
 * const bytes = buildModel({ outputs: { loss: sum(mul(x, x)) } }); // or readFileSync("model.onnx")
 *
 * const session = await openSession(differentiate(bytes, { output: "loss", wrt: ["x"] }));
 * const results = await session.run({ x: { data: Float32Array.of(1, 2, 3), shape: [3] } });
 * console.log(results.loss.data[0], results["grad(x)"].data); // 14, [2, 4, 6]
 * ```
 */
export function differentiate(model: Uint8Array, { output, wrt }: DifferentiateOptions): Uint8Array {
  const imported = readModel(model);
  const { inputs, outputs, opsets } = imported;
  if (!Object.hasOwn(outputs, output)) {
    throw new RangeError(
      `Cannot differentiate output "${output}": the model's outputs are ${Object.keys(outputs).join(", ")}`,
    );
  }
  const start = outputs[output];
  if (!isFloat(start.dtype)) throw new TypeError(`Cannot differentiate output ${describe(start)}: expected floats`);
  const targets = wrt.map((name) => targetOf(imported, name));
  const isScalar = start.shape.every((dim) => dim === 1);
  const cotangent = isScalar ? undefined : input(`cotangent(${output})`, start.dtype, start.shape);
  const gradients = pullback([{ output: start, cotangent }], targets);
  return buildModel({
    outputs: { ...outputs, ...Object.fromEntries(gradients.map((gradient, i) => [`grad(${wrt[i]})`, gradient])) },
    inputs: [...Object.values(inputs), ...(cotangent ? [cotangent] : [])],
    opsets,
  });
}

function targetOf({ inputs, initializers }: ImportedModel, name: string): Tensor {
  const target = Object.hasOwn(inputs, name)
    ? inputs[name]
    : Object.hasOwn(initializers, name)
      ? initializers[name]
      : undefined;
  if (!target)
    throw new RangeError(`Cannot differentiate with respect to "${name}": no input or initializer of the model`);
  if (!isFloat(target.dtype))
    throw new TypeError(`Cannot differentiate with respect to ${describe(target)}: expected floats`);
  return target;
}
