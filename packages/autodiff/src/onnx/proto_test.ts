import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import Pbf from "pbf";
import { readModel } from "./decode.ts";
import type { AttributeProto, GraphProto, ModelProto, TensorProto, ValueInfoProto } from "./proto.ts";
import { decodeModelProto } from "./proto_read.ts";
import { encodeModelProto } from "./proto_write.ts";
import { fromProto } from "./tensor_data.ts";

const name = fc.string({ unit: "binary", maxLength: 6 });
const size = fc.integer({ min: 0, max: 2 ** 40 });
const float = fc.float({ noNaN: true });
const integer = fc.maxSafeInteger();
const tensor: fc.Arbitrary<TensorProto> = fc.record({
  name,
  dims: fc.array(size, { maxLength: 4 }),
  dataType: fc.nat(20),
  rawData: fc.uint8Array({ maxLength: 20 }),
});
const info: fc.Arbitrary<ValueInfoProto> = fc.record(
  { name, elemType: fc.nat(20), shape: fc.array(fc.oneof(size, name), { maxLength: 4 }) },
  { requiredKeys: ["name", "elemType"] },
);
const { graph } = fc.letrec<{ graph: GraphProto; attribute: AttributeProto }>((tie) => ({
  attribute: fc.oneof(
    { depthSize: "small" },
    fc.record({ name, f: float }),
    fc.record({ name, i: integer }),
    fc.record({ name, s: name }),
    fc.record({ name, t: tensor }),
    fc.record({ name, floats: fc.array(float, { maxLength: 3 }) }),
    fc.record({ name, ints: fc.array(integer, { maxLength: 3 }) }),
    fc.record({ name, strings: fc.array(name, { maxLength: 3 }) }),
    fc.record({ name, g: tie("graph") }),
  ),
  graph: fc.record({
    name,
    node: fc.array(
      fc.record({
        name,
        opType: name,
        domain: name,
        input: fc.array(name, { maxLength: 3 }),
        output: fc.array(name, { maxLength: 3 }),
        attribute: fc.array(tie("attribute"), { maxLength: 2 }),
      }),
      { maxLength: 2 },
    ),
    initializer: fc.array(tensor, { maxLength: 2 }),
    input: fc.array(info, { maxLength: 2 }),
    output: fc.array(info, { minLength: 1, maxLength: 2 }),
    valueInfo: fc.array(info, { maxLength: 2 }),
  }),
}));
const model: fc.Arbitrary<ModelProto> = fc.record({
  irVersion: fc.nat(20),
  producerName: name,
  opsetImport: fc.array(fc.record({ domain: name, version: fc.nat(30) }), { maxLength: 3 }),
  graph,
});

test("what is written is read again", () => {
  fc.assert(
    fc.property(model, (message) => {
      // fast-check's records have no prototype; the clone has.
      assert.deepEqual(decodeModelProto(encodeModelProto(message)), structuredClone(message));
    }),
  );
});

const files = ["mlp_11", "attention", "bag"].map(
  (file) => new Uint8Array(readFileSync(new URL(`../../fixtures/${file}.onnx`, import.meta.url))),
);

test("files written by PyTorch survive a round trip", () => {
  for (const bytes of files) {
    const once = decodeModelProto(bytes);
    assert.ok(once.graph.node.length > 5);
    assert.deepEqual(decodeModelProto(encodeModelProto(once)), once);
  }
});

/** Damages bytes: overwrites some, cuts the end off, or repeats a part. */
const damaged = fc
  .record({
    file: fc.constantFrom(...files),
    places: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
    cut: fc.option(fc.nat()),
    insert: fc.option(fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 12 }))),
  })
  .map(({ file, places, cut, insert }) => {
    let bytes = Array.from(file);
    for (const [place, value] of places) bytes[place % bytes.length] = value;
    if (insert) bytes.splice(insert[0] % bytes.length, 0, ...insert[1]);
    if (cut !== null) bytes = bytes.slice(0, cut % bytes.length);
    return Uint8Array.from(bytes);
  });

function assertErrors(read: (bytes: Uint8Array) => unknown, allowed: RegExp) {
  return (bytes: Uint8Array) => {
    try {
      read(bytes);
    } catch (error) {
      assert.match(`${(error as Error).name}: ${(error as Error).message}`, allowed);
    }
  };
}

test("damaged files are read or refused with an error that says so", () => {
  const allowed = /^(Syntax|Type)Error: Cannot read /;
  fc.assert(fc.property(damaged, assertErrors(decodeModelProto, allowed)), { numRuns: 1000 });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), assertErrors(decodeModelProto, allowed)), { numRuns: 1000 });
});

test("graphs of damaged files are read or refused with an error that says so", () => {
  const allowed = /^(Syntax|Type|Range)Error: Cannot /;
  fc.assert(fc.property(damaged, assertErrors(readModel, allowed)), { numRuns: 500 });
});

test("nesting without end does not end the process", () => {
  let bytes = new Uint8Array(0);
  // A graph in an attribute in a node in a graph …
  for (let depth = 0; depth < 3000; depth++) {
    const pbf = new Pbf();
    pbf.writeBytesField([6, 5, 1][depth % 3], bytes);
    bytes = pbf.finish() as Uint8Array<ArrayBuffer>;
  }
  const file = new Pbf();
  file.writeBytesField(7, bytes);
  assert.throws(() => decodeModelProto(file.finish()), /SyntaxError|TypeError/);
});

/** A model that holds one initializer, written field by field. */
function withTensor(write: (pbf: Pbf) => void): TensorProto {
  const pbf = new Pbf();
  pbf.writeMessage(
    7,
    (_: undefined, graph: Pbf) => {
      graph.writeMessage(5, (_inner: undefined, tensor: Pbf) => write(tensor), undefined);
      graph.writeMessage(12, (_inner: undefined, output: Pbf) => output.writeStringField(1, "y"), undefined);
    },
    undefined,
  );
  return decodeModelProto(pbf.finish()).graph.initializer[0];
}

test("numbers are found in whichever field a writer put them", () => {
  const cases: [number, (pbf: Pbf) => void, number[]][] = [
    [1, (pbf) => pbf.writePackedFloat(4, [1.5, -2]), [1.5, -2]],
    [1, (pbf) => [1.5, -2].forEach((value) => void pbf.writeFloatField(4, value)), [1.5, -2]],
    [2, (pbf) => pbf.writePackedVarint(5, [1, 255]), [1, 255]],
    [6, (pbf) => [-1, 7].forEach((value) => void pbf.writeVarintField(5, value)), [-1, 7]],
    [7, (pbf) => [-1, 2 ** 40].forEach((value) => void pbf.writeVarintField(7, value)), [-1, 2 ** 40]],
    [9, (pbf) => pbf.writePackedVarint(5, [1, 0]), [1, 0]],
    [10, (pbf) => pbf.writePackedVarint(5, [0x3c00, 0xc000]), [0x3c00, 0xc000]],
    [11, (pbf) => pbf.writePackedDouble(10, [Math.PI, -1]), [Math.PI, -1]],
  ];
  for (const [dataType, write, expected] of cases) {
    const read = withTensor((pbf) => {
      pbf.writePackedVarint(1, [2]);
      pbf.writeVarintField(2, dataType);
      write(pbf);
      pbf.writeStringField(8, "w");
      pbf.writeStringField(12, "documentation is ignored");
    });
    assert.deepEqual(Array.from(fromProto(read).data), expected, `element type ${dataType}`);
  }
});

test("data in another file are refused", () => {
  assert.throws(
    () =>
      withTensor((pbf) => {
        pbf.writeStringField(8, "w");
        pbf.writeVarintField(14, 1);
      }),
    /TypeError: Cannot read tensor "w": its data are in an external file/,
  );
});

test("an attribute whose value is left out, because it is zero, is read by its type", () => {
  const pbf = new Pbf();
  const attribute = (type: number) => (_: undefined, inner: Pbf) => {
    inner.writeStringField(1, `a${type}`);
    inner.writeVarintField(20, type);
  };
  pbf.writeMessage(
    7,
    (_: undefined, inner: Pbf) => {
      inner.writeMessage(
        1,
        (_node: undefined, node: Pbf) => {
          for (const type of [1, 2, 3, 6, 7, 8]) node.writeMessage(5, attribute(type), undefined);
        },
        undefined,
      );
    },
    undefined,
  );
  assert.deepEqual(decodeModelProto(pbf.finish()).graph.node[0].attribute, [
    { name: "a1", f: 0 },
    { name: "a2", i: 0 },
    { name: "a3", s: "" },
    { name: "a6", floats: [] },
    { name: "a7", ints: [] },
    { name: "a8", strings: [] },
  ]);
});

test("functions and sparse initializers are refused", () => {
  const functions = new Pbf();
  functions.writeBytesField(25, new Uint8Array(0));
  assert.throws(() => decodeModelProto(functions.finish()), /TypeError: Cannot read ONNX model: it has functions/);
  const sparse = new Pbf();
  sparse.writeMessage(7, (_: undefined, inner: Pbf) => inner.writeBytesField(15, new Uint8Array(0)), undefined);
  assert.throws(() => decodeModelProto(sparse.finish()), /TypeError: Cannot read graph "": sparse initializers/);
});
