/** The bytes of an ONNX file to plain objects. */
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

/** Bytes of a tensor whose numbers are in one of the typed fields instead of `raw_data`. */
function typedBytes(dataType: number, numbers: number[]): Uint8Array {
  if (dataType === 7) return new Uint8Array(BigInt64Array.from(numbers, BigInt).buffer);
  const arrays: Record<number, (values: number[]) => ArrayBufferView<ArrayBuffer>> = {
    1: (values) => Float32Array.from(values),
    2: (values) => Uint8Array.from(values),
    6: (values) => Int32Array.from(values),
    9: (values) => Uint8Array.from(values),
    10: (values) => Uint16Array.from(values),
    11: (values) => Float64Array.from(values),
  };
  const make = arrays[dataType];
  if (!make) throw new TypeError(`Cannot read a tensor of ONNX element type ${dataType}`);
  return new Uint8Array(make(numbers).buffer);
}

function readRepeated(pbf: Pbf, into: number[], read: "readVarint" | "readFloat" | "readDouble"): void {
  const one = () => (read === "readVarint" ? pbf.readVarint(true) : pbf[read]());
  if (pbf.type !== 2) {
    into.push(one());
    return;
  }
  const end = pbf.readVarint() + pbf.pos;
  while (pbf.pos < end) into.push(one());
}

function readTensor(pbf: Pbf, end: number): TensorProto {
  const tensor: TensorProto = { name: "", dims: [], dataType: 0, rawData: new Uint8Array(0) };
  const numbers: number[] = [];
  pbf.readFields(
    (tag: number) => {
      if (tag === 1) readRepeated(pbf, tensor.dims, "readVarint");
      else if (tag === 2) tensor.dataType = pbf.readVarint();
      else if (tag === 4) readRepeated(pbf, numbers, "readFloat");
      else if (tag === 5 || tag === 7) readRepeated(pbf, numbers, "readVarint");
      else if (tag === 8) tensor.name = pbf.readString();
      else if (tag === 9) tensor.rawData = pbf.readBytes();
      else if (tag === 10) readRepeated(pbf, numbers, "readDouble");
      else if (tag === 14 && pbf.readVarint() === 1)
        throw new TypeError(`Cannot read tensor "${tensor.name}": its data are in an external file`);
    },
    undefined,
    end,
  );
  if (numbers.length > 0) tensor.rawData = typedBytes(tensor.dataType, numbers);
  return tensor;
}

function readShape(pbf: Pbf, end: number): (number | string)[] {
  const shape: (number | string)[] = [];
  pbf.readFields(
    (tag: number) => {
      if (tag !== 1) return;
      let dim: number | string = "";
      pbf.readMessage((field: number) => {
        if (field === 1) dim = pbf.readVarint(true);
        else if (field === 2) dim = pbf.readString();
      }, undefined);
      shape.push(dim);
    },
    undefined,
    end,
  );
  return shape;
}

function readValueInfo(pbf: Pbf, end: number): ValueInfoProto {
  const info: ValueInfoProto = { name: "", elemType: 0 };
  pbf.readFields(
    (tag: number) => {
      if (tag === 1) info.name = pbf.readString();
      else if (tag === 2) {
        pbf.readMessage((kind: number) => {
          if (kind !== 1) return;
          pbf.readMessage((field: number) => {
            if (field === 1) info.elemType = pbf.readVarint();
            else if (field === 2) info.shape = readShape(pbf, pbf.readVarint() + pbf.pos);
          }, undefined);
        }, undefined);
      }
    },
    undefined,
    end,
  );
  return info;
}

function readAttribute(pbf: Pbf, end: number): AttributeProto {
  const attribute: AttributeProto = { name: "" };
  const floats: number[] = [];
  const ints: number[] = [];
  const strings: string[] = [];
  let type = 0;
  pbf.readFields(
    (tag: number) => {
      if (tag === 1) attribute.name = pbf.readString();
      else if (tag === 2) attribute.f = pbf.readFloat();
      else if (tag === 3) attribute.i = pbf.readVarint(true);
      else if (tag === 4) attribute.s = pbf.readString();
      else if (tag === 5) attribute.t = readTensor(pbf, pbf.readVarint() + pbf.pos);
      else if (tag === 6) attribute.g = readGraph(pbf, pbf.readVarint() + pbf.pos);
      else if (tag === 7) readRepeated(pbf, floats, "readFloat");
      else if (tag === 8) readRepeated(pbf, ints, "readVarint");
      else if (tag === 9) strings.push(pbf.readString());
      else if (tag === 20) type = pbf.readVarint();
    },
    undefined,
    end,
  );
  if (type === ATTRIBUTE_TYPES.floats || floats.length) attribute.floats = floats;
  if (type === ATTRIBUTE_TYPES.ints || ints.length) attribute.ints = ints;
  if (type === ATTRIBUTE_TYPES.strings || strings.length) attribute.strings = strings;
  if (type === ATTRIBUTE_TYPES.i) attribute.i ??= 0;
  if (type === ATTRIBUTE_TYPES.f) attribute.f ??= 0;
  if (type === ATTRIBUTE_TYPES.s) attribute.s ??= "";
  return attribute;
}

function readNode(pbf: Pbf, end: number): NodeProto {
  const node: NodeProto = { name: "", opType: "", domain: "", input: [], output: [], attribute: [] };
  pbf.readFields(
    (tag: number) => {
      if (tag === 1) node.input.push(pbf.readString());
      else if (tag === 2) node.output.push(pbf.readString());
      else if (tag === 3) node.name = pbf.readString();
      else if (tag === 4) node.opType = pbf.readString();
      else if (tag === 5) node.attribute.push(readAttribute(pbf, pbf.readVarint() + pbf.pos));
      else if (tag === 7) node.domain = pbf.readString();
    },
    undefined,
    end,
  );
  return node;
}

function readGraph(pbf: Pbf, end: number): GraphProto {
  const graph: GraphProto = { name: "", node: [], initializer: [], input: [], output: [], valueInfo: [] };
  const inner = () => pbf.readVarint() + pbf.pos;
  pbf.readFields(
    (tag: number) => {
      if (tag === 1) graph.node.push(readNode(pbf, inner()));
      else if (tag === 2) graph.name = pbf.readString();
      else if (tag === 5) graph.initializer.push(readTensor(pbf, inner()));
      else if (tag === 11) graph.input.push(readValueInfo(pbf, inner()));
      else if (tag === 12) graph.output.push(readValueInfo(pbf, inner()));
      else if (tag === 13) graph.valueInfo.push(readValueInfo(pbf, inner()));
      else if (tag === 15)
        throw new TypeError(`Cannot read graph "${graph.name}": sparse initializers are not supported`);
    },
    undefined,
    end,
  );
  return graph;
}

/** Reads an ONNX file. Throws `SyntaxError` when the bytes are not one. */
export function decodeModelProto(bytes: Uint8Array): ModelProto {
  const model: ModelProto = {
    irVersion: 0,
    producerName: "",
    opsetImport: [],
    graph: readGraph(new Pbf(new Uint8Array(0)), 0),
  };
  const pbf = new Pbf(bytes);
  try {
    pbf.readFields((tag: number) => {
      if (tag === 1) model.irVersion = pbf.readVarint();
      else if (tag === 2) model.producerName = pbf.readString();
      else if (tag === 7) model.graph = readGraph(pbf, pbf.readVarint() + pbf.pos);
      else if (tag === 8) {
        const opset = { domain: "", version: 0 };
        pbf.readMessage((field: number) => {
          if (field === 1) opset.domain = pbf.readString();
          else if (field === 2) opset.version = pbf.readVarint();
        }, undefined);
        model.opsetImport.push(opset);
      } else if (tag === 25) {
        throw new TypeError("Cannot read ONNX model: it has functions of its own; inline them first");
      }
    }, undefined);
  } catch (cause) {
    if (cause instanceof TypeError) throw cause;
    throw new SyntaxError(`Cannot read ONNX model: the ${bytes.length} bytes are not one`, { cause });
  }
  if (model.graph.node.length === 0 && model.graph.output.length === 0) {
    throw new SyntaxError(`Cannot read ONNX model: the ${bytes.length} bytes hold no graph`);
  }
  return model;
}
