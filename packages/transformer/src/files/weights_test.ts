import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { TransformerConfig } from "./config.ts";
import { fromHuggingFaceWeights, toHuggingFaceWeights, type Weights, weightShapes } from "./weights.ts";

const config: fc.Arbitrary<TransformerConfig> = fc
  .record({
    vocabSize: fc.integer({ min: 1, max: 40 }),
    hiddenSize: fc.integer({ min: 1, max: 20 }),
    layers: fc.integer({ min: 1, max: 3 }),
    keyValueHeads: fc.integer({ min: 1, max: 3 }),
    heads: fc.integer({ min: 1, max: 3 }),
    headSize: fc.constantFrom(2, 4, 8),
    intermediateSize: fc.integer({ min: 1, max: 40 }),
    ropeTheta: fc.constant(10000),
    normEpsilon: fc.constant(1e-6),
    tieEmbeddings: fc.boolean(),
    qkvBias: fc.boolean(),
    maxPositions: fc.constant(64),
    attention: fc.constantFrom("full" as const, "nsa" as const),
    sparsity: fc.record({
      compressionBlock: fc.constantFrom(2, 4),
      compressionStride: fc.constantFrom(1, 2),
      compressionHidden: fc.integer({ min: 1, max: 5 }),
    }),
  })
  .map(({ sparsity, ...c }) => ({
    ...c,
    heads: c.heads * c.keyValueHeads,
    ...(c.attention === "nsa" ? { sparsity } : {}),
  }));

/** Weights in which every number is another, so that a misplaced one shows. */
function numbered(c: TransformerConfig): Weights {
  let next = 1;
  return Object.fromEntries(
    Object.entries(weightShapes(c)).map(([name, shape]) => {
      return [name, Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => next++)];
    }),
  );
}

const small: TransformerConfig = {
  vocabSize: 3,
  hiddenSize: 2,
  layers: 1,
  heads: 2,
  keyValueHeads: 1,
  headSize: 2,
  intermediateSize: 3,
  ropeTheta: 10000,
  normEpsilon: 1e-6,
  tieEmbeddings: false,
  qkvBias: true,
  maxPositions: 8,
};

test("weights come back from Hugging Face's layout exactly, in the fixed order", () => {
  fc.assert(
    fc.property(config, (c) => {
      const weights = numbered(c);
      const back = fromHuggingFaceWeights(c, toHuggingFaceWeights(c, weights));
      assert.deepEqual(back, weights);
      assert.deepEqual(Object.keys(back), Object.keys(weightShapes(c)));
    }),
  );
});

test("Hugging Face's tensors come back from ours exactly", () => {
  fc.assert(
    fc.property(config, (c) => {
      const tensors = toHuggingFaceWeights(c, numbered(c));
      assert.deepEqual(toHuggingFaceWeights(c, fromHuggingFaceWeights(c, tensors)), tensors);
    }),
  );
});

test("each projection computes the same from either layout: x · ours = theirs · x", () => {
  const weights = numbered(small);
  const tensors = toHuggingFaceWeights(small, weights);
  const x = [2, -3];
  const { qkv, qkvBias } = { qkv: weights["layers.0.qkv"], qkvBias: weights["layers.0.qkvBias"] };
  const ours = Array.from({ length: 8 }, (_, j) => x[0] * qkv[j] + x[1] * qkv[8 + j] + qkvBias[j]);
  const theirs = ["q", "k", "v"].flatMap((name) => {
    const weight = tensors[`model.layers.0.self_attn.${name}_proj.weight`];
    const bias = tensors[`model.layers.0.self_attn.${name}_proj.bias`];
    return Array.from(bias.data, (b, j) => x[0] * weight.data[2 * j] + x[1] * weight.data[2 * j + 1] + b);
  });
  assert.deepEqual(ours, theirs);
});

test("names and shapes are those of a Qwen2 checkpoint", () => {
  const shapes = Object.entries(toHuggingFaceWeights(small, numbered(small))).map(([name, { shape }]) => [name, shape]);
  assert.deepEqual(shapes, [
    ["model.embed_tokens.weight", [3, 2]],
    ["model.layers.0.input_layernorm.weight", [2]],
    ["model.layers.0.self_attn.q_proj.weight", [4, 2]],
    ["model.layers.0.self_attn.q_proj.bias", [4]],
    ["model.layers.0.self_attn.k_proj.weight", [2, 2]],
    ["model.layers.0.self_attn.k_proj.bias", [2]],
    ["model.layers.0.self_attn.v_proj.weight", [2, 2]],
    ["model.layers.0.self_attn.v_proj.bias", [2]],
    ["model.layers.0.self_attn.o_proj.weight", [2, 4]],
    ["model.layers.0.post_attention_layernorm.weight", [2]],
    ["model.layers.0.mlp.gate_proj.weight", [3, 2]],
    ["model.layers.0.mlp.up_proj.weight", [3, 2]],
    ["model.layers.0.mlp.down_proj.weight", [2, 3]],
    ["model.norm.weight", [2]],
    ["lm_head.weight", [3, 2]],
  ]);
});

test("a sparse model has projections for each branch, gates, and φ twice", () => {
  const sizes = { compressionBlock: 4, compressionStride: 2, compressionHidden: 5 };
  const tensors = toHuggingFaceWeights(
    { ...small, attention: "nsa", sparsity: sizes },
    numbered({ ...small, attention: "nsa", sparsity: sizes }),
  );
  const attention = Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.includes("self_attn"))
      .map(([name, { shape }]) => [name.replace("model.layers.0.self_attn.", ""), shape]),
  );
  const projections = Object.fromEntries(
    ["compressed", "selected", "window"].flatMap((branch) =>
      ["k", "v"].flatMap((of) => [
        [`${branch}.${of}_proj.weight`, [2, 2]],
        [`${branch}.${of}_proj.bias`, [2]],
      ]),
    ),
  );
  const phi = (of: string) => ({
    [`compressed.${of}_mlp.position`]: [4, 1, 2],
    [`compressed.${of}_mlp.0.weight`]: [5, 8],
    [`compressed.${of}_mlp.0.bias`]: [5],
    [`compressed.${of}_mlp.2.weight`]: [2, 5],
    [`compressed.${of}_mlp.2.bias`]: [2],
  });
  assert.deepEqual(attention, {
    "q_proj.weight": [4, 2],
    "q_proj.bias": [4],
    ...projections,
    "gate_proj.weight": [6, 2],
    "gate_proj.bias": [6],
    ...phi("k"),
    ...phi("v"),
    "o_proj.weight": [2, 4],
  });
});

test("missing, unknown and misshapen tensors are named", () => {
  const tensors = toHuggingFaceWeights(small, numbered(small));
  const { "model.norm.weight": _, ...missing } = tensors;
  assert.throws(() => fromHuggingFaceWeights(small, missing), /model\.norm\.weight is missing/);
  assert.throws(() => fromHuggingFaceWeights(small, {}), /model\.embed_tokens\.weight and 14 more is missing/);
  const extra = { ...tensors, "model.layers.1.mlp.up_proj.weight": tensors["model.norm.weight"] };
  assert.throws(() => fromHuggingFaceWeights(small, extra), /unknown model\.layers\.1\.mlp\.up_proj\.weight/);
  const turned = { ...tensors, "lm_head.weight": { ...tensors["lm_head.weight"], shape: [2, 3] } };
  assert.throws(
    () => fromHuggingFaceWeights(small, turned),
    /lm_head\.weight must have shape \[3, 2\], found \[2, 3\]/,
  );
  const ours = numbered(small);
  assert.throws(
    () => toHuggingFaceWeights(small, { ...ours, "layers.0.down": new Float32Array(5) }),
    /down must have 6/,
  );
  assert.throws(() => toHuggingFaceWeights(small, { ...ours, other: new Float32Array(1) }), /unknown other/);
});

test("old rotary buffers and a repeated tied head are passed over, a different one is refused", () => {
  const tied = { ...small, tieEmbeddings: true };
  const weights = numbered(tied);
  const tensors = toHuggingFaceWeights(tied, weights);
  assert.equal(Object.hasOwn(tensors, "lm_head.weight"), false);
  tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = { shape: [1], data: Float32Array.of(1) };
  tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"];
  assert.deepEqual(fromHuggingFaceWeights(tied, tensors), weights);
  tensors["lm_head.weight"] = { shape: [3, 2], data: new Float32Array(6) };
  assert.throws(() => fromHuggingFaceWeights(tied, tensors), /lm_head\.weight differs/);
});

test("translated weights are copies: changing them leaves the checkpoint's tensors alone", () => {
  const tensors = toHuggingFaceWeights(small, numbered(small));
  const [first] = tensors["model.embed_tokens.weight"].data;
  fromHuggingFaceWeights(small, tensors).embedding.fill(0);
  assert.equal(tensors["model.embed_tokens.weight"].data[0], first);
});
