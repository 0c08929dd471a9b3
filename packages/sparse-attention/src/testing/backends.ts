// The backends that can be tested here. WebGPU runs on SwiftShader, which Debian's chromium brings, where there is no GPU.
import { existsSync } from "node:fs";
import process from "node:process";
import type { BackendName, SparseAttentionOptions } from "../contract.ts";

// Deno's wgpu also takes Mesa's lavapipe, and compiles for it much faster; Dawn refuses its older versions.
const swiftshader = "/usr/lib/chromium/vk_swiftshader_icd.json";
const lavapipe = ["x86_64", "aarch64"].map((name) => `/usr/share/vulkan/icd.d/lvp_icd.${name}.json`);
const loaders = ["/usr/lib/x86_64-linux-gnu/libvulkan.so.1", "/usr/lib/aarch64-linux-gnu/libvulkan.so.1"];
const driver = [...("Deno" in globalThis ? lavapipe : []), swiftshader].find((path) => existsSync(path));

/** Why WebGPU cannot be tested, or false. `VK_ICD_FILENAMES` already set means: that driver. */
export const webgpuMissing: string | false = process.env.VK_ICD_FILENAMES
  ? false
  : !driver
    ? "neither chromium's SwiftShader nor lavapipe is installed"
    : !loaders.some((path) => existsSync(path)) && "libvulkan1 is not installed";
if (!webgpuMissing) process.env.VK_ICD_FILENAMES ??= driver;

/**
 * SwiftShader takes ten seconds to compile a shape's kernels for Dawn, and forty for wgpu: what others have shown of the same
 * kernels is left out. All of it: `GRADUS_RUNS=4`, or another driver.
 */
const onSwiftShader = process.env.VK_ICD_FILENAMES?.includes("swiftshader") && !process.env.GRADUS_RUNS;
export const compilesSlowly: boolean = !!onSwiftShader;
/** A reason to skip what Dawn on SwiftShader shows already, or false. */
export const shownByDawn: string | false = compilesSlowly && "Deno" in globalThis && "Dawn on SwiftShader shows it";

export interface TestedBackend {
  backend: BackendName;
  skip: string | false;
  options?: Partial<SparseAttentionOptions>;
}

export const backends: TestedBackend[] = [
  { backend: "cpu", skip: false },
  { backend: "webgpu", skip: webgpuMissing },
  { backend: "gpu.js", skip: false, options: { gpuJsMode: "cpu" } },
  { backend: "gpu.js", skip: false, options: { gpuJsMode: "webasm" } },
  { backend: "gpu.js", skip: webgpuMissing, options: { gpuJsMode: "webgpu" } },
];
