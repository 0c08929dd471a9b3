// What `exportOnnx` writes, loaded by both generations of transformers.js: the same text gives the same greedy tokens.
// Needs the built packages (`npm run build` at the root) and this folder's own `npm ci`.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ByteTokenizer, createPolicy } from "@gradus/transformer";
import * as current from "@huggingface/transformers";
import * as frozen from "@xenova/transformers";

const libraries = {
  "@huggingface/transformers": { library: current, options: { dtype: "fp32" } },
  "@xenova/transformers": { library: frozen, options: { quantized: false, model_file_name: "model" } },
};
const small = {
  vocabSize: 258,
  hiddenSize: 48,
  layers: 2,
  heads: 6,
  keyValueHeads: 3,
  headSize: 8,
  intermediateSize: 64,
  ropeTheta: 10000,
  normEpsilon: 1e-5,
  maxPositions: 128,
  bosToken: 256,
  eosToken: 257,
};
const models = {
  "Llama, grouped queries": { ...small, tieEmbeddings: false, qkvBias: false },
  "Qwen2, tied embeddings": { ...small, tieEmbeddings: true, qkvBias: true },
};
const prompts = ["Hello wörld", "3 + 4 =", "a"];
const maxNewTokens = 40;

for (const [kind, config] of Object.entries(models))
  test(`transformers.js generates what the policy samples greedily: ${kind}`, async (t) => {
    const parent = await mkdtemp(join(tmpdir(), "gradus-export-"));
    const tokenizer = new ByteTokenizer();
    const policy = await createPolicy(config, { seed: 7 });
    try {
      await policy.exportOnnx(join(parent, "model"), { tokenizer });
      const completions = await policy.sample(
        prompts.map((prompt) => tokenizer.encode(prompt)),
        { maxNewTokens, temperature: 0, seed: 1 },
      );
      // Had the model one favourite token, nothing here could go wrong.
      assert.ok(new Set(completions.flatMap(({ tokens }) => [...tokens])).size > 5);
      for (const [name, { library, options }] of Object.entries(libraries))
        await t.test(name, async () => {
          library.env.allowRemoteModels = false;
          library.env.localModelPath = parent;
          const encoder = await library.AutoTokenizer.from_pretrained("model");
          const model = await library.AutoModelForCausalLM.from_pretrained("model", options);
          for (const [i, prompt] of prompts.entries()) {
            const { input_ids, attention_mask } = encoder(prompt);
            assert.deepEqual([...input_ids.data].map(Number), [...tokenizer.encode(prompt)]);
            const settings = { max_new_tokens: maxNewTokens, do_sample: false };
            const output =
              library === current
                ? (await model.generate({ input_ids, attention_mask, ...settings })).tolist()
                : await model.generate(input_ids, settings);
            const generated = output[0].map(Number).slice(input_ids.dims[1]);
            assert.deepEqual(generated, [...completions[i].tokens], `prompt ${JSON.stringify(prompt)}`);
          }
          await model.dispose();
        });
    } finally {
      await policy.dispose();
      await rm(parent, { recursive: true });
    }
  });
