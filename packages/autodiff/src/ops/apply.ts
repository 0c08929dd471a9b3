/** The one door through which nodes are made: looks up the inference rule, checks, and creates the node. */
import { inference } from "../infer/mod.ts";
import { type Attribute, createNode, type Tensor } from "../ir/tensor.ts";

/** Domain of operators that are ONNX Runtime's own. */
const DOMAINS: Readonly<Record<string, string>> = {
  RotaryEmbedding: "com.microsoft",
  // ONNX itself has it from opset 20 on.
  Gelu: "com.microsoft",
  FastGelu: "com.microsoft",
  QuickGelu: "com.microsoft",
};

/** Options of {@linkcode apply}. */
export interface ApplyOptions {
  /** How many outputs are wanted. Default 1; matters only to operators that leave it open, such as `Split`. */
  outputs?: number;
  domain?: string;
  names?: readonly (string | undefined)[];
}

/**
 * Applies an operator by its ONNX name and returns all of its outputs. Throws `TypeError` for an operator without a
 * rule of shape inference, and whatever that rule says about the inputs.
 */
export function applyAll(
  operator: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Readonly<Record<string, Attribute>> = {},
  { outputs = 1, domain, names }: ApplyOptions = {},
): readonly Tensor[] {
  const rule = inference[operator];
  if (!rule) throw new TypeError(`Cannot apply ${operator}: this operator has no rule of shape inference`);
  const types = rule({ operator, inputs, attributes, outputs });
  return createNode(operator, inputs, attributes, types, { domain: domain ?? DOMAINS[operator] ?? "", names }).outputs;
}

/** Applies an operator and returns its first output. */
export function apply(
  operator: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Readonly<Record<string, Attribute>> = {},
): Tensor {
  return applyAll(operator, inputs, attributes)[0];
}
