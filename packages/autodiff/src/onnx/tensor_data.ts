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

/** Bytes of a constant. Float16 data are bit patterns already. */
export function toBytes({ dtype, data }: ConstantData): Uint8Array {
  if (dtype === "int64") return new Uint8Array(BigInt64Array.from(Array.from(data), BigInt).buffer);
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
  const bytes = tensor.rawData.slice();
  const data =
    dtype === "int64" ? Array.from(new BigInt64Array(bytes.buffer), Number) : new ARRAYS[dtype](bytes.buffer);
  return { dtype, shape: tensor.dims, data };
}
