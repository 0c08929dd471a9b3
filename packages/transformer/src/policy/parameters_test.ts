import assert from "node:assert/strict";
import { test } from "node:test";
import type { TransformerConfig } from "../files/config.ts";
import { weightShapes } from "../files/weights.ts";
import { assertClose, llama, pseudoRandom, qwen2, sparse } from "../testing/models.ts";
import { decayMask, initialize, layoutOf, totalSize, views } from "./parameters.ts";

for (const [name, config] of Object.entries({ llama, qwen2, sparse })) {
  test(`${name}: the weights cover the flat array without gaps or overlaps, in the order of their shapes`, () => {
    const layout = layoutOf(config);
    const flat = new Float32Array(totalSize(layout));
    const weights = views(flat, layout);
    assert.deepEqual(Object.keys(weights), Object.keys(weightShapes(config)));
    // Each weight adds 1 to its part, seen through its view: afterwards everything is 1.
    for (const [weight, shape] of Object.entries(weightShapes(config))) {
      assert.equal(
        weights[weight].length,
        shape.reduce((product, size) => product * size),
      );
      weights[weight].forEach((value, i) => {
        weights[weight][i] = value + 1;
      });
    }
    assert.ok(flat.every((x) => x === 1));
    for (let i = 1; i < layout.length; i++) assert.ok(layout[i].offset > layout[i - 1].offset);
  });

  test(`${name}: matrices decay, norms and biases do not`, () => {
    const layout = layoutOf(config);
    const mask = decayMask(layout);
    const decaying = layout.filter(({ offset, size }) => mask.subarray(offset, offset + size).every((x) => x === 1));
    const spared = layout.filter(({ offset, size }) => mask.subarray(offset, offset + size).every((x) => x === 0));
    assert.equal(decaying.length + spared.length, layout.length);
    assert.ok(spared.every((slot) => /([nN]orm|[bB]ias[12]?)$/.test(slot.name)));
    assert.ok(decaying.every((slot) => !/([nN]orm|[bB]ias[12]?)$/.test(slot.name)));
    // Two norms a block and one at the end; with Qwen2 a bias a block, or one each for query, key and value.
    assert.ok(spared.length >= 2 * config.layers + 1 + (config.qkvBias ? config.layers : 0));
  });
}

const large: TransformerConfig = {
  ...qwen2,
  vocabSize: 300,
  hiddenSize: 128,
  heads: 8,
  keyValueHeads: 4,
  headSize: 16,
  intermediateSize: 256,
  layers: 3,
  tieEmbeddings: false,
};

test("initial weights have mean 0 and the documented deviation; norms are 1, biases 0", () => {
  const layout = layoutOf(large);
  const weights = views(initialize(large, layout, 7), layout);
  for (const { name, shape, size } of layout) {
    const weight = weights[name];
    if (shape.length === 1) {
      assert.ok(
        weight.every((x) => x === Number(name.endsWith("Norm"))),
        name,
      );
      continue;
    }
    const residual = /attentionOutput|down/.test(name) ? 1 / Math.sqrt(2 * large.layers) : 1;
    const expected = name === "embedding" ? 0.02 : residual / Math.sqrt(shape[0]);
    const mean = weight.reduce((sum, x) => sum + x, 0) / size;
    const deviation = Math.sqrt(weight.reduce((sum, x) => sum + (x - mean) ** 2, 0) / size);
    // Of n normal numbers the mean errs by σ/√n, the deviation by σ/√2n: five of these.
    assert.ok(Math.abs(mean) < (5 * expected) / Math.sqrt(size), `${name}: mean ${mean}`);
    assertClose([deviation], [expected], (5 * expected) / Math.sqrt(2 * size), `${name}: deviations`);
    const beyond = weight.filter((x) => Math.abs(x) > 1.96 * expected).length / size; // normal: 5%
    assertClose([beyond], [0.05], 5 * Math.sqrt((0.05 * 0.95) / size), `${name}: tails`);
  }
});

test("φ begins near the sum of a block over √l, however the block is turned", () => {
  const sizes = { compressionBlock: 8, compressionStride: 4 };
  const config: TransformerConfig = { ...large, attention: "nsa", sparsity: sizes };
  const layout = layoutOf(config);
  const weights = views(initialize(config, layout, 7), layout);
  const phi = (part: string) => weights[`layers.0.compressKeys.${part}`];
  const { headSize } = config;
  const hidden = 2 * headSize;
  const random = pseudoRandom(3);
  let [error, size] = [0, 0];
  for (let block = 0; block < 50; block++) {
    const x = Float64Array.from({ length: 8 * headSize }, () => 2 * random() - 1);
    const z = Float64Array.from({ length: hidden }, (_, j) =>
      x.reduce((sum, y, i) => sum + y * phi("weight1")[i * hidden + j], 0),
    );
    for (let e = 0; e < headSize; e++) {
      const found = z.reduce((sum, y, j) => sum + (y / (1 + Math.exp(-y))) * phi("weight2")[j * headSize + e], 0);
      let expected = 0;
      for (let i = 0; i < 8; i++) expected += x[i * headSize + e] / Math.sqrt(8);
      error += (found - expected) ** 2;
      size += expected ** 2;
    }
  }
  assert.ok(Math.sqrt(error / size) < 0.3, `relative difference ${Math.sqrt(error / size)}`);
});

test("the seed decides the weights, and every matrix has numbers of its own", () => {
  const layout = layoutOf(large);
  assert.deepEqual(initialize(large, layout, 7), initialize(large, layout, 7));
  const [one, other] = [7, 8].map((seed) => views(initialize(large, layout, seed), layout));
  const beginnings = new Set<string>();
  const matrices = layout.filter(({ shape }) => shape.length > 1);
  for (const { name } of matrices) {
    assert.notDeepEqual(one[name], other[name]);
    const scale = one[name][0];
    beginnings.add(`${one[name].subarray(1, 4).map((x) => x / scale)}`);
  }
  assert.equal(beginnings.size, matrices.length);
});
