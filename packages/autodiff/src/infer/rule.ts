/** What a rule of shape inference is: types of the inputs and attributes in, types of the outputs out. */
import type { Attribute, Tensor, TensorType } from "../ir/tensor.ts";

/** The place at which an operator is applied. */
export interface Application {
  readonly operator: string;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** How many outputs are wanted, for operators where that is a choice. */
  readonly outputs: number;
}

/** Infers the output types, or throws with the reason why the operator cannot be applied so. */
export type InferenceRule = (site: Application) => TensorType[];

/** Input `index`, which must be there. */
export function need({ operator, inputs }: Application, index: number): Tensor {
  const tensor = inputs[index];
  if (!tensor) throw new TypeError(`Cannot apply ${operator}: input ${index} is missing`);
  return tensor;
}

/** Content of integer input `index`, which must be known while the graph is built. */
export function needValue(site: Application, index: number): readonly (number | string)[] {
  const { value, shape } = need(site, index);
  if (value === undefined) {
    throw new TypeError(
      `Cannot apply ${site.operator}: input ${index} [${shape}] must be known while the graph is built`,
    );
  }
  return value;
}

/** The same, numbers only. */
export function needNumbers(site: Application, index: number): number[] {
  return needValue(site, index).map((item) => {
    if (typeof item !== "number") {
      throw new TypeError(
        `Cannot apply ${site.operator}: input ${index} holds the symbolic size "${item}", expected numbers`,
      );
    }
    return item;
  });
}

/** Integer attribute with its default. */
export function integer({ operator, attributes }: Application, name: string, fallback?: number): number {
  const value = attributes[name] ?? fallback;
  if (typeof value !== "number") throw new TypeError(`Cannot apply ${operator}: attribute ${name} is missing`);
  return value;
}

/** Attribute that is a list of integers. */
export function integers({ attributes }: Application, name: string): number[] | undefined {
  const value = attributes[name];
  return Array.isArray(value) ? (value as number[]) : undefined;
}
