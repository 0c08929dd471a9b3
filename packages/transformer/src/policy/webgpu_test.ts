// On a machine without a GPU, SwiftShader (which Debian's chromium brings) computes on the processor.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { batchOf, largestDifference, llama } from "../testing/models.ts";
import { PolicyCore } from "./core.ts";

const driver = "/usr/lib/chromium/vk_swiftshader_icd.json";
const loaders = ["/usr/lib/x86_64-linux-gnu/libvulkan.so.1", "/usr/lib/aarch64-linux-gnu/libvulkan.so.1"];
const missing = !existsSync(driver)
  ? "chromium with SwiftShader is not installed"
  : !loaders.some((path) => existsSync(path)) && "libvulkan1 is not installed";

test("WebGPU trains, scores and samples as the CPU does", { skip: missing }, async () => {
  const config = { ...llama, layers: 1 };
  process.env.VK_ICD_FILENAMES ??= driver;
  const sequences = [20, 10].map((length) => Int32Array.from({ length }, (_, i) => (i * 7) % config.vocabSize));
  const batch = batchOf(sequences);
  const coefficients = Float32Array.from(batch.labels, (label) => (label < 0 ? 0 : -1 / 28));
  const run = async (device: "cpu" | "webgpu") => {
    const policy = PolicyCore.create(config, { seed: 1, device });
    const losses: number[] = [];
    for (let step = 0; step < 5; step++) {
      const { logProbs } = await policy.backward(batch, coefficients);
      losses.push(-logProbs.reduce((a, b) => a + b) / 28);
      policy.step({ learningRate: 1e-2 });
    }
    const { entropies } = await policy.logProbs(batch, { entropies: true });
    const prompts = [batch.tokens.subarray(0, 4), batch.tokens.subarray(0, 7)];
    const options = { samplesPerPrompt: 2, maxNewTokens: 8, temperature: 0, seed: 1 };
    const samples = (await policy.sample(prompts, options)).map(({ tokens }) => [...tokens]);
    await policy.dispose();
    return { losses, entropies: [...entropies!], samples };
  };
  const [cpu, webgpu] = [await run("cpu"), await run("webgpu")];
  assert.ok(cpu.losses[4] < cpu.losses[0] - 0.2, `it does not learn: ${cpu.losses}`);
  assert.ok(largestDifference(cpu.losses, webgpu.losses) < 1e-3, `losses differ: ${cpu.losses} and ${webgpu.losses}`);
  assert.ok(largestDifference(cpu.entropies, webgpu.entropies) < 1e-3, "entropies differ");
  assert.deepEqual(webgpu.samples, cpu.samples);
});
