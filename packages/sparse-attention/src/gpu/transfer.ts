// What crosses between arrays and the device, and what stays there for the backward pass.
import { isArray } from "../check.ts";
import type { Data, Residuals } from "../contract.ts";
import type { Runtime } from "./runtime.ts";

/** What a forward pass keeps on the device, with the buffers that are its own. */
export class GpuResiduals<K extends Residuals["kind"], T> implements Residuals {
  readonly kind: K;
  readonly blocks: GPUBuffer | undefined;
  readonly state: T;
  readonly owned: GPUBuffer[];
  constructor(kind: K, state: T, owned: GPUBuffer[], blocks?: GPUBuffer) {
    this.kind = kind;
    this.state = state;
    this.owned = owned;
    this.blocks = blocks;
  }
  dispose(): void {
    for (const buffer of this.owned.splice(0)) buffer.destroy();
  }
}

/** Puts arrays on the device. What is uploaded is ours; what came as a buffer is not. */
export const uploader =
  (runtime: Runtime, owned: GPUBuffer[]) =>
  (data: Data): GPUBuffer => {
    if (!isArray(data)) return data;
    const buffer = runtime.upload(data);
    owned.push(buffer);
    return buffer;
  };

/** A result where the caller wants it: the buffer itself, or its numbers. */
export async function fetchNumbers(
  runtime: Runtime,
  buffer: GPUBuffer,
  length: number,
  onDevice: boolean,
): Promise<Data> {
  if (onDevice) return buffer;
  const numbers = new Float32Array(await runtime.read(buffer, length));
  buffer.destroy();
  return numbers;
}

/** Numbers in an array or buffer. */
export const lengthOf = (data: Data): number => (isArray(data) ? data.length : data.size / 4);
