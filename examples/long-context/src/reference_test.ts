import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "@gradus/seeds";
import { layoutOf, sparseAttention } from "@gradus/sparse-attention/reference";
import { PolicyCore, type TransformerConfig } from "@gradus/transformer";
import { traceAttention } from "./trace.ts";

const sizes = {
  compressionBlock: 8,
  compressionStride: 4,
  compressionHidden: 16,
  selectionBlock: 16,
  selectedBlocks: 4,
  initialBlocks: 1,
  localBlocks: 2,
  window: 12,
};
const config: TransformerConfig = {
  vocabSize: 40,
  hiddenSize: 32,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  headSize: 8,
  intermediateSize: 48,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  tieEmbeddings: false,
  qkvBias: true,
  maxPositions: 256,
  attention: "nsa",
  sparsity: sizes,
};

/** Rows of packed segments that begin at multiples of the selection block, as `arrangeRows` makes them. */
function rowsOf(rows: readonly (readonly number[])[], time: number, seed: number) {
  const random = stream(seed, { purpose: "tokens" });
  const [tokens, positions, segments] = [0, 1, 2].map(() => new Int32Array(rows.length * time));
  const starts: { at: number; length: number }[] = [];
  rows.forEach((lengths, row) => {
    let at = row * time;
    lengths.forEach((length, index) => {
      starts.push({ at, length });
      for (let t = 0; t < length; t++, at++) {
        tokens[at] = Math.floor(random.uniform() * config.vocabSize);
        positions[at] = t;
        segments[at] = index + 1;
      }
      at = Math.ceil(at / sizes.selectionBlock) * sizes.selectionBlock;
    });
  });
  return { tokens, positions, segments, time, starts };
}

const cases: [string, number[][], number][] = [
  ["one segment", [[128]], 128],
  ["packed segments, shorter and longer than a block", [[5, 70, 1], [33, 47, 16], [112]], 112],
  ["a row of one block", [[11]], 16],
  ["hardly more than the window", [[32]], 32],
];
for (const [name, lengths, time] of cases)
  test(`the model's attention is the float64 reference's: ${name}`, async () => {
    const core = PolicyCore.create(config, { seed: 5 });
    const rows = rowsOf(lengths, time, 3);
    const layers = await traceAttention(config, core.weights, rows);
    await core.dispose();
    const { heads: queryHeads, keyValueHeads: kvHeads, headSize } = config;
    const heads = { queryHeads, kvHeads, headDim: headSize, valueDim: headSize, scale: 1 };
    const double = <T>(tree: T): T =>
      (tree instanceof Float32Array
        ? Float64Array.from(tree)
        : Object.fromEntries(Object.entries(tree as object).map(([key, value]) => [key, double(value)]))) as T;
    for (const layer of layers) {
      let largest = 0;
      let size = 0;
      for (const { at, length } of rows.starts) {
        const part = (x: Float32Array) => {
          const width = x.length / rows.tokens.length;
          return x.slice(at * width, (at + length) * width);
        };
        const each = <T extends object>(tree: T) =>
          Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, part(value)])) as T;
        const inputs = double({
          query: part(layer.query),
          keys: each(layer.keys),
          values: each(layer.values),
          gates: part(layer.gates),
          compression: layer.compression,
        });
        const layout = layoutOf(Int32Array.of(0, length), sizes);
        const { output } = sparseAttention(inputs as never, heads, layout, sizes);
        const found = part(layer.output);
        (output as ArrayLike<number> & Float64Array).forEach((expected, i) => {
          largest = Math.max(largest, Math.abs(expected - found[i]));
          size = Math.max(size, Math.abs(expected));
        });
      }
      assert.ok(size > 0.1, `outputs of at most ${size} say little`);
      assert.ok(largest <= 1e-5 * size, `relative error ${largest / size}`);
    }
  });
