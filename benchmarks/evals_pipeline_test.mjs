// `pipelineSampler` of @gradus/evals with real pipelines, of both generations of transformers.js: an evaluation has the
// answers that the policy samples greedily. Needs the built packages (`npm run build` at the root) and this folder's
// own `npm ci`.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { evaluate, pipelineSampler, readProblems, tasks } from "@gradus/evals/tasks";
import { ByteTokenizer, createPolicy } from "@gradus/transformer";
import * as current from "@huggingface/transformers";
import * as frozen from "@xenova/transformers";

const libraries = {
  "@huggingface/transformers": { library: current, options: { dtype: "fp32" } },
  "@xenova/transformers": { library: frozen, options: { quantized: false, model_file_name: "model" } },
};
const config = {
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
  tieEmbeddings: false,
  qkvBias: false,
};
const maxNewTokens = 16;
const problems = readProblems(tasks.plain, [
  { question: "3 + 4?", answer: "7" },
  { question: "Half of 8?", answer: "4" },
]);

test("an evaluation with a pipeline has the answers of the policy that it was made of", async (t) => {
  const parent = await mkdtemp(join(tmpdir(), "gradus-pipeline-"));
  const tokenizer = new ByteTokenizer();
  const policy = await createPolicy(config, { seed: 7 });
  try {
    await policy.exportOnnx(join(parent, "model"), { tokenizer });
    const sample = async (prompts) => {
      const sampled = await policy.sample(
        prompts.map((prompt) => tokenizer.encode(prompt)),
        { maxNewTokens, temperature: 0, seed: 1 },
      );
      return sampled.map(({ tokens }) => [tokenizer.decode(tokens.filter((token) => token < 256))]);
    };
    const settings = { task: tasks.plain, problems, format: "text", maxNewTokens, stop: [] };
    const texts = (evaluation) => evaluation.problems.map(({ samples }) => samples.map(({ text }) => text));
    const expected = texts(await evaluate({ ...settings, sample, model: "policy" }));
    assert.ok(new Set(expected.flat().join("")).size > 5);
    for (const [name, { library, options }] of Object.entries(libraries))
      await t.test(name, async () => {
        library.env.allowRemoteModels = false;
        library.env.localModelPath = parent;
        const generate = await library.pipeline("text-generation", "model", options);
        const evaluation = await evaluate({ ...settings, sample: pipelineSampler(generate), model: name });
        assert.deepEqual(texts(evaluation), expected);
        const several = await evaluate({ ...settings, samples: 2, sample: pipelineSampler(generate), model: name });
        assert.deepEqual(
          texts(several).map(({ length }) => length),
          [2, 2],
        );
        await generate.dispose();
      });
  } finally {
    await policy.dispose();
    await rm(parent, { recursive: true, force: true });
  }
});
