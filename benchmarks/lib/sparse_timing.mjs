// Runs of full and sparse attention on WebGPU, timed as callers see them and kernel by kernel.
import { createSparseAttention } from "@gradus/sparse-attention";
import { median, table, times, whole } from "./report.mjs";
import { ceilings, decodeWorkOf, workOf } from "./sparse_work.mjs";

/** Seeds of the inputs, which peers in other processes make as well. */
export const SEEDS = { query: 1, keys: 2, values: 3 };

const numbers = (length, seed) => {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
};

const ms = (value) => (value < 10 ? value.toFixed(2) : value.toFixed(1));
export const hundredths = (value) => `${value.toFixed(2)} ×`;
export const spread = (all) => `${ms(median(all))} (${ms(Math.min(...all))}–${ms(Math.max(...all))})`;

/** Rounds that do not count: compilers and clocks settle. */
const warmUps = (rounds) => (rounds < 7 ? 1 : 5);

export function inputsOf({ queryHeads, kvHeads, headDim, valueDim }, time) {
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

/** Milliseconds of full and sparse attention in turns, after warm-ups: by kernel, and as the caller sees them. */
export async function measure(nsa, time, rounds, kernels = []) {
  const { dense, sparse, gradient } = inputsOf(nsa.heads, time);
  const rows = new Map();
  const wall = { "full forward": [], "full backward": [], "sparse forward": [], "sparse backward": [] };
  for (let round = -warmUps(rounds); round < rounds; round++) {
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

/** Milliseconds of decoding one token after `time` others, as the caller sees them, and with `kernels` of each kernel. */
export async function measureDecode(nsa, time, rounds, kernels = [], rows = new Map()) {
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
  for (let round = -warmUps(rounds); round < rounds; round++) {
    kernels.splice(0);
    const start = performance.now();
    await nsa.decode(step, cache);
    if (round < 0) continue;
    found.push(performance.now() - start);
    const sums = new Map();
    for (const { label, milliseconds } of kernels) sums.set(label, (sums.get(label) ?? 0) + milliseconds);
    for (const [label, sum] of sums) rows.set(label, [...(rows.get(label) ?? []), sum]);
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

/** What the kernels of one length took, together and each. */
export function kernelReport(rows, time, sizes, pattern, subgroups, note, rates) {
  const of = (labels) => rows.filter(([label]) => labels.test(label)).reduce((sum, [, all]) => sum + median(all), 0);
  const [dense, denseBack] = [of(/^full forward/), of(/^full (row|dQ|dK)/)];
  const [sparse, sparseBack] = [
    of(/^((compressed|selected|window) forward|mean|importance|top-k|gates)/),
    of(/^(compressed|selected|window) (row|dQ|dK|count|offsets|lists)|^φ dK/),
  ];
  const ceiling = ceilings(time, sizes, pattern);
  return [
    `${whole(time)} tokens, ${sizes.queryHeads} heads of ${sizes.headDim} on ${sizes.kvHeads}, ${subgroups ? "with" : "without"} subgroups${note}: sum of the kernels forward ${ms(dense)} ms dense, ${ms(sparse)} ms sparse: ${times(dense / sparse)} of ${times(ceiling.forward)} at most; backward ${ms(denseBack)} and ${ms(sparseBack)} ms: ${times(denseBack / sparseBack)} of ${times(ceiling.backward)}.`,
    kernelTable(rows, workOf(time, sizes, pattern), rates),
  ];
}

/** Decoding one token after `time` others, sparse and dense. */
export async function decodeRow(device, precision, time, where, rounds) {
  const kernelsOf = async (pattern) => {
    const [kernels, rows] = [[], new Map()];
    const onKernel = (kernel) => kernels.push(kernel);
    const options = { backend: "webgpu", device, precision, ...where.heads, ...pattern, onKernel };
    const nsa = await createSparseAttention(options);
    await measureDecode(nsa, time, rounds, kernels, rows);
    await nsa.dispose();
    return (labels) => [...rows].reduce((sum, [label, all]) => sum + (labels.test(label) ? median(all) : 0), 0);
  };
  const plain = await createSparseAttention({ backend: "webgpu", device, precision, ...where.heads, ...where.pattern });
  const seen = spread(await measureDecode(plain, time, rounds));
  await plain.dispose();
  // What appends the token, packing and compressing, is no part of attention.
  const sparse = (await kernelsOf(where.pattern))(/^(decode|importance|top-k|gates)/);
  const dense = (await kernelsOf({ ...where.pattern, window: time + rounds + 1 }))(/^decode window/);
  const counted = decodeWorkOf(time, where.heads, where.pattern, precision === "f16" ? 2 : 4);
  return [
    whole(time),
    seen,
    ms(sparse),
    ms(dense),
    times(dense / sparse),
    times(counted.dense.bytes / counted.sparse.bytes),
  ];
}
