// What Native Sparse Attention computes and reads, counted: the same on any device.

/** The paper's sizes. */
export const paper = {
  compressionBlock: 32,
  compressionStride: 16,
  selectionBlock: 64,
  selectedBlocks: 16,
  window: 512,
};

/** (query, key) pairs of each branch for one head and `time` tokens. */
function pairsOf(time, { compressionBlock: l, compressionStride: d, selectionBlock, selectedBlocks, window }) {
  const pairs = { full: 0, compressed: 0, selected: 0, window: 0 };
  for (let t = 0; t < time; t++) {
    pairs.full += t + 1;
    pairs.compressed += Math.max(0, Math.floor((t + 1 - l) / d) + 1);
    pairs.selected += Math.min(t + 1, (selectedBlocks - 1) * selectionBlock + (t % selectionBlock) + 1);
    pairs.window += Math.min(window, t + 1);
  }
  return pairs;
}

/** How many compressed blocks `time` tokens have. */
const blocksOf = (time, { compressionBlock, compressionStride }) =>
  Math.max(0, Math.floor((time - compressionBlock) / compressionStride) + 1);

/** Partial sums of the compressed branch for each row and 64 keys, and the maximum that they are relative to: 18 for the paper. */
function partialsOf({ compressionBlock, compressionStride, selectionBlock }) {
  const per = selectionBlock / compressionStride;
  return Math.floor((per + 61 + compressionBlock / compressionStride) / per) + 2;
}

/**
 * FLOP (a multiply-add is two, an exponential none), `exps` (exponentials), bytes that workgroups load (most of them from
 * caches, tiles being 64 × 64), and `least`, the bytes if memory gave each number once; by the kernels' labels. Float32, φ being
 * the mean.
 */
export function workOf(time, heads, pattern) {
  const { queryHeads, kvHeads, headDim: k, valueDim: v } = heads;
  const pairs = pairsOf(time, pattern);
  const blocks = blocksOf(time, pattern);
  const selectionBlocks = Math.ceil(time / pattern.selectionBlock);
  const work = {};
  for (const [branch, n] of Object.entries(pairs)) {
    const rows = branch === "selected" ? Math.min(64, queryHeads / kvHeads) : 64;
    const keys = branch === "compressed" ? blocks : time;
    const arrays = 4 * (time * queryHeads * (k + v) + keys * kvHeads * (k + v));
    const kernel = (width, tile, tileRows, more) => ({
      flops: 2 * queryHeads * n * width,
      exps: queryHeads * n,
      bytes: (4 * queryHeads * n * tile) / (tileRows * 64),
      least: arrays + more,
    });
    work[`${branch} forward`] = kernel(k + v, (rows + 64) * k + 64 * v, rows, 0);
    work[`${branch} dQ`] = kernel(2 * k + v, (rows + 64) * (k + v) + 64 * k, rows, 4 * time * queryHeads * k);
    const sums = 4 * time * queryHeads * (2 * v + 6); // of output times its gradient; gates, statistics of the row
    work[`${branch} row sums`] = { flops: 2 * time * queryHeads * v, exps: 0, bytes: sums, least: sums };
    work[`${branch} dK dV`] = kernel(2 * k + 2 * v, 192 * (k + v), 64, 4 * keys * kvHeads * (k + v));
  }
  const perSelection = pattern.selectionBlock / pattern.compressionStride;
  const partial = (4 * queryHeads * pairs.compressed * partialsOf(pattern)) / 64;
  work["compressed forward"].least += partial;
  work.importance = {
    flops: 4 * queryHeads * (pairs.compressed / perSelection),
    exps: (queryHeads * pairs.compressed) / perSelection,
    bytes: partial,
    least: partial,
  };
  const importance = (4 * kvHeads * time * selectionBlocks) / 2;
  work["top-k"] = { flops: 0, exps: 0, bytes: importance * pattern.selectedBlocks, least: importance };
  const rows = 16 * time * queryHeads * v;
  work.gates = { flops: 6 * time * queryHeads * v, exps: 0, bytes: rows, least: rows };
  const [l, d] = [pattern.compressionBlock, pattern.compressionStride];
  const width = kvHeads * (k + v);
  const raw = 4 * width * (time + blocks);
  work.mean = { flops: blocks * width * l, exps: 0, bytes: 4 * width * blocks * (l + 1), least: raw };
  work["φ dK"] = { flops: 2 * width * time * (l / d), exps: 0, bytes: 4 * width * time * (l / d + 1), least: raw };
  return work;
}

/** What `totals` sums up: by the labels' beginnings. */
const passes = {
  "full forward": /^full forward/,
  "sparse forward": /^((compressed|selected|window) forward|importance|top-k|gates|mean)/,
  "full backward": /^full (row|dQ|dK)/,
  "sparse backward": /^((compressed|selected|window) (row|dQ|dK)|φ dK)/,
};

/** All kernels of a pass together. */
export const totals = (work) =>
  Object.fromEntries(
    Object.entries(passes).map(([name, labels]) => {
      const total = { flops: 0, exps: 0, bytes: 0, least: 0 };
      for (const [label, counted] of Object.entries(work))
        if (labels.test(label)) for (const kind of Object.keys(total)) total[kind] += counted[kind];
      return [name, total];
    }),
  );

/**
 * FLOP and bytes of decoding one token after `time` others, by kernel, and of attention to all keys in the same way (flash
 * decoding: parts of the keys in many workgroups, merged). Bytes are what memory has to give and take: each key once for all heads of
 * a group; `numberBytes` 4 or 2 for the cache, 4 for the rest.
 */
export function decodeWorkOf(time, { queryHeads, kvHeads, headDim, valueDim }, pattern, numberBytes = 4) {
  const blocks = blocksOf(time, pattern);
  const selectionBlocks = Math.ceil(time / pattern.selectionBlock);
  const attention = (keys) => ({
    flops: 2 * queryHeads * keys * (headDim + valueDim),
    // Outputs and sums of the parts, of 64 keys each, are written and read.
    bytes: numberBytes * kvHeads * keys * (headDim + valueDim) + 8 * queryHeads * (valueDim + 1) * Math.ceil(keys / 64),
  });
  const partials = 4 * queryHeads * Math.ceil(blocks / 64) * partialsOf(pattern);
  const importance = 4 * kvHeads * selectionBlocks;
  const compressed = attention(blocks);
  const work = {
    compressed: { ...compressed, bytes: compressed.bytes + partials },
    importance: {
      flops: (4 * queryHeads * blocks * pattern.compressionStride) / pattern.selectionBlock,
      bytes: partials + importance,
    },
    "top-k": { flops: 0, bytes: importance },
    selected: attention(Math.min(time, pattern.selectedBlocks * pattern.selectionBlock)),
    window: attention(Math.min(time, pattern.window)),
    gates: { flops: 6 * queryHeads * valueDim, bytes: 16 * queryHeads * valueDim },
  };
  const all = { flops: 0, bytes: 0 };
  for (const { flops, bytes } of Object.values(work)) {
    all.flops += flops;
    all.bytes += bytes;
  }
  return { work, sparse: all, dense: attention(time) };
}

const branches = ["compressed", "selected", "window"];
const sum = (work, labels) => labels.reduce((total, label) => total + work[label].flops, 0);

/** How much less sparse attention computes than full causal attention, and reads for one token of decoding. */
export function ceilings(time, heads, pattern) {
  const work = workOf(time, heads, pattern);
  const attention = branches.map((name) => `${name} forward`);
  const forward = sum(work, [...attention, "importance", "gates"]);
  const backward = sum(
    work,
    branches.flatMap((name) => [`${name} dQ`, `${name} dK dV`]),
  );
  const read =
    blocksOf(time, pattern) +
    Math.min(time, pattern.selectedBlocks * pattern.selectionBlock) +
    Math.min(time, pattern.window);
  return {
    /** As the paper's sizes give it: the products of the three branches alone. */
    branches: work["full forward"].flops / sum(work, attention),
    forward: work["full forward"].flops / forward,
    backward: (work["full dQ"].flops + work["full dK dV"].flops) / backward,
    read,
    decode: time / read,
  };
}
