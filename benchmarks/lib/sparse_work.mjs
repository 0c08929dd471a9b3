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

/**
 * FLOP (a multiply-add is two), bytes that workgroups load (most of them from caches, tiles being 64 × 64), and `least`, the
 * bytes if memory gave each number once; by the kernels' labels. Float32.
 */
export function workOf(time, heads, pattern) {
  const { queryHeads, kvHeads, headDim: k, valueDim: v } = heads;
  const pairs = pairsOf(time, pattern);
  const blocks = Math.max(0, Math.floor((time - pattern.compressionBlock) / pattern.compressionStride) + 1);
  const selectionBlocks = Math.ceil(time / pattern.selectionBlock);
  const work = {};
  for (const [branch, n] of Object.entries(pairs)) {
    const rows = branch === "selected" ? Math.min(64, queryHeads / kvHeads) : 64;
    const keys = branch === "compressed" ? blocks : time;
    const arrays = 4 * (time * queryHeads * (k + v) + keys * kvHeads * (k + v));
    const kernel = (width, tile, tileRows, more) => ({
      flops: 2 * queryHeads * n * width,
      bytes: (4 * queryHeads * n * tile) / (tileRows * 64),
      least: arrays + more,
    });
    work[`${branch} forward`] = kernel(k + v, (rows + 64) * k + 64 * v, rows, 0);
    work[`${branch} dQ`] = kernel(2 * k + v, (rows + 64) * (k + v) + 64 * k, rows, 4 * time * queryHeads * k);
    work[`${branch} dK dV`] = kernel(2 * k + 2 * v, 192 * (k + v), 64, 4 * keys * kvHeads * (k + v));
  }
  // Partial sums of the compressed branch: for each row and 64 keys, 17 sums and a maximum at the paper's sizes.
  const perSelection = pattern.selectionBlock / pattern.compressionStride;
  const slots =
    Math.floor((perSelection + 61 + pattern.compressionBlock / pattern.compressionStride) / perSelection) + 1;
  const partial = (4 * queryHeads * pairs.compressed * (slots + 1)) / 64;
  work["compressed forward"].least += partial;
  work.importance = { flops: 4 * queryHeads * (pairs.compressed / perSelection), bytes: partial, least: partial };
  const importance = (4 * kvHeads * time * selectionBlocks) / 2;
  work["top-k"] = { flops: 0, bytes: importance * pattern.selectedBlocks, least: importance };
  work.gates = {
    flops: 6 * time * queryHeads * v,
    bytes: 16 * time * queryHeads * v,
    least: 16 * time * queryHeads * v,
  };
  return work;
}

const branches = ["compressed", "selected", "window"];
const sum = (work, labels) => labels.reduce((total, label) => total + work[label].flops, 0);

/** How much less sparse attention computes than full causal attention, and reads for one token of decoding. */
export function ceilings(time, heads, pattern) {
  const work = workOf(time, heads, pattern);
  const forward = sum(work, [...branches.map((name) => `${name} forward`), "importance", "gates"]);
  const backward = sum(
    work,
    branches.flatMap((name) => [`${name} dQ`, `${name} dK dV`]),
  );
  const blocks = Math.max(0, Math.floor((time - pattern.compressionBlock) / pattern.compressionStride) + 1);
  const read =
    blocks + Math.min(time, pattern.selectedBlocks * pattern.selectionBlock) + Math.min(time, pattern.window);
  return {
    forward: work["full forward"].flops / forward,
    backward: (work["full dQ"].flops + work["full dK dV"].flops) / backward,
    read,
    decode: time / read,
  };
}
