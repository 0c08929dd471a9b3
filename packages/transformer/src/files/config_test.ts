import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromHuggingFace, type TransformerConfig, toHuggingFace, validateConfig } from "./config.ts";
import type { Sparsity } from "./sparsity.ts";

/** SmolLM2-135M's config.json, shortened to the fields that matter. */
const llama = {
  architectures: ["LlamaForCausalLM"],
  attention_bias: false,
  attention_dropout: 0.0,
  bos_token_id: 0,
  eos_token_id: 0,
  hidden_act: "silu",
  hidden_size: 576,
  initializer_range: 0.041666666666666664,
  intermediate_size: 1536,
  is_llama_config: true,
  max_position_embeddings: 8192,
  model_type: "llama",
  num_attention_heads: 9,
  num_hidden_layers: 30,
  num_key_value_heads: 3,
  pretraining_tp: 1,
  rms_norm_eps: 1e-5,
  rope_interleaved: false,
  rope_scaling: null,
  rope_theta: 100000,
  tie_word_embeddings: true,
  torch_dtype: "bfloat16",
  use_cache: true,
  vocab_size: 49152,
};

/** Qwen2.5-0.5B's config.json. */
const qwen = {
  architectures: ["Qwen2ForCausalLM"],
  attention_dropout: 0.0,
  bos_token_id: 151643,
  eos_token_id: 151643,
  hidden_act: "silu",
  hidden_size: 896,
  initializer_range: 0.02,
  intermediate_size: 4864,
  max_position_embeddings: 32768,
  max_window_layers: 24,
  model_type: "qwen2",
  num_attention_heads: 14,
  num_hidden_layers: 24,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  rope_theta: 1000000.0,
  sliding_window: 32768,
  tie_word_embeddings: true,
  torch_dtype: "bfloat16",
  use_cache: true,
  use_mrope: false,
  use_sliding_window: false,
  vocab_size: 151936,
};

const config: fc.Arbitrary<TransformerConfig> = fc
  .record({
    vocabSize: fc.integer({ min: 10, max: 1e6 }),
    hiddenSize: fc.integer({ min: 1, max: 1e5 }),
    layers: fc.integer({ min: 1, max: 100 }),
    groups: fc.integer({ min: 1, max: 16 }),
    keyValueHeads: fc.integer({ min: 1, max: 16 }),
    headSize: fc.integer({ min: 1, max: 128 }).map((half) => 2 * half),
    intermediateSize: fc.integer({ min: 1, max: 1e5 }),
    ropeTheta: fc.double({ min: 1, max: 1e7, noNaN: true }),
    normEpsilon: fc.double({ min: 1e-12, max: 1e-3, noNaN: true }),
    tieEmbeddings: fc.boolean(),
    qkvBias: fc.boolean(),
    maxPositions: fc.integer({ min: 1, max: 1e6 }),
    tokens: fc.record({ bosToken: fc.nat(9), eosToken: fc.nat(9), padToken: fc.nat(9) }, { requiredKeys: [] }),
    more: fc.array(fc.nat(9), { minLength: 1, maxLength: 3 }),
    sparsity: fc.option(
      fc
        .record({
          stride: fc.integer({ min: 1, max: 16 }),
          overlapping: fc.integer({ min: 1, max: 4 }),
          further: fc.integer({ min: 0, max: 4 }),
          compressionHidden: fc.integer({ min: 1, max: 99 }),
          initialBlocks: fc.integer({ min: 0, max: 3 }),
          localBlocks: fc.integer({ min: 1, max: 3 }),
          free: fc.integer({ min: 0, max: 9 }),
          window: fc.integer({ min: 1, max: 999 }),
        })
        .map(({ stride, overlapping, further, free, ...sizes }) => ({
          ...sizes,
          compressionStride: stride,
          compressionBlock: overlapping * stride,
          selectionBlock: (overlapping + further) * stride,
          selectedBlocks: sizes.initialBlocks + sizes.localBlocks + free,
        })),
      { nil: undefined },
    ),
  })
  .map(({ groups, tokens, more, sparsity, ...rest }) => ({
    ...rest,
    ...(sparsity ? { attention: "nsa" as const, sparsity } : {}),
    heads: groups * rest.keyValueHeads,
    ...tokens,
    ...(tokens.eosToken !== undefined && more[0] % 2 ? { otherEosTokens: more } : {}),
  }));

test("a configuration comes back from its config.json as it was", () => {
  fc.assert(
    fc.property(config, (c) => {
      assert.deepEqual(fromHuggingFace(JSON.parse(JSON.stringify(toHuggingFace(c)))), c);
    }),
  );
});

test("sizes that are left out are the paper's, and are written out", () => {
  const sizes = fromHuggingFace(toHuggingFace({ ...fromHuggingFace(llama), attention: "nsa" })).sparsity;
  assert.deepEqual(sizes, {
    compressionBlock: 32,
    compressionStride: 16,
    compressionHidden: 128, // not in the paper: twice the head's 64
    selectionBlock: 64,
    selectedBlocks: 16,
    initialBlocks: 1,
    localBlocks: 2,
    window: 512,
  });
});

test("published files are understood", () => {
  assert.deepEqual(fromHuggingFace(llama), {
    vocabSize: 49152,
    hiddenSize: 576,
    layers: 30,
    heads: 9,
    keyValueHeads: 3,
    headSize: 64,
    intermediateSize: 1536,
    ropeTheta: 100000,
    normEpsilon: 1e-5,
    tieEmbeddings: true,
    qkvBias: false,
    maxPositions: 8192,
    bosToken: 0,
    eosToken: 0,
  });
  const { qkvBias, headSize, ropeTheta, eosToken } = fromHuggingFace(qwen);
  assert.deepEqual(
    { qkvBias, headSize, ropeTheta, eosToken },
    { qkvBias: true, headSize: 64, ropeTheta: 1e6, eosToken: 151643 },
  );
});

test("old and new spellings are understood: rope_parameters, several end tokens, padding −1, no architectures", () => {
  const { rope_theta, rope_scaling, architectures, ...rest } = llama;
  const parsed = fromHuggingFace({
    ...rest,
    rope_parameters: { rope_type: "default", rope_theta: 5000 },
    eos_token_id: [2, 3, 4],
    pad_token_id: -1,
  });
  assert.equal(parsed.ropeTheta, 5000);
  assert.equal(parsed.eosToken, 2);
  assert.deepEqual(parsed.otherEosTokens, [3, 4]);
  assert.equal("padToken" in parsed, false);
  const minimal = fromHuggingFace({
    model_type: "llama",
    vocab_size: 8,
    hidden_size: 12,
    num_hidden_layers: 1,
    num_attention_heads: 3,
    intermediate_size: 5,
  });
  assert.deepEqual(
    [minimal.keyValueHeads, minimal.headSize, minimal.ropeTheta, minimal.maxPositions],
    [3, 4, 10000, 2048],
  );
});

test("features that are not computed are refused by name", () => {
  const cases: [Record<string, unknown>, Record<string, unknown>, RegExp][] = [
    [llama, { architectures: ["MistralForCausalLM"] }, /architectures must be .* found \["MistralForCausalLM"\]/],
    [llama, { architectures: null, model_type: "gpt2" }, /model_type must be "llama" or "qwen2", found "gpt2"/],
    [
      llama,
      { rope_scaling: { rope_type: "llama3", factor: 32 } },
      /rope_scaling must be null or of type "default", found .*llama3/,
    ],
    [llama, { rope_scaling: { type: "linear", factor: 2 } }, /rope_scaling must be/],
    [llama, { rope_parameters: { rope_type: "yarn" } }, /rope_parameters must be/],
    [llama, { partial_rotary_factor: 0.5 }, /partial_rotary_factor must be 1, found 0\.5/],
    [llama, { attention_bias: true }, /attention_bias must be false/],
    [llama, { mlp_bias: true }, /mlp_bias must be false/],
    [llama, { hidden_act: "gelu" }, /hidden_act must be "silu", found "gelu"/],
    [llama, { quantization_config: { bits: 4 } }, /quantization_config must be absent/],
    [
      qwen,
      { use_sliding_window: true, max_window_layers: 12, sliding_window: 4096 },
      /use_sliding_window must be false/,
    ],
    [qwen, { layer_types: ["full_attention", "sliding_attention"] }, /layer_types must be "full_attention" throughout/],
  ];
  for (const [base, change, message] of cases) assert.throws(() => fromHuggingFace({ ...base, ...change }), message);
});

test("a sliding window that never slides is accepted", () => {
  fromHuggingFace({ ...qwen, use_sliding_window: true, max_window_layers: 24, sliding_window: 4096 });
  fromHuggingFace({ ...qwen, use_sliding_window: true, max_window_layers: 0, sliding_window: 32768 });
  fromHuggingFace({ ...qwen, layer_types: Array(24).fill("full_attention") });
});

test("missing and mistyped fields are named", () => {
  const { hidden_size: _, ...without } = llama;
  assert.throws(() => fromHuggingFace(without), {
    name: "TypeError",
    message: /hidden_size must be a number, found nothing/,
  });
  assert.throws(() => fromHuggingFace({ ...llama, vocab_size: "many" }), /vocab_size must be a number, found "many"/);
  assert.throws(
    () => fromHuggingFace({ ...llama, tie_word_embeddings: 1 }),
    /tie_word_embeddings must be true or false/,
  );
  assert.throws(() => fromHuggingFace({ ...llama, eos_token_id: "x" }), /eos_token_id must be a token id/);
  assert.throws(() => fromHuggingFace([] as never), /expected an object, found \[\]/);
});

const sparse = (sparsity: Sparsity): Partial<TransformerConfig> => ({ attention: "nsa", sparsity });

test("impossible configurations are refused, naming the field, what was expected and what was found", () => {
  const good = fromHuggingFace(llama);
  assert.equal(validateConfig(good), good);
  const cases: [Partial<TransformerConfig>, RegExp][] = [
    [{ heads: 10 }, /heads must be a multiple of keyValueHeads \(3\), found 10/],
    [{ headSize: 63 }, /headSize must be even .* found 63/],
    [{ layers: 0 }, /layers must be a positive integer, found 0/],
    [{ hiddenSize: 1.5 }, /hiddenSize must be a positive integer, found 1\.5/],
    [{ vocabSize: undefined }, /vocabSize must be a positive integer, found nothing/],
    [{ ropeTheta: Number.NaN }, /ropeTheta must be a positive number, found NaN/],
    [{ normEpsilon: -1 }, /normEpsilon must be a positive number, found -1/],
    [{ tieEmbeddings: "yes" as never }, /tieEmbeddings must be true or false, found "yes"/],
    [{ padToken: 49152 }, /padToken must be a token id below vocabSize \(49152\), found 49152/],
    [{ eosToken: undefined, otherEosTokens: [1] }, /otherEosTokens must be absent without eosToken/],
    [{ otherEosTokens: [-1] }, /otherEosTokens\[0\] must be a token id/],
    [{ attention: "linear" as never }, /attention must be "full" or "nsa", found "linear"/],
    [{ sparsity: {} }, /sparsity must be absent without attention: "nsa"/],
    [sparse({ windows: 3 } as never), /sparsity must be made of .*window, found "windows"/],
    [sparse({ window: 0 }), /sparsity\.window must be an integer of at least 1, found 0/],
    [sparse({ localBlocks: 0 }), /sparsity\.localBlocks must be an integer of at least 1, found 0/],
    [sparse({ compressionStride: 5 }), /compressionBlock must be a multiple of compressionStride \(5\), found 32/],
    [sparse({ selectionBlock: 72 }), /selectionBlock must be a multiple of compressionStride \(16\), found 72/],
    [sparse({ selectionBlock: 16 }), /selectionBlock must be at least compressionBlock \(32\), found 16/],
    [sparse({ selectedBlocks: 2 }), /selectedBlocks must be at least initialBlocks \+ localBlocks \(3\), found 2/],
  ];
  for (const [change, message] of cases) {
    assert.throws(() => validateConfig({ ...good, ...change } as TransformerConfig), { name: "RangeError", message });
  }
});
