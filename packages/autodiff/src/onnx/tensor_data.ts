/** Numbers to and from the little-endian bytes of an ONNX tensor. */

import { ONNX_DTYPES } from "../infer/elementwise.ts";
import type { ConstantData, DType } from "../ir/tensor.ts";
import type { TensorProto } from "./proto.ts";

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** As a 64-bit integer. The largest ones, which stand for "to the end", are no safe integers: 2⁶³ must not wrap around. */
function toInt64(value: number): bigint {
  if (value >= 2 ** 63) return 2n ** 63n - 1n;
  return value <= -(2 ** 63) ? -(2n ** 63n) : BigInt(value);
}

/** Bytes of a constant. Float16 data are bit patterns already. */
export function toBytes({ dtype, data }: ConstantData): Uint8Array {
  if (dtype === "int64") return new Uint8Array(BigInt64Array.from(Array.from(data), toInt64).buffer);
  const type = ARRAYS[dtype];
  const typed = data instanceof type ? data : type.from(data);
  return new Uint8Array(typed.buffer as ArrayBuffer, typed.byteOffset, typed.byteLength);
}

/** The element type with this number in ONNX. Throws `TypeError` for those that graphs may not contain. */
export function dtypeOf(elemType: number): DType {
  for (const [dtype, number] of Object.entries(ONNX_DTYPES)) if (number === elemType) return dtype as DType;
  throw new TypeError(
    `Cannot read ONNX element type ${elemType}: expected one of ${Object.keys(ONNX_DTYPES).join(", ")}`,
  );
}

/** Content of a tensor in a file. int64 become numbers. */
export function fromProto(tensor: TensorProto): ConstantData {
  const dtype = dtypeOf(tensor.dataType);
  const type = dtype === "int64" ? BigInt64Array : ARRAYS[dtype];
  const size = tensor.dims.reduce((product, dim) => product * dim, 1);
  if (tensor.rawData.length !== size * type.BYTES_PER_ELEMENT) {
    throw new SyntaxError(
      `Cannot read tensor "${tensor.name}": ${tensor.rawData.length} bytes are not ${dtype} [${tensor.dims}]`,
    );
  }
  // A view where the bytes lie so that one is possible: weights may be large.
  const isAligned = tensor.rawData.byteOffset % type.BYTES_PER_ELEMENT === 0;
  const bytes = isAligned ? tensor.rawData : tensor.rawData.slice();
  const data = new type(bytes.buffer as ArrayBuffer, bytes.byteOffset, size);
  return {
    dtype,
    shape: tensor.dims,
    data: data instanceof BigInt64Array ? Array.from(data, Number) : data,
  };
}
