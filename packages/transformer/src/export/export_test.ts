// The exported graph on ONNX Runtime, fed as transformers.js feeds it. benchmarks/transformers_js_test.mjs loads exports
// with transformers.js itself.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openSession, type Session, type TensorData } from "@gradus/autodiff";
import { ByteTokenizer } from "../files/byte_tokenizer.ts";
import type { TransformerConfig } from "../files/config.ts";
import { PolicyCore } from "../policy/core.ts";
import { createPolicy } from "../policy/policy.ts";
import { assertClose, batchOf, llama, pseudoRandom, qwen2, randomTokens, sharpen } from "../testing/models.ts";
import { exportModel } from "./model.ts";

const parent = await mkdtemp(join(tmpdir(), "gradus-export-"));
after(() => rm(parent, { recursive: true }));

type Outputs = Record<string, Required<TensorData>>;

const int64 = (values: readonly number[], shape: number[]): TensorData => {
  return { data: BigInt64Array.from(values, BigInt), shape };
};

/** Runs rows of tokens after a past; `mask` covers past and rows. */
function run(session: Session, config: TransformerConfig, rows: number[][], mask: number[][], past?: Outputs) {
  const [batch, sequence] = [rows.length, rows[0].length];
  const feeds: Record<string, TensorData> = {
    input_ids: int64(rows.flat(), [batch, sequence]),
    attention_mask: int64(mask.flat(), [batch, mask[0].length]),
    // transformers.js: how many visible tokens come before; 1 where there is padding.
    position_ids: int64(
      mask.flatMap((row) => row.map((seen, t) => (seen ? row.slice(0, t).filter(Boolean).length : 1)).slice(-sequence)),
      [batch, sequence],
    ),
  };
  for (let layer = 0; layer < config.layers; layer++)
    for (const part of ["key", "value"]) {
      const empty = { data: new Float32Array(0), shape: [batch, config.keyValueHeads, 0, config.headSize] };
      feeds[`past_key_values.${layer}.${part}`] = past?.[`present.${layer}.${part}`] ?? empty;
    }
  return session.run(feeds);
}

/** The most likely tokens, one after the other, for rows padded on the left. */
async function greedy(session: Session, config: TransformerConfig, prompts: number[][], count: number) {
  const longest = Math.max(...prompts.map(({ length }) => length));
  const padding = (prompt: number[]) => new Array<number>(longest - prompt.length);
  let rows = prompts.map((prompt) => [...padding(prompt).fill(0), ...prompt]);
  const mask = prompts.map((prompt) => [...padding(prompt).fill(0), ...prompt.map(() => 1)]);
  const generated: number[][] = prompts.map(() => []);
  let past: Outputs | undefined;
  for (let step = 0; step < count; step++) {
    past = await run(session, config, rows, mask, past);
    const logits = past.logits.data as Float32Array;
    const sequence = rows[0].length;
    rows = prompts.map((_, row) => {
      const from = ((row + 1) * sequence - 1) * config.vocabSize;
      const line = logits.subarray(from, from + config.vocabSize);
      return [line.indexOf(Math.max(...line))];
    });
    rows.forEach(([token], row) => {
      generated[row].push(token);
      mask[row].push(1);
    });
  }
  return generated;
}

for (const [name, config] of Object.entries({ llama, qwen2 })) {
  test(`${name}: the exported model gives the policy's log-probabilities and its greedy tokens`, async () => {
    const core = sharpen(PolicyCore.create(config, { seed: 4 }), 2);
    const session = await openSession(exportModel(config, core.weights));
    const tokens = randomTokens(30, config, pseudoRandom(2));
    const { logits } = await run(session, config, [[...tokens]], [[...tokens].map(() => 1)]);
    assert.deepEqual([...logits.shape], [1, 30, config.vocabSize]);
    const found = Array.from(tokens.subarray(1), (token, t) => {
      const line = logits.data.subarray(t * config.vocabSize, (t + 1) * config.vocabSize) as Float32Array;
      return line[token] - Math.log(line.reduce((sum, x) => sum + Math.exp(x), 0));
    });
    assertClose(found, (await core.logProbs(batchOf([tokens]))).logProbs.subarray(0, 29), 1e-4);

    const prompts = [[...tokens.subarray(0, 5)], [...tokens.subarray(3, 15)], [7]];
    const completions = await core.sample(
      prompts.map((prompt) => Int32Array.from(prompt)),
      { maxNewTokens: 24, temperature: 0, seed: 1 },
    );
    const expected = completions.map((completion) => [...completion.tokens]);
    assert.ok(new Set(expected.flat()).size > 3);
    assert.deepEqual(await greedy(session, config, prompts, 24), expected);
    for (const [i, prompt] of prompts.entries())
      assert.deepEqual(await greedy(session, config, [prompt], 24), [expected[i]]);
    await session.dispose();
    await core.dispose();
  });
}

test("an export is a directory with model, configuration and tokenizer, and replaces only an export", async () => {
  const tokenizer = new ByteTokenizer();
  const config = { ...llama, vocabSize: 258, bosToken: 256, eosToken: 257 };
  const policy = await createPolicy(config, { seed: 1 });
  const directory = join(parent, "model");
  await policy.exportOnnx(directory);
  assert.deepEqual((await readdir(directory)).sort(), ["config.json", "generation_config.json", "onnx"]);
  await policy.exportOnnx(directory, { tokenizer });
  const files = ["config.json", "generation_config.json", "onnx", "tokenizer.json", "tokenizer_config.json"];
  assert.deepEqual((await readdir(directory)).sort(), files);
  const read = async (name: string) => JSON.parse(await readFile(join(directory, name), "utf8"));
  assert.equal((await read("config.json")).model_type, "llama");
  assert.deepEqual(await read("generation_config.json"), { bos_token_id: 256, eos_token_id: 257 });
  assert.deepEqual(await read("tokenizer.json"), tokenizer.toJSON());

  await writeFile(join(directory, "thesis.tex"), "");
  await assert.rejects(policy.exportOnnx(directory), /it holds other files \(thesis.tex\)/);
  await policy.save(join(parent, "checkpoint"));
  await assert.rejects(policy.exportOnnx(join(parent, "checkpoint")), /it holds other files \(model.safetensors\)/);
  await policy.dispose();
});

test("weights too large for one ONNX file are refused with both sizes", () => {
  const weights = { embedding: { length: 6e8 } as Float32Array };
  assert.throws(() => exportModel(llama, weights), { name: "RangeError", message: /take 2400000000 bytes, one file/ });
});
