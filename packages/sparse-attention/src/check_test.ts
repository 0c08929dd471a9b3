// What the door refuses, and what happens where there is no GPU.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SparseAttentionOptions } from "./contract.ts";
import { createSparseAttention } from "./create.ts";
import { openDevice } from "./gpu/device.ts";
import { openGpuJs } from "./gpujs/runtime.ts";
import { webgpuMissing } from "./testing/backends.ts";

const sizes = { backend: "cpu", queryHeads: 4, kvHeads: 2, headDim: 4 } as const;
const ones = (length: number) => new Float32Array(length).fill(1);

test("options that do not fit are named", async () => {
  for (const [options, message] of [
    [{ kvHeads: 3 }, /queryHeads is 4, expected a multiple of kvHeads, 3/],
    [{ headDim: 0 }, /headDim is 0, expected a whole number ≥ 1/],
    [{ compressionStride: 5 }, /compressionStride is 5, expected a divisor of compressionBlock, 32/],
    [{ selectionBlock: 16 }, /selectionBlock is 16, expected at least compressionBlock, 32/],
    [{ selectedBlocks: 2 }, /selectedBlocks is 2, expected at least initialBlocks \+ localBlocks, 3/],
    [{ windows: 3 }, /there is no option "windows"/],
    [{ backend: "cuda" }, /backend is "cuda", expected "auto", "webgpu", "gpu\.js" or "cpu"/],
    [{ precision: "f8" }, /precision is f8, expected "f32" or "f16"/],
    [{ backend: "gpu.js", device: {} }, /device is given, which only the backend "webgpu" takes/],
  ] as const)
    await assert.rejects(createSparseAttention({ ...sizes, ...options } as unknown as SparseAttentionOptions), message);
});

test("inputs of another length, type or value are named, with what was expected", async () => {
  const nsa = await createSparseAttention(sizes);
  const [keys, values] = [ones(24), ones(24)];
  const input = {
    query: ones(48),
    keys: { compressed: keys, selected: keys, window: keys },
    values: { compressed: values, selected: values, window: values },
    gates: ones(36),
  };
  const refuses = (change: object, message: RegExp) =>
    assert.rejects(nsa.forward({ ...input, ...change } as typeof input), message);
  await refuses({ query: ones(47) }, /query has 47 numbers, expected .* a multiple of 16/);
  await refuses({ gates: ones(12) }, /gates has 12 numbers, expected 36/);
  await refuses({ query: new Float64Array(48) }, /query is a Float64Array, expected a Float32Array/);
  await refuses({ keys: { compressed: keys, selected: keys } }, /keys\.window is undefined, expected a Float32Array/);
  await refuses({ segments: Int32Array.of(0, 2) }, /segments go from 0 to 2, expected 0 to batch · time, 3/);
  await refuses({ segments: Int32Array.of(0, 2, 2, 3) }, /segments\[2\] is 2, expected more than segments\[1\], 2/);
  const spoilt = ones(36);
  spoilt[7] = Number.NaN;
  await refuses({ gates: spoilt }, /gates\[7\] is NaN, expected a finite number/);
  const { query } = input;
  const blocks = Int32Array.of(0, 0, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1);
  await assert.rejects(nsa.selectedAttention({ query, keys, values, blocks }), /block 0 occurs twice for token 0/);
  blocks[1] = 7;
  await assert.rejects(nsa.selectedAttention({ query, keys, values, blocks }), /blocks\[1\] is 7, expected −1 to 0/);
  const other = await createSparseAttention(sizes);
  const { residuals } = await other.forward(input);
  await assert.rejects(nsa.backward(residuals, ones(48)), /residuals are not of this sparse attention/);
  await nsa.dispose();
  await assert.rejects(nsa.forward(input), /has been disposed of/);
});

test("sizes that WebGPU's kernels cannot take: refused, or left to the CPU with auto", async () => {
  const odd = { ...sizes, headDim: 6 };
  await assert.rejects(createSparseAttention({ ...odd, backend: "webgpu" }), /headDim is 6, expected a multiple of 4/);
  assert.equal((await createSparseAttention({ ...odd, backend: "auto" })).backend, "cpu");
});

test("a lost device is an error, not numbers", { skip: webgpuMissing }, async () => {
  const opened = await openDevice();
  assert.ok(opened);
  const nsa = await createSparseAttention({ ...sizes, backend: "webgpu", device: opened.device });
  opened.device.destroy();
  await opened.device.lost;
  await assert.rejects(nsa.fullAttention({ query: ones(48), keys: ones(24), values: ones(24) }), /device is lost/);
  await nsa.dispose();
});

test("no adapter: an error, or the CPU with auto", async () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  const value = { gpu: { requestAdapter: async () => null } }; // as in a browser on a machine without one
  Object.defineProperty(globalThis, "navigator", { value, configurable: true });
  try {
    await assert.rejects(createSparseAttention({ ...sizes, backend: "webgpu" }), /no adapter was found .* falls back/);
    assert.equal((await createSparseAttention({ ...sizes, backend: "auto" })).backend, "cpu");
    const onGpuJs = createSparseAttention({ ...sizes, backend: "gpu.js", gpuJsMode: "webgpu" });
    await assert.rejects(onGpuJs, /gpu\.js: it has no "webgpu" here, only .*cpu/);
    const chosen = await createSparseAttention({ ...sizes, backend: "gpu.js" });
    assert.equal(chosen.device, "gpu.js on webasm");
    await chosen.dispose();
  } finally {
    if (before) Object.defineProperty(globalThis, "navigator", before);
    else delete (globalThis as { navigator?: unknown }).navigator;
  }
});

test("gpu.js: not installed, and arrays that are too long for it, are errors", async () => {
  const missing = () => Promise.reject(new Error("not found"));
  await assert.rejects(openGpuJs(undefined, "cpu", missing), /the package "gpu\.js" is not installed/);
  const gpu = await openGpuJs(undefined, "cpu");
  await assert.rejects(gpu.run("", 2 ** 24 + 1, []), /an array of 16777217 numbers, expected at most 2²⁴/);
  await assert.rejects(gpu.run("function () { return nothing(); }", 1, []), /gpu\.js \(cpu\) failed/);
  await gpu.dispose();
  await assert.rejects(gpu.run("", 1, []), /has been disposed of/);
});

test("what the device refuses is an error, not numbers", { skip: webgpuMissing }, async () => {
  const opened = await openDevice();
  assert.ok(opened);
  const nsa = await createSparseAttention({ ...sizes, backend: "webgpu", device: opened.device });
  const keys = opened.device.createBuffer({ size: 96, usage: 8 }); // COPY_DST alone: not to be read by kernels
  const input = { query: ones(48), keys, values: ones(24) } as unknown as Parameters<typeof nsa.fullAttention>[0];
  await assert.rejects(nsa.fullAttention(input), /WebGPU: .*/);
  await nsa.dispose();
  opened.close();
  await opened.device.lost; // its threads have ended before the process does
});

test("memory that the device does not have is an error", { skip: webgpuMissing }, async () => {
  const opened = await openDevice();
  assert.ok(opened);
  const nsa = await createSparseAttention({ ...sizes, backend: "webgpu", device: opened.device });
  const input = { query: ones(48), keys: ones(24), values: ones(24) };
  await nsa.fullAttention(input);
  // As the device says it: to exhaust the memory of this machine would be another test.
  const error = { message: "Out of memory" };
  opened.device.dispatchEvent(Object.assign(new Event("uncapturederror"), { error }));
  await assert.rejects(nsa.fullAttention(input), /WebGPU: Out of memory/);
  await nsa.dispose();
  opened.close();
  await opened.device.lost; // its threads have ended before the process does
});

test("a buffer beyond the device's limits is an error that says so", { skip: webgpuMissing }, async () => {
  const opened = await openDevice();
  assert.ok(opened);
  const limit = opened.device.limits.maxStorageBufferBindingSize;
  const nsa = await createSparseAttention({ ...sizes, backend: "webgpu", device: opened.device });
  const creating = nsa.createCache({ capacity: Math.ceil(limit / 16) });
  await assert.rejects(creating, new RegExp(`Cannot allocate a buffer of \\d+ bytes: the device's limit is ${limit}`));
  await nsa.dispose();
  opened.close();
  await opened.device.lost; // its threads have ended before the process does
});
