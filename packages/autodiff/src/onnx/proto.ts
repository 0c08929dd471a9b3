/**
 * The part of ONNX's file format that graphs need: messages as plain objects. Field numbers are those of onnx.proto3
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
 *
 * @module
 */
/** A dense tensor: `rawData` is little-endian. */
export interface TensorProto {
  name: string;
  dims: number[];
  dataType: number;
  rawData: Uint8Array;
}
/** Type and shape of a graph's input or output; a dimension is a number or a name. */
export interface ValueInfoProto {
  name: string;
  elemType: number;
  shape?: (number | string)[];
}
/** One attribute of a node; exactly one of the values is set. */
export interface AttributeProto {
  name: string;
  f?: number;
  i?: number;
  s?: string;
  t?: TensorProto;
  g?: GraphProto;
  floats?: number[];
  ints?: number[];
  strings?: string[];
}
/** One use of an operator. An empty input name is an optional input left out. */
export interface NodeProto {
  name: string;
  opType: string;
  domain: string;
  input: string[];
  output: string[];
  attribute: AttributeProto[];
}
/** Nodes in topological order with what goes in and out. */
export interface GraphProto {
  name: string;
  node: NodeProto[];
  initializer: TensorProto[];
  input: ValueInfoProto[];
  output: ValueInfoProto[];
  valueInfo: ValueInfoProto[];
}
/** A whole file. */
export interface ModelProto {
  irVersion: number;
  producerName: string;
  opsetImport: { domain: string; version: number }[];
  graph: GraphProto;
}

/** `AttributeProto.AttributeType` by field. */
export const ATTRIBUTE_TYPES = { f: 1, i: 2, s: 3, t: 4, g: 5, floats: 6, ints: 7, strings: 8 } as const;
