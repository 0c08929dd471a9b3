// Native Sparse Attention against causal flash attention on whatever device WebGPU finds: what each kernel computes and
// reads, counted, and how long it takes, measured kernel by kernel. On a device that is software the sizes are tiny and the
// times say nothing about a GPU; the counts hold everywhere.
import { createSparseAttention } from "@gradus/sparse-attention";
import { describeMachine } from "./lib/machine.mjs";
import { median, progress, report, table, times, whole } from "./lib/report.mjs";

export const name = "sparse_attention";
export const about = "Native Sparse Attention: work of each kernel, times against causal flash attention (WebGPU)";

const paper = { compressionBlock: 32, compressionStride: 16, selectionBlock: 64, selectedBlocks: 16, window: 512 };
const heads = { queryHeads: 16, kvHeads: 1, headDim: 128, valueDim: 128 };
const HIDDEN = 128;
const LENGTHS = [4096, 8192, 16384, 32768, 65536];

/** (query, key) pairs of each branch for one head and `time` tokens. */
function pairsOf(time) {
  const pairs = { full: 0, compressed: 0, selected: 0, window: 0 };
  const { compressionBlock: l, compressionStride: d, selectionBlock, selectedBlocks, window } = paper;
  for (let t = 0; t < time; t++) {
    pairs.full += t + 1;
    pairs.compressed += Math.max(0, Math.floor((t + 1 - l) / d) + 1);
    pairs.selected += Math.min(t + 1, (selectedBlocks - 1) * selectionBlock + (t % selectionBlock) + 1);
    pairs.window += Math.min(window, t + 1);
  }
  return pairs;
}

/** FLOPs (a multiply-add is two) and bytes that workgroups load, by kernel; tiles of `rows` rows and 64 columns. */
function countWork(time) {
  const { queryHeads, kvHeads, headDim: k, valueDim: v } = heads;
  const group = queryHeads / kvHeads;
  const pairs = pairsOf(time);
  const blocks = Math.floor((time - paper.compressionBlock) / paper.compressionStride) + 1;
  const kernel = (n, width, rows, bytesOfTile) => ({
    flops: 2 * queryHeads * n * width,
    bytes: (4 * queryHeads * n * bytesOfTile) / (rows * 64),
  });
  const forward = (n, rows) => kernel(n, k + v, rows, (rows + 64) * k + 64 * v);
  const backward = (n, rows) => {
    const dQuery = kernel(n, 2 * k + v, rows, (rows + 64) * (k + v) + 64 * k);
    const dKeys = kernel(n, 2 * k + 2 * v, 64, 128 * (k + v) + 64 * (k + v));
    return { flops: dQuery.flops + dKeys.flops, bytes: dQuery.bytes + dKeys.bytes };
  };
  const phi = (dim) => 2 * blocks * kvHeads * HIDDEN * (paper.compressionBlock * dim + dim);
  const rows = Math.min(64, group);
  return {
    full: { forward: forward(pairs.full, 64), backward: backward(pairs.full, 64) },
    compressed: { forward: forward(pairs.compressed, 64), backward: backward(pairs.compressed, 64) },
    "scores and top-k": {
      forward: {
        flops: 2 * queryHeads * pairs.compressed * k,
        bytes: (4 * queryHeads * pairs.compressed * 128 * k) / (64 * 64) + (8 * kvHeads * time * blocks) / 2,
      },
    },
    selected: { forward: forward(pairs.selected, rows), backward: backward(pairs.selected, rows) },
    window: { forward: forward(pairs.window, 64), backward: backward(pairs.window, 64) },
    φ: {
      forward: { flops: phi(k) + phi(v), bytes: 8 * blocks * kvHeads * paper.compressionBlock * (k + v) },
      backward: { flops: 3 * (phi(k) + phi(v)), bytes: 24 * blocks * kvHeads * paper.compressionBlock * (k + v) },
    },
  };
}

const total = (work, pass, what) =>
  Object.entries(work).reduce((sum, [name, passes]) => sum + (name === "full" ? 0 : (passes[pass]?.[what] ?? 0)), 0);

function ceilings() {
  return LENGTHS.map((time) => {
    const work = countWork(time);
    const ratio = (pass) => times(work.full[pass].flops / total(work, pass, "flops"));
    const blocks = Math.floor((time - paper.compressionBlock) / paper.compressionStride) + 1;
    const read = blocks + paper.selectedBlocks * paper.selectionBlock + paper.window;
    return [whole(time), ratio("forward"), ratio("backward"), whole(read), times(time / read)];
  });
}

const numbers = (length, seed) => {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
};

/** Medians of the milliseconds of each kernel, full and sparse in turns. */
async function measure(nsa, time, rounds, kernels) {
  const { queryHeads, kvHeads, headDim, valueDim } = nsa.heads;
  const [query, keys, values] = [
    numbers(time * queryHeads * headDim, 1),
    numbers(time * kvHeads * headDim, 2),
    numbers(time * kvHeads * valueDim, 3),
  ];
  const branches = (array) => ({ compressed: array, selected: array, window: array });
  const gates = numbers(time * queryHeads * 3, 4).map(Math.abs);
  const gradient = numbers(time * queryHeads * valueDim, 5);
  const rows = new Map();
  for (let round = -1; round < rounds; round++) {
    kernels.splice(0);
    const full = await nsa.fullAttention({ query, keys, values });
    await nsa.attentionBackward(full.residuals, gradient);
    full.residuals.dispose();
    const sparse = await nsa.forward({ query, keys: branches(keys), values: branches(values), gates });
    await nsa.backward(sparse.residuals, gradient);
    sparse.residuals.dispose();
    if (round < 0) continue; // warm-up
    const sums = new Map();
    for (const { label, milliseconds } of kernels) sums.set(label, (sums.get(label) ?? 0) + milliseconds);
    for (const [label, sum] of sums) rows.set(label, [...(rows.get(label) ?? []), sum]);
  }
  return [...rows].map(([label, all]) => [label, median(all).toFixed(2), Math.max(...all).toFixed(2)]);
}

export async function run({ quick }) {
  const machine = await describeMachine();
  const kernels = [];
  const onKernel = (kernel) => kernels.push(kernel);
  const probe = await createSparseAttention({ ...heads, ...paper });
  const software = /swiftshader|llvmpipe|software/i.test(probe.device);
  const device = `${probe.backend}: ${probe.device}`;
  const webgpu = probe.backend === "webgpu";
  await probe.dispose();
  const small = { queryHeads: 4, kvHeads: 1, headDim: 8, ...{ compressionBlock: 8, compressionStride: 4 } };
  const tiny = { ...small, selectionBlock: 16, selectedBlocks: 4, window: 16 };
  const measured = [];
  if (webgpu) {
    const nsa = await createSparseAttention({
      backend: "webgpu",
      ...(software ? tiny : { ...heads, ...paper }),
      onKernel,
    });
    for (const time of software ? [quick ? 64 : 256] : quick ? [1024] : LENGTHS) {
      progress(`${time} tokens on ${device}`);
      measured.push(
        `${whole(time)} tokens${software ? ", 4 heads of 8 (a device that is software: the times say nothing about a GPU)" : ""}:`,
        table(["kernel", "ms, median", "slowest"], await measure(nsa, time, software ? 3 : 7, kernels)),
      );
    }
    await nsa.dispose();
  }
  const at64k = countWork(65536);
  const work = Object.entries(at64k).flatMap(([name, passes]) =>
    Object.entries(passes).map(([pass, { flops, bytes }]) => [
      `${name}, ${pass}`,
      (flops / 1e12).toFixed(3),
      (bytes / 1e9).toFixed(1),
      (flops / bytes).toFixed(0),
    ]),
  );
  return report({
    name,
    title: "Native Sparse Attention: work counted, kernels timed",
    machine,
    peers: {},
    quick,
    sections: [
      `Device: ${device}.${software || !webgpu ? " **No GPU was within reach: there are no GPU times.**" : ""}`,
      "16 query heads on 1 key-value head of 128 numbers, l = 32, d = 16, l' = 64, n = 16, w = 512. How much less sparse attention computes than full causal attention (scores counted twice, as selection computes them again), and reads for one token of decoding:",
      table(["tokens", "forward", "backward", "keys read by decode", "instead of all"], ceilings()),
      "Work of each kernel at 65,536 tokens; bytes are what workgroups load, most of them from caches:",
      table(["kernel", "TFLOP", "GB", "FLOP per byte"], work),
      ...measured,
    ],
    checks: [
      {
        what: "the score pass does not cost more than the rest of the forward pass",
        holds: at64k["scores and top-k"].forward.flops < total(at64k, "forward", "flops") / 2,
      },
    ],
    figures: { device, ceilings: ceilings(), work, measured },
  });
}
