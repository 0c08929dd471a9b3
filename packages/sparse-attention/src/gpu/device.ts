// Finds a WebGPU device: the browser's and Deno's own, npm's `webgpu` (Dawn) in Node.

/** A device and how to let go of what was made for it. */
export interface Opened {
  device: GPUDevice;
  /** "vendor architecture description" as the adapter says. */
  adapter: string;
  close(): void;
}

// No kernel here reads workgroup memory that it has not written: zeroing it first would only cost time (on SwiftShader it makes
// a compilation of half a second one of ten). Without the second toggle there is no f16 on NVIDIA under Vulkan.
const dawnToggles = ["enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia,disable_workgroup_init"];

/** The default device with all the limits that its adapter offers, subgroups and a clock; undefined where there is none. */
export async function openDevice(): Promise<Opened | undefined> {
  const gpu = await findGpu();
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return undefined;
  const wanted = [
    "maxStorageBufferBindingSize",
    "maxBufferSize",
    "maxStorageBuffersPerShaderStage",
    "maxComputeWorkgroupStorageSize",
    "maxComputeInvocationsPerWorkgroup",
  ] as const;
  const requiredLimits = Object.fromEntries(wanted.map((name) => [name, adapter.limits[name]]));
  const requiredFeatures = (["subgroups", "timestamp-query"] as GPUFeatureName[]).filter((name) =>
    adapter.features.has(name),
  );
  const device = await adapter.requestDevice({ requiredFeatures, requiredLimits });
  return { device, adapter: describe(adapter.info), close: () => device.destroy() };
}

/** "vendor architecture device description". */
export const describe = (info: GPUAdapterInfo | undefined): string =>
  [info?.vendor, info?.architecture, info?.device, info?.description].filter(Boolean).join(" ");

let dawn: Promise<GPU | undefined> | undefined;

/** `navigator.gpu`, or what npm's `webgpu` makes, which is kept: one for the process. */
export function findGpu(): Promise<GPU | undefined> | GPU | undefined {
  const own = (globalThis.navigator as Navigator | undefined)?.gpu;
  if (own) return own;
  dawn ??= (async () => {
    const name = "webgpu"; // not a literal: bundlers for browsers must not look for it
    try {
      const { create, globals } = await import(name);
      Object.assign(globalThis, globals);
      return create(dawnToggles);
    } catch {
      return undefined;
    }
  })();
  return dawn;
}
