// Native Sparse Attention against causal flash attention on whatever WebGPU finds: what is computed and read, counted; how
// long each kernel takes, as a share of the matrix products and copies that the same device reaches; decoding; the other
// backends, ONNX Runtime's GroupQueryAttention and jax-js, where they run. On a device that is software the sizes are tiny
// and the times say nothing about a GPU; the counts hold everywhere.
import process from "node:process";
import { createSparseAttention } from "@gradus/sparse-attention";
import { deviceRates } from "./lib/device_rates.mjs";
import { Engine } from "./lib/engine.mjs";
import { deno, describeMachine, here, versionsOf } from "./lib/machine.mjs";
import { median, progress, report, table, times, whole } from "./lib/report.mjs";
import { ceilings, paper, workOf } from "./lib/sparse_work.mjs";

export const name = "sparse_attention";
export const about =
  "Native Sparse Attention: work of each kernel, times against dense attention (WebGPU, gpu.js, CPU)";

const heads = { queryHeads: 16, kvHeads: 1, headDim: 128, valueDim: 128 };
const LENGTHS = [4096, 8192, 16384, 32768, 65536];
const tiny = {
  heads: { queryHeads: 4, kvHeads: 1, headDim: 8, valueDim: 8 },
  pattern: { compressionBlock: 8, compressionStride: 4, selectionBlock: 16, selectedBlocks: 4, window: 16 },
};
/** Half of float16's steps near 1: one of the backends stores that. */
const tolerance = 1e-3;
const SEEDS = { query: 1, keys: 2, values: 3 };

const numbers = (length, seed) => {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
};

const ms = (value) => (value < 10 ? value.toFixed(2) : value.toFixed(1));
const spread = (all) => `${ms(median(all))} (${ms(Math.min(...all))}–${ms(Math.max(...all))})`;

/** A device like the package's own, so that rates and times are of the same one. Undefined where there is none. */
async function openDevice() {
  let { gpu } = globalThis.navigator ?? {};
  if (!gpu)
    try {
      const { create, globals } = await import("webgpu");
      Object.assign(globalThis, globals);
      gpu = create(["enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia,disable_workgroup_init"]);
    } catch {
      return undefined;
    }
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return undefined;
  const wanted = [
    "maxStorageBufferBindingSize",
    "maxBufferSize",
    "maxComputeWorkgroupStorageSize",
    "maxComputeInvocationsPerWorkgroup",
  ];
  const device = await adapter.requestDevice({
    requiredLimits: Object.fromEntries(wanted.map((limit) => [limit, adapter.limits[limit]])),
  });
  const { vendor, architecture, description } = adapter.info;
  // Dawn must not be collected while its device lives.
  return { gpu, device, adapter: [vendor, architecture, description].filter(Boolean).join(" ") };
}

function inputsOf({ queryHeads, kvHeads, headDim, valueDim }, time) {
  const dense = {
    query: numbers(time * queryHeads * headDim, SEEDS.query),
    keys: numbers(time * kvHeads * headDim, SEEDS.keys),
    values: numbers(time * kvHeads * valueDim, SEEDS.values),
  };
  const { query, keys, values } = dense;
  const all = (array) => ({ compressed: array, selected: array, window: array });
  const gates = numbers(time * queryHeads * 3, 4).map(Math.abs);
  return {
    dense,
    sparse: { query, keys: all(keys), values: all(values), gates },
    gradient: numbers(time * queryHeads * valueDim, 5),
  };
}

/** Milliseconds of full and sparse attention in turns, after a warm-up: by kernel, and as the caller sees them. */
async function measure(nsa, time, rounds, kernels = []) {
  const { dense, sparse, gradient } = inputsOf(nsa.heads, time);
  const rows = new Map();
  const wall = { "full forward": [], "full backward": [], "sparse forward": [], "sparse backward": [] };
  for (let round = -1; round < rounds; round++) {
    kernels.splice(0);
    const timed = async (label, action) => {
      const start = performance.now();
      const result = await action();
      if (round >= 0) wall[label].push(performance.now() - start);
      return result;
    };
    const full = await timed("full forward", () => nsa.fullAttention(dense));
    await timed("full backward", () => nsa.attentionBackward(full.residuals, gradient));
    full.residuals.dispose();
    const made = await timed("sparse forward", () => nsa.forward(sparse));
    await timed("sparse backward", () => nsa.backward(made.residuals, gradient));
    made.residuals.dispose();
    if (round < 0) continue;
    const sums = new Map();
    for (const { label, milliseconds } of kernels) sums.set(label, (sums.get(label) ?? 0) + milliseconds);
    for (const [label, sum] of sums) rows.set(label, [...(rows.get(label) ?? []), sum]);
  }
  return { rows: [...rows], wall };
}

/** Milliseconds of decoding one token after `time` others. */
async function measureDecode(nsa, time, rounds) {
  const { kvHeads, headDim, valueDim, queryHeads } = nsa.heads;
  const cache = await nsa.createCache({ capacity: time + rounds + 1 });
  const all = (length, seed) => {
    const array = numbers(length, seed);
    return { compressed: array, selected: array, window: array };
  };
  await nsa.append(cache, { keys: all(time * kvHeads * headDim, 2), values: all(time * kvHeads * valueDim, 3) }, time);
  const step = {
    query: numbers(queryHeads * headDim, 6),
    keys: all(kvHeads * headDim, 7),
    values: all(kvHeads * valueDim, 8),
    gates: numbers(queryHeads * 3, 9).map(Math.abs),
  };
  const found = [];
  for (let round = -1; round < rounds; round++) {
    const start = performance.now();
    await nsa.decode(step, cache);
    if (round >= 0) found.push(performance.now() - start);
  }
  cache.dispose();
  return found;
}

const share = (value, of) => (of && value ? `${((100 * value) / of).toFixed(0)}%` : "");

/** A row for each kernel: its time, and what share of the device's rates that is. */
function kernelTable(rows, work, rates) {
  return table(
    ["kernel", "ms, median", "slowest", "GFLOP", "of the products' rate", "of the copies' rate, at least"],
    rows.map(([label, all]) => {
      const [seconds, counted] = [median(all) / 1000, work[label]];
      return [
        label,
        ms(median(all)),
        ms(Math.max(...all)),
        counted?.flops ? (counted.flops / 1e9).toFixed(3) : "",
        share(counted && counted.flops / seconds, rates.flops),
        share(counted && counted.least / seconds, rates.bytes),
      ];
    }),
  );
}

/** One peer in a process of its own; its answer, or why there is none. */
async function peer(label, command, args, request) {
  const engine = new Engine(label, command, args, { env: process.env });
  const late = new Promise((_, reject) => setTimeout(reject, 120_000, new Error("no answer in two minutes")).unref());
  try {
    return await Promise.race([engine.ask(request), late]);
  } catch (error) {
    return { failure: error.message.split("\n").slice(0, 2).join(" ").slice(0, 160).replaceAll("|", "/") };
  } finally {
    await engine.close();
  }
}

/** All backends and peers at the same sizes, as a caller sees them: arrays in, arrays out. */
async function compare(where, time, rounds, webgpu, quick) {
  const wanted = [
    { backend: "webgpu", skip: !webgpu },
    { backend: "webgpu", precision: "f16", skip: !webgpu || quick },
    { backend: "gpu.js", gpuJsMode: "webgpu", skip: !webgpu || quick },
    { backend: "gpu.js", gpuJsMode: "webasm" },
    { backend: "gpu.js", gpuJsMode: "cpu" },
    { backend: "cpu" },
  ];
  const rows = [];
  const samples = {};
  for (const { skip, ...options } of wanted) {
    if (skip) continue;
    const label = Object.values(options).join(", ");
    progress(`${time} tokens on ${label}`);
    const nsa = await createSparseAttention({ ...where.heads, ...where.pattern, ...options });
    const { wall } = await measure(nsa, time, rounds);
    const { output } = await nsa.fullAttention(inputsOf(where.heads, time).dense);
    samples[label] = [...output.slice(-4)];
    rows.push([label, ...Object.values(wall).map(spread), spread(await measureDecode(nsa, time, rounds))]);
    await nsa.dispose();
  }
  const request = { heads: where.heads, time, rounds, ...SEEDS };
  progress("ONNX Runtime's GroupQueryAttention");
  const onnx = await peer("onnxruntime", process.execPath, [`${here}engines/attention_onnx.mjs`], request);
  rows.push([
    "GroupQueryAttention of ONNX Runtime, WebGPU",
    ...(onnx.failure ? [`did not run: ${onnx.failure}`, "", "", "", ""] : [spread(onnx.milliseconds), "", "", "", ""]),
  ]);
  const [command, args] = deno
    ? [deno, ["run", "--quiet", "--allow-all", "--no-lock", "--unstable-webgpu", "--node-modules-dir=manual"]]
    : [process.execPath, []];
  progress("jax-js");
  const jax = await peer("jax-js", command, [...args, `${here}engines/attention_jax.mjs`], request);
  rows.push([
    `jax-js${jax.device ? `, ${jax.device}` : ""}`,
    ...(jax.failure
      ? [`did not run: ${jax.failure}`, "", "", "", ""]
      : [spread(jax.forward), `${spread(jax.both)} with forward`, "", "", ""]),
  ]);
  if (onnx.sample) samples["ONNX Runtime"] = onnx.sample;
  if (jax.sample) samples["jax-js"] = jax.sample;
  return { rows, samples };
}

export async function run({ quick }) {
  const machine = await describeMachine();
  const opened = await openDevice();
  const device = opened?.adapter ?? "none";
  const software = !opened || /swiftshader|llvmpipe|software/i.test(device);
  const where = software ? tiny : { heads, pattern: paper };
  const measured = [];
  let rates = {};
  // On software kernels are timed one by one only to see that this runs.
  if (opened && (quick || !software)) {
    progress("what the device reaches");
    rates = await deviceRates(
      opened.device,
      software ? { n: 256, numbers: 2 ** 20, rounds: 2 } : { n: 4096, numbers: 2 ** 27, rounds: 5 },
    );
    const kernels = [];
    const onKernel = (kernel) => kernels.push(kernel);
    const nsa = await createSparseAttention({
      backend: "webgpu",
      device: opened.device,
      ...where.heads,
      ...where.pattern,
      onKernel,
    });
    for (const time of software ? [64] : quick ? [1024] : LENGTHS) {
      progress(`${time} tokens on ${device}, kernel by kernel`);
      const rounds = quick ? 1 : 7;
      const { rows } = await measure(nsa, time, rounds, kernels);
      const of = (labels) =>
        rows.filter(([label]) => labels.test(label)).reduce((sum, [, all]) => sum + median(all), 0);
      const [dense, denseBack] = [of(/^full forward/), of(/^full (row|dQ|dK)/)];
      const [sparse, sparseBack] = [
        of(/^((compressed|selected|window) forward|mean|importance|top-k|gates|float16)/),
        of(/^(compressed|selected|window) (row|dQ|dK|count|offsets|lists)|^φ dK/),
      ];
      const ceiling = ceilings(time, where.heads, where.pattern);
      measured.push(
        `${whole(time)} tokens, ${where.heads.queryHeads} heads of ${where.heads.headDim}${software ? " (**software, not a GPU**)" : ""}: sum of the kernels forward ${ms(dense)} ms dense, ${ms(sparse)} ms sparse: ${times(dense / sparse)} of ${times(ceiling.forward)} at most; backward ${ms(denseBack)} and ${ms(sparseBack)} ms: ${times(denseBack / sparseBack)} of ${times(ceiling.backward)}.`,
        kernelTable(rows, workOf(time, where.heads, where.pattern), rates),
      );
    }
    await nsa.dispose();
    if (!software)
      for (const precision of ["f32", "f16"]) {
        const decoding = await createSparseAttention({
          backend: "webgpu",
          device: opened.device,
          precision,
          ...heads,
          ...paper,
        });
        const rows = [];
        for (const time of quick ? [1024] : LENGTHS)
          rows.push([whole(time), spread(await measureDecode(decoding, time, 20))]);
        measured.push(`Decoding one token, ${precision}, as the caller sees it:`, table(["tokens before", "ms"], rows));
        await decoding.dispose();
      }
  }
  opened?.device.destroy();
  const time = software ? (quick ? 64 : 128) : quick ? 256 : 2048;
  const { rows, samples } = await compare(where, time, quick ? 1 : software ? 2 : 7, Boolean(opened), quick);
  const at64k = workOf(65536, heads, paper);
  const work = Object.entries(at64k).map(([label, { flops, bytes }]) => [
    label,
    (flops / 1e12).toFixed(3),
    (bytes / 1e9).toFixed(1),
    (flops / bytes).toFixed(0),
  ]);
  const limits = LENGTHS.map((length) => {
    const { forward, backward, read, decode } = ceilings(length, heads, paper);
    return [whole(length), times(forward), times(backward), whole(read), times(decode)];
  });
  return report({
    name,
    title: "Native Sparse Attention: work counted, kernels timed",
    machine,
    peers: versionsOf("onnxruntime-node", "@jax-js/jax"),
    quick,
    sections: [
      `Device: ${device}.${software ? " **No GPU was within reach: there are no GPU times, and what is timed below is a processor that plays one.**" : ""}`,
      "16 query heads on 1 key-value head of 128 numbers, l = 32, d = 16, l' = 64, n = 16, w = 512. How much less sparse attention computes than full causal attention, counting all that its kernels multiply and add, and how much less one token of decoding reads:",
      table(["tokens", "forward", "backward", "keys read by decode", "instead of all"], limits),
      "Work of each kernel at 65,536 tokens; bytes are what workgroups load, most of them from caches:",
      table(["kernel", "TFLOP", "GB", "FLOP per byte"], work),
      ...(rates.flops
        ? [
            `The device multiplies matrices at ${(rates.flops / 1e9).toFixed(2)} GFLOP/s and copies ${(rates.bytes / 1e9).toFixed(2)} GB/s.`,
          ]
        : []),
      ...measured,
      `All backends at ${whole(time)} tokens, ${where.heads.queryHeads} heads of ${where.heads.headDim}, arrays in and out, milliseconds: median (least–most)${software ? "; **software, not a GPU**" : ""}:`,
      table(["backend", "full forward", "full backward", "sparse forward", "sparse backward", "decode"], rows),
    ],
    checks: [
      {
        what: `the last outputs of full attention agree to ${tolerance}: ${Object.keys(samples).join("; ")}`,
        holds: Object.values(samples).every((sample) =>
          sample.every((x, i) => Math.abs(x - samples.cpu[i]) < tolerance),
        ),
      },
      {
        what: "importance and top-k compute and read less than the rest of the forward pass",
        holds:
          at64k.importance.bytes + at64k["top-k"].bytes <
          ["compressed", "selected", "window"].reduce((sum, branch) => sum + at64k[`${branch} forward`].bytes, 0),
      },
      {
        what: "one pass over the compressed blocks: the forward ceiling at 64k is 9 × or more",
        holds: ceilings(65536, heads, paper).forward >= 9,
      },
    ],
    figures: { device, rates, limits, work, measured, backends: rows, samples },
  });
}
