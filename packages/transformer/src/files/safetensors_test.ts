import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Dtype, decodeSafetensors, encodeSafetensors, type Tensor, toFloat32 } from "./safetensors.ts";

/** A file by hand, straight from the format's description. */
function file(header: string, data: Uint8Array = new Uint8Array(), length: number = header.length): Uint8Array {
  const bytes = new Uint8Array(8 + header.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(new TextEncoder().encode(header), 8);
  bytes.set(data, 8 + header.length);
  return bytes;
}
const little = (...numbers: number[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(4 * numbers.length));
  numbers.forEach((n, i) => {
    view.setFloat32(4 * i, n, true);
  });
  return new Uint8Array(view.buffer);
};

const arrays = {
  F64: (n: number) => fc.float64Array({ minLength: n, maxLength: n, noNaN: true }),
  I64: (n: number) => fc.bigInt64Array({ minLength: n, maxLength: n }),
  F32: (n: number) => fc.float32Array({ minLength: n, maxLength: n, noNaN: true }),
  I32: (n: number) => fc.int32Array({ minLength: n, maxLength: n }),
  F16: (n: number) => fc.uint16Array({ minLength: n, maxLength: n }),
  BF16: (n: number) => fc.uint16Array({ minLength: n, maxLength: n }),
  U8: (n: number) => fc.uint8Array({ minLength: n, maxLength: n }),
} satisfies Record<Dtype, (n: number) => fc.Arbitrary<unknown>>;

const tensor: fc.Arbitrary<Tensor> = fc
  .tuple(fc.constantFrom(...(Object.keys(arrays) as Dtype[])), fc.array(fc.nat(4), { maxLength: 3 }))
  .chain(([dtype, shape]) =>
    (arrays[dtype](shape.reduce((a, b) => a * b, 1)) as fc.Arbitrary<Tensor["data"]>).map((data) => ({
      dtype,
      shape,
      data,
    })),
  );
const named = fc.string({ unit: "binary" }).filter((name) => name !== "__metadata__");

test("tensors of every type and any name come back as they went in, aligned, from any position in memory", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(named, tensor), { maxLength: 6 }),
      fc.array(fc.tuple(fc.string({ unit: "binary" }), fc.string({ unit: "binary" })), { maxLength: 3 }),
      fc.nat(7),
      (list, notes, offset) => {
        const tensors = Object.fromEntries(list);
        const { checksum: _, ...metadata } = Object.fromEntries(notes);
        const bytes = encodeSafetensors(tensors, metadata);
        const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true));
        assert.equal(headerLength % 8, 0);
        const moved = new Uint8Array(bytes.length + offset).subarray(offset);
        moved.set(bytes);
        const decoded = decodeSafetensors(moved);
        assert.deepEqual(Object.keys(decoded.tensors).sort(), Object.keys(tensors).sort());
        for (const name of Object.keys(tensors)) assert.deepEqual(decoded.tensors[name], tensors[name]);
        assert.deepEqual(decoded.metadata, metadata);
      },
    ),
  );
});

test("a file written by hand from the format's description is read, unaligned and with padding", () => {
  const header = `{"b":{"dtype":"F32","shape":[2],"data_offsets":[1,9]},"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}} `;
  const { tensors, metadata } = decodeSafetensors(file(header, Uint8Array.of(7, ...little(1.5, -2))));
  assert.deepEqual(Object.keys(tensors), ["a", "b"]);
  assert.deepEqual(tensors.a, { dtype: "U8", shape: [], data: Uint8Array.of(7) });
  assert.deepEqual(tensors.b, { dtype: "F32", shape: [2], data: Float32Array.of(1.5, -2) });
  assert.deepEqual(metadata, {});
});

test("what we write equals the bytes by hand, but for the checksum", () => {
  const bytes = encodeSafetensors(
    {
      half: { shape: [1], dtype: "F16", data: Uint16Array.of(0x3c00) },
      full: { shape: [1, 2], dtype: "F32", data: Float32Array.of(1, 2) },
    },
    { format: "pt" },
  );
  const text = new TextDecoder().decode(
    bytes.subarray(8, 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))),
  );
  const [checksum] = /xxh32:[0-9a-f]{8}/.exec(text)!;
  const header =
    `{"__metadata__":{"checksum":"${checksum}","format":"pt"},` +
    `"full":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"half":{"dtype":"F16","shape":[1],"data_offsets":[8,10]}}`;
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
  assert.deepEqual(bytes, file(padded, Uint8Array.of(...little(1, 2), 0, 0x3c)));
});

test("tensors lie where the reference implementation puts them, and its file is read", () => {
  // safetensors 0.8.0 (Python): save() of one-element arrays of ones, given in the order of their names.
  const header =
    `{"f":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"e":{"dtype":"F64","shape":[1],"data_offsets":[8,16]},` +
    `"d":{"dtype":"F32","shape":[1],"data_offsets":[16,20]},"g":{"dtype":"F32","shape":[1],"data_offsets":[20,24]},` +
    `"c":{"dtype":"I32","shape":[1],"data_offsets":[24,28]},"b":{"dtype":"F16","shape":[1],"data_offsets":[28,30]},` +
    `"a":{"dtype":"U8","shape":[1],"data_offsets":[30,31]}}  `;
  const data = Buffer.from("0100000000000000000000000000f03f0000803f0000803f01000000003c01", "hex");
  const tensors: Record<string, Tensor> = {
    a: { shape: [1], dtype: "U8", data: Uint8Array.of(1) },
    b: { shape: [1], dtype: "F16", data: Uint16Array.of(0x3c00) },
    c: { shape: [1], dtype: "I32", data: Int32Array.of(1) },
    d: { shape: [1], dtype: "F32", data: Float32Array.of(1) },
    e: { shape: [1], dtype: "F64", data: Float64Array.of(1) },
    f: { shape: [1], dtype: "I64", data: BigInt64Array.of(1n) },
    g: { shape: [1], dtype: "F32", data: Float32Array.of(1) },
  };
  const theirs = file(header, data);
  const decoded = decodeSafetensors(theirs);
  assert.deepEqual({ ...decoded.tensors }, tensors);
  const ours = encodeSafetensors(tensors);
  assert.deepEqual(Object.keys(decodeSafetensors(ours).tensors), Object.keys(decoded.tensors));
  assert.deepEqual(ours.subarray(-31), theirs.subarray(-31));
});

test("tensors are views of the file, not copies", () => {
  const bytes = encodeSafetensors({ w: { shape: [2], dtype: "F32", data: Float32Array.of(1, 2) } });
  assert.equal(decodeSafetensors(bytes).tensors.w.data.buffer, bytes.buffer);
});

test("malformed files are refused, naming the tensor", () => {
  const w = (shape: string, offsets: string, dtype = "F32"): string =>
    `{"w":{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}}`;
  const eight = new Uint8Array(8);
  const cases: [RegExp, Uint8Array][] = [
    [/3 bytes/, new Uint8Array(3)],
    [/header may have 100000000 bytes, found 123456789012/, file("{}", undefined, 123456789012)],
    [/header has 50 bytes, but the file only 10 \(truncated/, file("{}", undefined, 50)],
    [/not JSON/, file("{]")],
    [/not JSON/, file("")],
    [/must be a JSON object/, file("[]")],
    [/__metadata__ "a" must be a string/, file(`{"__metadata__":{"a":1}}`)],
    [/__metadata__ must be an object/, file(`{"__metadata__":[]}`)],
    [/tensor "w" must have a dtype and a shape/, file(`{"w":null}`)],
    [/tensor "w" must have a dtype and a shape/, file(w("[-1]", "[0,8]"), eight)],
    [/tensor "w" must have a dtype and a shape/, file(w("[1.5]", "[0,8]"), eight)],
    [/tensor "w" must have data_offsets/, file(w("[2]", "[8,0]"), eight)],
    [/tensor "w" must have data_offsets/, file(w("[2]", "[0]"), eight)],
    [/tensor "w" must have one of the dtypes .* found F8_E4M3/, file(w("[2]", "[0,8]", "F8_E4M3"), eight)],
    [/tensor "w" must have one of the dtypes .* found toString/, file(w("[2]", "[0,8]", "toString"), eight)],
    [/tensor "w" of F32 \[3\] must have 12 bytes, found 8/, file(w("[3]", "[0,8]"), eight)],
    [/tensor "w" ends at byte 8 of the data, but the file has only 7/, file(w("[2]", "[0,8]"), new Uint8Array(7))],
    [/1 bytes at the end belong to no tensor/, file(w("[2]", "[0,8]"), new Uint8Array(9))],
    [/1 bytes before tensor "w" belong to no tensor/, file(w("[2]", "[1,9]"), new Uint8Array(9))],
    [
      /tensor "v" starts at byte 4, inside the tensor before it/,
      file(
        `{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"v":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`,
        eight,
      ),
    ],
  ];
  for (const [message, bytes] of cases) assert.throws(() => decodeSafetensors(bytes), message);
});

test("any truncation and any flipped bit of a file of ours is noticed", () => {
  const bytes = encodeSafetensors(
    {
      a: { shape: [3], dtype: "BF16", data: Uint16Array.of(1, 2, 3) },
      b: { shape: [], dtype: "U8", data: Uint8Array.of(9) },
    },
    { format: "pt" },
  );
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodeSafetensors(bytes.subarray(0, length)), /Cannot decode safetensors/);
  }
  const good = decodeSafetensors(bytes);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const bad = bytes.slice();
    bad[bit >> 3] ^= 1 << (bit & 7);
    let decoded: unknown;
    try {
      decoded = decodeSafetensors(bad);
    } catch (error) {
      assert.match((error as Error).message, /Cannot decode safetensors/);
      continue;
    }
    // A bit in the word "checksum" or "xxh32" itself can hide the checksum; the tensors are then still right.
    assert.deepEqual((decoded as typeof good).tensors, good.tensors);
  }
});

test("a wrong checksum can be overlooked on request, and a foreign one is left alone", () => {
  const bytes = encodeSafetensors({ w: { shape: [1], dtype: "U8", data: Uint8Array.of(1) } });
  bytes[bytes.length - 1] = 2;
  assert.throws(() => decodeSafetensors(bytes), /xxh32/);
  assert.deepEqual(decodeSafetensors(bytes, { verify: false }).tensors.w.data, Uint8Array.of(2));
  const foreign = file(`{"__metadata__":{"checksum":"md5:1"}}`);
  assert.deepEqual(decodeSafetensors(foreign).tensors, {});
});

test("what cannot be encoded is refused, naming the tensor", () => {
  const data = Float32Array.of(1, 2);
  assert.throws(
    () => encodeSafetensors({ w: { shape: [3], dtype: "F32", data } }),
    /"w" of shape \[3\].*3 elements, found 2/,
  );
  assert.throws(
    () => encodeSafetensors({ w: { shape: [2], dtype: "F16", data } }),
    /"w" of dtype F16.*Uint16Array, found Float32Array/,
  );
  assert.throws(() => encodeSafetensors({ w: { shape: [-2], dtype: "F32", data } }), /"w" must have a shape/);
  assert.throws(
    () => encodeSafetensors({ w: { shape: [2], dtype: "F8" as Dtype, data } }),
    /"w" must have one of the dtypes/,
  );
  assert.throws(() => encodeSafetensors({ __metadata__: { shape: [2], dtype: "F32", data } }), /reserves/);
  assert.throws(() => encodeSafetensors({}, { a: 1 } as unknown as Record<string, string>), /metadata "a"/);
});

test("every type becomes float32", () => {
  const as = (dtype: Dtype, data: Tensor["data"]): number[] => [...toFloat32({ dtype, shape: [data.length], data })];
  assert.deepEqual(as("F64", Float64Array.of(0.1)), [Math.fround(0.1)]);
  assert.deepEqual(as("I64", BigInt64Array.of(-3n, 2n ** 24n + 1n)), [-3, 2 ** 24]);
  assert.deepEqual(as("I32", Int32Array.of(-7)), [-7]);
  assert.deepEqual(as("F16", Uint16Array.of(0xfbff)), [-65504]);
  assert.deepEqual(as("BF16", Uint16Array.of(0xc000)), [-2]);
  assert.deepEqual(as("U8", Uint8Array.of(255)), [255]);
});
