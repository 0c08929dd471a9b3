/**
 * Operators as older (and newer) operator sets have them, brought to the form of opset 18 that the rest of the package
 * knows. Versions are those of https://github.com/onnx/onnx/blob/main/docs/Changelog.md.
 *
 * @module
 */
import { normalizeAxis } from "../infer/broadcast.ts";
import { type Attribute, type ConstantData, constant, scalar, type Tensor } from "../ir/tensor.ts";
import { add, apply, reshape } from "../ops/mod.ts";

/** One use of an operator in a file. */
export interface Use {
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** How many outputs are named. */
  readonly outputs: number;
}

/** Returns the use in its new form, or what it computes. */
type Upgrade = (use: Use, version: number) => Use | readonly Tensor[];

function without(attributes: Use["attributes"], ...names: string[]): Record<string, Attribute> {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));
}

function integers(values: readonly number[]): Tensor {
  return constant(values, [values.length], "int64");
}

/** Attributes that became inputs, at these places, in this version. */
function toInputs(since: number, names: readonly string[], first = 1): Upgrade {
  return (use, version) => {
    if (version >= since) return use;
    const inputs = [...use.inputs];
    names.forEach((name, i) => {
      const value = use.attributes[name];
      while (inputs.length <= first + i) inputs.push(undefined);
      if (Array.isArray(value)) inputs[first + i] = integers(value as number[]);
    });
    return { ...use, inputs, attributes: without(use.attributes, ...names) };
  };
}

/** Before opset 13, softmax worked on the matrix of what is before and what is after the axis. */
const softmax: Upgrade = (use, version) => {
  if (version >= 13) return use;
  const x = use.inputs[0]!;
  const axis = normalizeAxis(Number(use.attributes.axis ?? 1), x.shape.length);
  if (axis === x.shape.length - 1) return { ...use, attributes: { axis: -1 } };
  const flat = apply("Flatten", [x], { axis });
  return [reshape(apply(use.operator, [flat], { axis: -1 }), x.shape)];
};

function floatAttribute(attribute: Attribute | undefined): number | undefined {
  return typeof attribute === "object" && "float" in attribute ? attribute.float : undefined;
}

const reduction: Upgrade = toInputs(18, ["axes"]);

const upgrades: Readonly<Record<string, Upgrade>> = {
  Squeeze: toInputs(13, ["axes"]),
  Unsqueeze: toInputs(13, ["axes"]),
  Reshape: toInputs(5, ["shape"]),
  ReduceSum: toInputs(13, ["axes"]),
  ReduceMean: reduction,
  ReduceMax: reduction,
  ReduceMin: reduction,
  ReduceSumSquare: reduction,
  ReduceL2: reduction,
  ReduceLogSumExp: reduction,
  Slice: toInputs(10, ["starts", "ends", "axes"]),
  Softmax: softmax,
  LogSoftmax: softmax,
  Split: (use, version) => {
    const given = toInputs(13, ["split"])(use, version) as Use;
    if (version >= 18 || given.inputs[1]) return given;
    return {
      ...given,
      inputs: given.inputs.slice(0, 1),
      attributes: { ...given.attributes, num_outputs: use.outputs },
    };
  },
  Pad: (use, version) => {
    if (version >= 11) return use;
    const given = toInputs(11, ["pads"])(use, version) as Use;
    const value = scalar(floatAttribute(use.attributes.value) ?? 0, use.inputs[0]!.dtype);
    return { ...given, inputs: [...given.inputs.slice(0, 2), value], attributes: without(given.attributes, "value") };
  },
  Clip: (use, version) => {
    if (version >= 11) return use;
    const [low, high] = ["min", "max"].map((name) => floatAttribute(use.attributes[name]));
    const { dtype } = use.inputs[0]!;
    const bounds = [low, high].map((bound) => (bound === undefined ? undefined : scalar(bound, dtype)));
    return { ...use, inputs: [use.inputs[0], ...bounds], attributes: {} };
  },
  TopK: (use, version) => {
    if (version >= 10) return use;
    const inputs = [use.inputs[0], integers([Number(use.attributes.k)])];
    return { ...use, inputs, attributes: without(use.attributes, "k") };
  },
  /** What is imported runs in inference mode, where dropout does nothing. */
  Dropout: (use) => {
    if (use.inputs[2] && use.inputs[2].node.operator === "Constant") {
      const { data } = use.inputs[2].node.attributes.value as ConstantData;
      if (data[0]) throw new TypeError("Cannot read Dropout in training mode: expected training_mode = false");
    }
    return use.outputs > 1 ? use : { ...use, operator: "Identity", inputs: use.inputs.slice(0, 1), attributes: {} };
  },
  /** Sum of any number of operands. */
  Sum: (use) => [use.inputs.map((tensor) => tensor!).reduce((a, b) => add(a, b))],
  /** ONNX's own since opset 20; ONNX Runtime has had it, under two names, for longer. */
  Gelu: (use) => {
    const operator = use.attributes.approximate === "tanh" ? "FastGelu" : "Gelu";
    return { ...use, operator, domain: "com.microsoft", attributes: {} };
  },
  /** ONNX's own since opset 23. */
  RMSNormalization: (use) => {
    const epsilon = use.attributes.epsilon ?? { float: 1e-5 };
    return { ...use, operator: "SimplifiedLayerNormalization", attributes: { ...use.attributes, epsilon } };
  },
};

/** The form of opset 18 of a use of an operator of ONNX's own domain at this version. */
export function upgrade(use: Use, version: number): Use | readonly Tensor[] {
  const rule = use.domain === "" && Object.hasOwn(upgrades, use.operator) ? upgrades[use.operator] : undefined;
  return rule ? rule(use, version) : use;
}
