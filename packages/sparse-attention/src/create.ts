// The front door: chooses a backend.
import type { Backend } from "./backend.ts";
import { checkOptions } from "./check.ts";
import type { SparseAttentionOptions } from "./contract.ts";
import type { Heads } from "./cpu/attention.ts";
import { cpuBackend } from "./cpu/backend.ts";
import { gpuBackend } from "./gpu/backend.ts";
import { describe, openDevice } from "./gpu/device.ts";
import { Runtime } from "./gpu/runtime.ts";
import { findLanes } from "./gpu/subgroups.ts";
import { SparseAttention } from "./sparse_attention.ts";

/**
 * Native Sparse Attention for given sizes on a chosen backend.
 *
 * @throws RangeError for sizes that do not fit; Error when the backend that was asked for is not to be had here ("auto" falls
 * back to the CPU)
 *
 * @example
 * ```ts
 * import { createSparseAttention } from "@gradus/sparse-attention";
 *
 * const nsa = await createSparseAttention({ backend: "cpu", queryHeads: 4, kvHeads: 1, headDim: 8 });
 * const [time, ones] = [100, (n: number) => new Float32Array(n).fill(1)];
 * const [keys, values] = [ones(time * 8), ones(time * 8)];
 * const { output, residuals } = await nsa.forward({
 *   query: ones(time * 4 * 8),
 *   keys: { compressed: keys, selected: keys, window: keys },
 *   values: { compressed: values, selected: values, window: values },
 *   gates: ones(time * 4 * 3).fill(0.5),
 * });
 * console.log(output[0], output[output.length - 1]); // 1 (no block is complete yet: two branches), 1.5
 * const gradients = await nsa.backward(residuals, ones(output.length));
 * console.log(gradients.gates.length); // 1200
 * await nsa.dispose();
 * ```
 */
export async function createSparseAttention(options: SparseAttentionOptions): Promise<SparseAttention> {
  const { heads, pattern } = checkOptions(options);
  const { backend = "auto", device, checkNumbers = true } = options;
  const finish = (made: Backend) => new SparseAttention(made, heads, pattern, checkNumbers);
  if (backend === "cpu") return finish(cpuBackend(heads, pattern));
  if (backend === "gpu.js") {
    // Loaded only when asked for: it is a fifth of the package.
    const { gpuJsBackend } = await import("./gpujs/backend.ts");
    const { openGpuJs } = await import("./gpujs/runtime.ts");
    return finish(gpuJsBackend(await openGpuJs(options.GPU, options.gpuJsMode), heads, pattern));
  }
  if (backend !== "auto" && backend !== "webgpu")
    throw new RangeError(
      `Cannot create sparse attention: backend is "${backend}", expected "auto", "webgpu", "gpu.js" or "cpu"`,
    );
  const unfit = webgpuLimits(heads);
  if (unfit && backend === "auto") return finish(cpuBackend(heads, pattern));
  if (unfit) throw new RangeError(`Cannot create sparse attention on WebGPU: ${unfit}`);
  const opened = device ? { device, adapter: describe(device.adapterInfo), close: () => {} } : await openDevice();
  if (!opened) {
    if (backend === "auto") return finish(cpuBackend(heads, pattern));
    throw new Error(
      'Cannot create sparse attention on WebGPU: no adapter was found (Node needs the package "webgpu"). backend: "auto" falls back to the CPU',
    );
  }
  const real = !/swiftshader|llvmpipe|software/i.test(opened.adapter);
  const runtime = new Runtime(opened.device, real);
  if (real) runtime.parallel = 512;
  if (options.subgroups ?? real) runtime.lanes = await findLanes(runtime);
  if (options.subgroups && runtime.lanes === 1) {
    opened.close();
    throw new Error(`Cannot create sparse attention with subgroups: "${opened.adapter}" has none, or not in order`);
  }
  runtime.onDispatch = options.onKernel;
  return finish(gpuBackend(runtime, heads, pattern, opened.adapter, opened.close, options.precision === "f16"));
}

/** What the WGSL kernels cannot do, or undefined. */
function webgpuLimits({ headDim, valueDim }: Heads): string | undefined {
  for (const [name, dim] of Object.entries({ headDim, valueDim }))
    if (dim % 4 || dim > 256) return `${name} is ${dim}, expected a multiple of 4 up to 256`;
  return undefined;
}
