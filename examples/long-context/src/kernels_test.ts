// A model trained on ONNX Runtime, and the kernels of @gradus/sparse-attention on its weights: the same numbers.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { createSparseAttention } from "@gradus/sparse-attention";
import { PolicyCore, type Sparsity, type TransformerConfig } from "@gradus/transformer";
import { modelConfig } from "./model.ts";
import { needleBatch } from "./task.ts";
import { kernelOptions, traceAttention } from "./trace.ts";

const drivers = [
  ...("Deno" in globalThis ? ["/usr/share/vulkan/icd.d/lvp_icd.x86_64.json"] : []),
  "/usr/lib/chromium/vk_swiftshader_icd.json",
];
const driver = process.env.VK_ICD_FILENAMES ?? drivers.find((path) => existsSync(path));
if (driver) process.env.VK_ICD_FILENAMES = driver;

const config: TransformerConfig = { ...modelConfig("nsa", 512), hiddenSize: 32, headSize: 8, intermediateSize: 64 };
const sizes: Required<Sparsity> = {
  ...(config.sparsity as Required<Sparsity>),
  compressionHidden: 16,
  selectedBlocks: 5,
};
config.sparsity = sizes;
const length = 384;

/** Trains a little, so that gates and φ are no longer what they began as. */
const core = PolicyCore.create(config, { seed: 3 });
for (let step = 0; step < 12; step++) {
  const batch = needleBatch({ count: 2, length }, 1, step);
  await core.backward(
    batch,
    Float32Array.from(batch.labels, (label) => (label < 0 ? 0 : -1 / length)),
  );
  core.step({ learningRate: 0.01 });
}
const { tokens, positions } = needleBatch({ count: 1, length }, 2, 0);
const segments = new Int32Array(length).fill(1);
const layers = await traceAttention(config, core.weights, { tokens, positions, segments, time: length });
await core.dispose();

for (const backend of ["cpu", "webgpu"] as const)
  test(`a trained model's attention on ONNX Runtime is that of the kernels: ${backend}`, {
    skip: backend === "webgpu" && !driver && "no WebGPU driver is installed",
  }, async () => {
    const nsa = await createSparseAttention({ backend, ...kernelOptions(config, sizes) });
    try {
      for (const { query, keys, values, gates, compression, output } of layers) {
        const { output: found, residuals } = await nsa.forward({ query, keys, values, gates, compression });
        residuals.dispose();
        let [difference, size] = [0, 0];
        output.forEach((x, i) => {
          difference = Math.max(difference, Math.abs(x - (found as Float32Array)[i]));
          size = Math.max(size, Math.abs(x));
        });
        assert.ok(size > 0.01, `outputs of at most ${size} say little`);
        assert.ok(difference <= 1e-4 * size, `relative difference ${difference / size}`);
      }
    } finally {
      await nsa.dispose();
    }
  });
