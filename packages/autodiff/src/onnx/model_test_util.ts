/**
 * Hand-written ONNX models for the tests, in whatever operator set they need.
 *
 * @module
 */
import type { AttributeProto, GraphProto, NodeProto, TensorProto } from "./proto.ts";
import { encodeModelProto } from "./proto_write.ts";

export const FLOAT = 1;
export const INT64 = 7;
export const BOOL = 9;

export function node(
  opType: string,
  input: string[],
  output: string[],
  attribute: AttributeProto[] = [],
  domain = "",
): NodeProto {
  return { name: `${opType} ${output[0]}`, opType, domain, input, output, attribute };
}

export function floats(name: string, dims: number[], values: number[]): TensorProto {
  return { name, dims, dataType: FLOAT, rawData: new Uint8Array(Float32Array.from(values).buffer) };
}

export function int64s(name: string, dims: number[], values: number[]): TensorProto {
  return { name, dims, dataType: INT64, rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer) };
}

export type Types = Record<string, [elemType: number, shape: (number | string)[]] | [elemType: number]>;

function infos(types: Types): GraphProto["input"] {
  return Object.entries(types).map(([name, [elemType, shape]]) => ({ name, elemType, shape }));
}

export interface Parts {
  node: NodeProto[];
  inputs: Types;
  outputs: Types;
  valueInfo?: Types;
  initializer?: TensorProto[];
}

export function graph({ node, inputs, outputs, valueInfo = {}, initializer = [] }: Parts): GraphProto {
  return {
    name: "g",
    node,
    initializer,
    input: infos(inputs),
    output: infos(outputs),
    valueInfo: infos(valueInfo),
  };
}

export function model(parts: Parts, opset: number, domains: Record<string, number> = {}): Uint8Array {
  return encodeModelProto({
    irVersion: 7,
    producerName: "test",
    opsetImport: Object.entries({ "": opset, ...domains }).map(([domain, version]) => ({ domain, version })),
    graph: graph(parts),
  });
}
