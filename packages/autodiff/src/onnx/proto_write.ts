/** Plain objects to the bytes of an ONNX file. */
import Pbf from "pbf";
import {
  ATTRIBUTE_TYPES,
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "./proto.ts";

const utf8 = new TextEncoder();

/** pbf's own string writer gets characters beyond U+1FFFF wrong (seen with 4.0.2: U+20000 becomes U+10000). */
function writeString(pbf: Pbf, field: number, text: string): void {
  pbf.writeBytesField(field, utf8.encode(text));
}

function writeTensor(tensor: TensorProto, pbf: Pbf): void {
  for (const dim of tensor.dims) pbf.writeVarintField(1, dim);
  pbf.writeVarintField(2, tensor.dataType);
  writeString(pbf, 8, tensor.name);
  pbf.writeBytesField(9, tensor.rawData);
}

function writeShape(shape: (number | string)[], pbf: Pbf): void {
  for (const dim of shape) {
    pbf.writeMessage(
      1,
      (value: number | string, inner: Pbf) => {
        if (typeof value === "number") inner.writeVarintField(1, value);
        else writeString(inner, 2, value);
      },
      dim,
    );
  }
}

function writeValueInfo(info: ValueInfoProto, pbf: Pbf): void {
  writeString(pbf, 1, info.name);
  pbf.writeMessage(
    2,
    (_: ValueInfoProto, type: Pbf) => {
      type.writeMessage(
        1,
        (_inner: ValueInfoProto, tensor: Pbf) => {
          tensor.writeVarintField(1, info.elemType);
          if (info.shape) tensor.writeMessage(2, writeShape, info.shape);
        },
        info,
      );
    },
    info,
  );
}

function writeAttribute(attribute: AttributeProto, pbf: Pbf): void {
  writeString(pbf, 1, attribute.name);
  if (attribute.f !== undefined) pbf.writeFloatField(2, attribute.f);
  if (attribute.i !== undefined) pbf.writeVarintField(3, attribute.i);
  if (attribute.s !== undefined) writeString(pbf, 4, attribute.s);
  if (attribute.t !== undefined) pbf.writeMessage(5, writeTensor, attribute.t);
  if (attribute.g !== undefined) pbf.writeMessage(6, writeGraph, attribute.g);
  for (const value of attribute.floats ?? []) pbf.writeFloatField(7, value);
  for (const value of attribute.ints ?? []) pbf.writeVarintField(8, value);
  for (const value of attribute.strings ?? []) writeString(pbf, 9, value);
  for (const [field, type] of Object.entries(ATTRIBUTE_TYPES)) {
    if (attribute[field as keyof typeof ATTRIBUTE_TYPES] !== undefined) pbf.writeVarintField(20, type);
  }
}

function writeNode(node: NodeProto, pbf: Pbf): void {
  for (const name of node.input) writeString(pbf, 1, name);
  for (const name of node.output) writeString(pbf, 2, name);
  writeString(pbf, 3, node.name);
  writeString(pbf, 4, node.opType);
  for (const attribute of node.attribute) pbf.writeMessage(5, writeAttribute, attribute);
  if (node.domain) writeString(pbf, 7, node.domain);
}

function writeGraph(graph: GraphProto, pbf: Pbf): void {
  for (const node of graph.node) pbf.writeMessage(1, writeNode, node);
  writeString(pbf, 2, graph.name);
  for (const tensor of graph.initializer) pbf.writeMessage(5, writeTensor, tensor);
  for (const info of graph.input) pbf.writeMessage(11, writeValueInfo, info);
  for (const info of graph.output) pbf.writeMessage(12, writeValueInfo, info);
  for (const info of graph.valueInfo) pbf.writeMessage(13, writeValueInfo, info);
}

/** The bytes of an ONNX file. */
export function encodeModelProto(model: ModelProto): Uint8Array {
  const pbf = new Pbf();
  pbf.writeVarintField(1, model.irVersion);
  writeString(pbf, 2, model.producerName);
  pbf.writeMessage(7, writeGraph, model.graph);
  for (const opset of model.opsetImport) {
    pbf.writeMessage(
      8,
      (_: typeof opset, inner: Pbf) => {
        writeString(inner, 1, opset.domain);
        inner.writeVarintField(2, opset.version);
      },
      opset,
    );
  }
  return pbf.finish();
}
