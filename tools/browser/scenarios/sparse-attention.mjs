import { createSparseAttention } from "@gradus/sparse-attention";

/** WebGPU in float32, with another compiler in each place. */
export const tolerance = 1e-5;

// In Node: SwiftShader, which Chromium uses here too.
if (globalThis.process) process.env.VK_ICD_FILENAMES ??= "/usr/lib/chromium/vk_swiftshader_icd.json";

const options = {
  ...{ queryHeads: 4, kvHeads: 1, headDim: 8, compressionBlock: 8, compressionStride: 4 },
  ...{ selectionBlock: 16, selectedBlocks: 4, window: 12 },
};
const time = 75;
const numbers = (length, seed) =>
  Float32Array.from({ length }, (_, i) => Math.fround(((i * 7919 + seed) % 997) / 500 - 1));

/** Forward and backward on `backend`, some numbers of each result. */
async function play(backend) {
  const nsa = await createSparseAttention({ backend, ...options });
  const [keys, values] = [numbers(time * 8, 1), numbers(time * 8, 2)];
  const { output, residuals } = await nsa.forward({
    query: numbers(time * 32, 3),
    keys: { compressed: keys, selected: keys, window: keys },
    values: { compressed: values, selected: values, window: values },
    gates: numbers(time * 12, 4),
    segments: Int32Array.of(0, 50, time),
  });
  const gradients = await nsa.backward(residuals, numbers(output.length, 5));
  await nsa.dispose();
  const some = (array) => [...array].filter((_, i) => i % 13 === 0);
  return {
    output: some(output),
    query: some(gradients.query),
    keys: some(gradients.keys.selected),
    compressed: some(gradients.keys.compressed),
    gates: some(gradients.gates),
  };
}

export default { cpu: () => play("cpu"), webgpu: () => play("webgpu") };
