import { createSparseAttention } from "@gradus/sparse-attention";

/** Float32, with another compiler in each place. */
export const tolerance = 1e-5;

// In Node: SwiftShader, which Chromium uses here too.
if (globalThis.process) process.env.VK_ICD_FILENAMES ??= "/usr/lib/chromium/vk_swiftshader_icd.json";

const options = {
  ...{ queryHeads: 4, kvHeads: 1, headDim: 8, valueDim: 12, compressionBlock: 8, compressionStride: 4 },
  ...{ selectionBlock: 16, selectedBlocks: 4, window: 12 },
};
const time = 75;
const numbers = (length, seed) =>
  Float32Array.from({ length }, (_, i) => Math.fround(((i * 7919 + seed) % 997) / 500 - 1));
/** What has to be true in each place. */
function must(what, holds) {
  if (!holds) throw new Error(`not so: ${what}`);
  return what;
}
const some = (array) => [...array].filter((_, i) => i % 13 === 0);

/** Weights of φ with a hidden layer of 5. */
const weights = (dim, seed) => ({
  position: numbers(8 * dim, seed),
  weight1: numbers(8 * dim * 5, seed + 1).map((x) => x / 4),
  bias1: numbers(5, seed + 2),
  weight2: numbers(5 * dim, seed + 3),
  bias2: numbers(dim, seed + 4),
});
const compression = { keys: weights(8, 10), values: weights(12, 20) };
const branches = (dim) => ({
  compressed: numbers(time * dim, dim + 1),
  selected: numbers(time * dim, dim + 2),
  window: numbers(time * dim, dim + 3),
});
const whole = {
  query: numbers(time * 32, 3),
  keys: branches(8),
  values: branches(12),
  gates: numbers(time * 12, 4),
  compression,
};

/** Forward and backward in two segments. */
async function train(nsa) {
  const { output, residuals } = await nsa.forward({ ...whole, segments: Int32Array.of(0, 50, time) });
  const gradients = await nsa.backward(residuals, numbers(output.length, 5));
  const again = await nsa.backward(residuals, numbers(output.length, 5));
  return {
    output: some(output),
    query: some(gradients.query),
    keys: some(gradients.keys.selected),
    compressed: some(gradients.keys.compressed),
    values: some(gradients.values.window),
    gates: some(gradients.gates),
    weight1: some(gradients.compression.keys.weight1),
    position: some(gradients.compression.values.position),
    sameBits: must(
      "the same bits again",
      gradients.keys.selected.every((x, i) => x === again.keys.selected[i]),
    ),
  };
}

const slice = (array, first, end) => array.subarray((first * array.length) / time, (end * array.length) / time);
const sliceAll = (all, first, end) =>
  Object.fromEntries(Object.entries(all).map(([name, array]) => [name, slice(array, first, end)]));

/** A prompt, then token after token: the rows of the whole; and what later tokens cannot change. */
async function decode(nsa) {
  const { output } = await nsa.forward(whole);
  const changed = { ...whole, query: whole.query.map((x, i) => (i < 60 * 32 ? x : x + 1)) };
  const after = (await nsa.forward(changed)).output;
  const cache = await nsa.createCache({ capacity: time, compression });
  const tokens = (first, end) => ({
    keys: sliceAll(whole.keys, first, end),
    values: sliceAll(whole.values, first, end),
  });
  await nsa.append(cache, tokens(0, 70), 70);
  let worst = 0;
  for (let t = 70; t < time; t++) {
    const step = { query: slice(whole.query, t, t + 1), gates: slice(whole.gates, t, t + 1), ...tokens(t, t + 1) };
    const row = await nsa.decode(step, cache);
    const expected = slice(output, t, t + 1);
    row.forEach((x, i) => {
      worst = Math.max(worst, Math.abs(x - expected[i]));
    });
  }
  cache.dispose();
  return [
    must(`decoding gives the rows of the whole, off by ${worst < 1e-5 ? "little" : worst}`, worst < 1e-5),
    must(
      "later queries change nothing before them",
      slice(after, 0, 60).every((x, i) => x === output[i]),
    ),
  ];
}

/** Each attention alone. */
async function pieces(nsa) {
  const input = { query: whole.query, keys: whole.keys.window, values: whole.values.window };
  const importance = await nsa.blockImportance({ query: input.query, keys: input.keys, compression: compression.keys });
  const blocks = await nsa.selectBlocks({ importance, time });
  const found = { importance: some(importance), blocks: [...blocks] };
  const nearly = (a, b) => a.length === b.length && a.every((x, i) => Math.abs(x - b[i]) < 1e-5);
  for (const [length, attend] of [
    [64, (one) => nsa.selectedAttention({ ...one, blocks: Int32Array.from({ length: 64 * 4 }, (_, i) => i % 4) })],
    [12, (one) => nsa.slidingWindowAttention(one)],
  ]) {
    const one = sliceAll(input, 0, length);
    const [all, sparse] = [await nsa.fullAttention(one), await attend(one)];
    must(`selecting all, or a window of all, is full attention: ${length}`, nearly(sparse.output, all.output));
  }
  const wide = Object.fromEntries(Object.entries(input).map(([name, array]) => [name, half(array)]));
  const narrow = Object.fromEntries(Object.entries(wide).map(([name, array]) => [name, bitsOf(array)]));
  const [inFloat32, inFloat16] = [await nsa.slidingWindowAttention(wide), await nsa.slidingWindowAttention(narrow)];
  must(
    "float16 in gives what float32 in gives",
    inFloat16.output.every((x, i) => x === inFloat32.output[i]),
  );
  for (const [name, more] of Object.entries({
    fullAttention: {},
    slidingWindowAttention: {},
    selectedAttention: { blocks },
    compressedAttention: { compression },
  })) {
    const { output, residuals } = await nsa[name]({ ...input, ...more });
    const gradients = await nsa.attentionBackward(residuals, numbers(output.length, 6));
    found[name] = { output: some(output), keys: some(gradients.keys) };
  }
  return found;
}

async function play(more) {
  const nsa = await createSparseAttention({ ...options, ...more });
  try {
    return { train: await train(nsa), decode: await decode(nsa), pieces: await pieces(nsa) };
  } finally {
    await nsa.dispose();
  }
}

/** To numbers that float16 holds, from −1 to 1. */
const half = (array) => array.map((x) => Math.round(x * 1024) / 1024);

/** float16's bits of multiples of 1/1024 from −1 to 1. */
const bitsOf = (array) =>
  Uint16Array.from(array, (x) => {
    const exponent = Math.max(-10, Math.floor(Math.log2(Math.abs(x) || 2 ** -10)));
    const size = x ? ((exponent + 15) << 10) + (Math.abs(x) / 2 ** exponent - 1) * 1024 : 0;
    return x < 0 ? size | 0x8000 : size;
  });

/** Buffers in and out on a device of the caller's, keys and values stored as float16. */
async function onDevice() {
  const gpu = globalThis.navigator?.gpu ?? (await openDawn());
  const device = await (await gpu.requestAdapter()).requestDevice();
  const nsa = await createSparseAttention({ ...options, backend: "webgpu", device, precision: "f16" });
  const buffer = (array) => {
    const made = device.createBuffer({ size: array.byteLength, usage: 0x80 | 0x8 | 0x4 });
    device.queue.writeBuffer(made, 0, array);
    return made;
  };
  const arrays = { query: half(whole.query), keys: half(whole.keys.window), values: half(whole.values.window) };
  const input = Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, buffer(array)]));
  const { output } = await nsa.slidingWindowAttention({ ...input, time });
  const size = time * 4 * 12 * 4;
  const copy = device.createBuffer({ size, usage: 0x8 | 0x1 });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(output, 0, copy, 0, size);
  device.queue.submit([encoder.finish()]);
  await copy.mapAsync(1);
  const numbers = new Float32Array(copy.getMappedRange().slice(0));
  const onCpu = await createSparseAttention({ ...options, backend: "cpu" });
  const expected = (await onCpu.slidingWindowAttention(arrays)).output;
  // The same as float16: bits in arrays, then in buffers, and as a Float16Array where there is one.
  const bits = Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, bitsOf(array)]));
  const same = (found) => found.every((x, i) => x === numbers[i]);
  must("the same from float16's bits", same((await nsa.slidingWindowAttention(bits)).output));
  if (globalThis.Float16Array)
    for (const name of Object.keys(arrays)) {
      const one = { ...arrays, [name]: Float16Array.from(arrays[name]) };
      must("the same from a Float16Array", same((await nsa.slidingWindowAttention(one)).output));
    }
  const packed = Object.fromEntries(Object.entries(bits).map(([name, array]) => [name, { float16: buffer(array) }]));
  const again = (await nsa.slidingWindowAttention({ ...packed, time })).output;
  const reread = device.createCommandEncoder();
  copy.unmap();
  reread.copyBufferToBuffer(again, 0, copy, 0, size);
  device.queue.submit([reread.finish()]);
  await copy.mapAsync(1);
  must("the same from buffers of float16", same(new Float32Array(copy.getMappedRange().slice(0))));
  await nsa.dispose();
  device.destroy();
  must(
    "float16 storage of such numbers is exact",
    numbers.every((x, i) => Math.abs(x - expected[i]) < 1e-5),
  );
  return some(numbers);
}

let dawn; // must not be collected while its devices live
async function openDawn() {
  const name = "webgpu";
  const { create, globals } = await import(name);
  Object.assign(globalThis, globals);
  dawn ??= create(["enable-dawn-features=disable_workgroup_init"]);
  return dawn;
}

/** Full attention with the paper's heads. */
async function paperHeads() {
  const sizes = { queryHeads: 2, kvHeads: 1, headDim: 192, valueDim: 128 };
  const nsa = await createSparseAttention({ ...sizes, backend: "webgpu" });
  const input = { query: numbers(70 * 384, 1), keys: numbers(70 * 192, 2), values: numbers(70 * 128, 3) };
  const { output, residuals } = await nsa.fullAttention(input);
  const gradients = await nsa.attentionBackward(residuals, numbers(output.length, 4));
  await nsa.dispose();
  return { output: some(output), query: some(gradients.query), keys: some(gradients.keys) };
}

/** gpu.js, whose script makes a global in a browser. WebGL2 is only there: Node computes what it should give. */
async function playGpuJs(gpuJsMode) {
  if (globalThis.document) await import("/node_modules/gpu.js/dist/gpu-browser.js");
  const inNode = gpuJsMode === "webgl2" && !globalThis.document;
  return play({ backend: "gpu.js", gpuJsMode: inNode ? "webasm" : gpuJsMode });
}

export default {
  cpu: () => play({ backend: "cpu" }),
  webgpu: () => play({ backend: "webgpu" }),
  "webgpu with subgroups": () => play({ backend: "webgpu", subgroups: true }),
  "webgpu, the paper's heads": paperHeads,
  "webgpu, buffers and float16": onDevice,
  "gpu.js on WebGPU": () => playGpuJs("webgpu"),
  "gpu.js on WebGL2": () => playGpuJs("webgl2"),
  "gpu.js on WebAssembly": () => playGpuJs("webasm"),
  "gpu.js on the CPU": () => playGpuJs("cpu"),
};
