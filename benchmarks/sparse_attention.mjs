// Native Sparse Attention against causal flash attention on whatever WebGPU finds: what is computed and read, counted; how
// long each kernel takes, as a share of the matrix products and copies that the same device reaches; decoding; the other
// backends, ONNX Runtime's GroupQueryAttention and jax-js, where they run. On a device that is software the sizes are tiny
// and the times say nothing about a GPU; the counts hold everywhere.
import process from "node:process";
import { createSparseAttention } from "@gradus/sparse-attention";
import { deviceRates } from "./lib/device_rates.mjs";
import { Engine } from "./lib/engine.mjs";
import { deno, describeMachine, here, versionsOf } from "./lib/machine.mjs";
import { progress, report, table, whole } from "./lib/report.mjs";
import {
  decodeRow,
  hundredths,
  inputsOf,
  kernelReport,
  measure,
  measureDecode,
  SEEDS,
  spread,
} from "./lib/sparse_timing.mjs";
import { ceilings, decodeWorkOf, paper, totals, workOf } from "./lib/sparse_work.mjs";

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

/** A device like the package's own, so that rates and times are of the same one. Undefined where there is none. */
async function openDevice() {
  let { gpu } = globalThis.navigator ?? {};
  if (!gpu)
    try {
      const { create, globals } = await import("webgpu");
      Object.assign(globalThis, globals);
      gpu = create([
        "enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia,disable_workgroup_init",
        "disable-dawn-features=timestamp_quantization",
      ]);
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
    requiredFeatures: ["subgroups", "timestamp-query"].filter((name) => adapter.features.has(name)),
    requiredLimits: Object.fromEntries(wanted.map((limit) => [limit, adapter.limits[limit]])),
  });
  const { vendor, architecture, description } = adapter.info;
  // Dawn must not be collected while its device lives.
  return { gpu, device, adapter: [vendor, architecture, description].filter(Boolean).join(" ") };
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
    { backend: "webgpu", subgroups: false, skip: !webgpu },
    { backend: "webgpu", subgroups: true, skip: !webgpu?.features.has("subgroups") || quick },
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
    const { subgroups, ...words } = options;
    const label = [...Object.values(words), ...(subgroups ? ["subgroups"] : [])].join(", ");
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
  // A peer whose numbers are others here is no measure of time: its row says so.
  for (const [row, found] of [
    [rows.at(-2), onnx.sample],
    [rows.at(-1), jax.sample],
  ]) {
    const off = found ? Math.max(...found.map((x, i) => Math.abs(x - samples.cpu[i]))) : 0;
    if (off > tolerance) row[0] += `: **wrong on this device**, by ${off.toFixed(4)} in the last numbers`;
    else if (found) samples[row[0]] = found;
  }
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
    const note = software ? " (**software, not a GPU**)" : "";
    // Both reductions, and both groups of the fair comparison: 16 and 4 heads on one KV head.
    const ways = opened.device.features.has("subgroups") && !(software && quick) ? [false, true] : [false];
    const groups = software ? [where.heads] : [heads, { ...heads, kvHeads: 4 }];
    for (const sizes of groups)
      for (const subgroups of ways) {
        const kernels = [];
        const onKernel = (kernel) => kernels.push(kernel);
        const options = { backend: "webgpu", device: opened.device, subgroups, ...sizes, ...where.pattern, onKernel };
        const nsa = await createSparseAttention(options);
        for (const time of software ? [64] : quick ? [1024] : LENGTHS) {
          progress(`${time} tokens on ${device}, kernel by kernel`);
          const { rows } = await measure(nsa, time, quick ? 1 : 7, kernels);
          measured.push(...kernelReport(rows, time, sizes, where.pattern, subgroups, note, rates));
        }
        await nsa.dispose();
      }
    for (const precision of ["f32", "f16"]) {
      if (software && precision === "f16") continue;
      progress(`decoding on ${device}, ${precision}`);
      const rows = [];
      for (const time of software ? [256] : quick ? [1024] : LENGTHS)
        rows.push(await decodeRow(opened.device, precision, time, where, quick || software ? 3 : 20));
      measured.push(
        `Decoding one token, ${precision}${note}: as the caller sees it, and by kernel, next to attention to all keys by the same kernel (a window of everything):`,
        table(["tokens before", "ms", "kernels", "all keys", "times", "at most, by bytes"], rows),
      );
    }
  }
  opened?.device.destroy();
  const time = software ? (quick ? 64 : 128) : quick ? 256 : 2048;
  const { rows, samples } = await compare(where, time, quick ? 1 : software ? 2 : 7, opened?.device, quick);
  const at64k = workOf(65536, heads, paper);
  const counts = (length) => {
    const counted = workOf(length, heads, paper);
    return table(
      ["kernel", "GFLOP", "10⁹ exponentials", "GB", "GB at least", "FLOP per byte"],
      Object.entries({ ...counted, ...totals(counted) }).map(([label, { flops, exps, bytes, least }]) => [
        label in counted ? label : `**${label}**`,
        (flops / 1e9).toFixed(1),
        (exps / 1e9).toFixed(2),
        (bytes / 1e9).toFixed(2),
        (least / 1e9).toFixed(3),
        (flops / bytes).toFixed(0),
      ]),
    );
  };
  const limits = LENGTHS.map((length) => {
    const { branches, forward, backward, read, decode } = ceilings(length, heads, paper);
    return [whole(length), ...[branches, forward, backward].map(hundredths), whole(read), hundredths(decode)];
  });
  const decoding = LENGTHS.flatMap((length) =>
    [4, 2].map((numberBytes) => {
      const { sparse, dense } = decodeWorkOf(length, heads, paper, numberBytes);
      return [
        whole(length),
        numberBytes === 4 ? "float32" : "float16",
        ...[dense.flops, sparse.flops, dense.bytes, sparse.bytes].map((n) => (n / 1e6).toFixed(2)),
        hundredths(dense.bytes / sparse.bytes),
      ];
    }),
  );
  const decodeKernels = table(
    ["kernel", "MFLOP", "MB"],
    Object.entries(decodeWorkOf(65536, heads, paper).work).map(([label, { flops, bytes }]) => [
      label,
      (flops / 1e6).toFixed(2),
      (bytes / 1e6).toFixed(3),
    ]),
  );
  return report({
    name,
    title: "Native Sparse Attention: work counted, kernels timed",
    machine,
    peers: versionsOf("onnxruntime-node", "@jax-js/jax"),
    quick,
    sections: [
      `Device: ${device}.${software ? " **No GPU was within reach: there are no GPU times, and what is timed below is a processor that plays one.**" : ""}`,
      "16 query heads on 1 key-value head of 128 numbers, l = 32, d = 16, l' = 64, n = 16, w = 512. Ceilings, how many times less sparse attention computes than full causal attention: the products of the three branches alone (one pass over the scores, as the paper's sizes give it), then all that our kernels multiply and add forward and backward; and how many keys one token of decoding reads:",
      table(["tokens", "branches alone", "forward", "backward", "keys read by decode", "times fewer"], limits),
      ...[8192, 65536].flatMap((length) => [
        `Work of each kernel at ${whole(length)} tokens, counted (φ being the mean). A multiply-add is two FLOP; GB are what workgroups load, most of it from caches, and what memory has to give at least, each number once, in float32:`,
        counts(length),
      ]),
      "One token of decoding, next to attention to all keys: products, and all bytes that memory gives and takes (the keys and values, partial sums, importance, parts of 64 keys merged):",
      table(["tokens", "cache", "MFLOP dense", "sparse", "MB dense", "sparse", "times fewer bytes"], decoding),
      "The same by kernel at 65,536 tokens, float32:",
      decodeKernels,
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
        what: "the branches alone give the paper's ceilings, 1.38, 2.43, 4.14, 6.53 and 9.25 × forward, 2.29, 4.00, 6.41, 9.15 and 11.64 × fewer keys; our kernels' own forward ceiling at 64k is 9 × or more",
        holds:
          LENGTHS.every((length, i) => {
            const { branches, decode } = ceilings(length, heads, paper);
            const is = (value, known) => Math.abs(value - known) < 0.01;
            return is(branches, [1.38, 2.43, 4.14, 6.53, 9.25][i]) && is(decode, [2.29, 4.0, 6.41, 9.15, 11.64][i]);
          }) && ceilings(65536, heads, paper).forward >= 9,
      },
    ],
    figures: { device, rates, limits, work: at64k, decoding, measured, backends: rows, samples },
  });
}
