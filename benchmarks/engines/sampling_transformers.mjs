// Greedy generation with transformers.js on an exported policy. Arguments: package, directory of the export, threads.
import { basename, dirname } from "node:path";
import { serve } from "../lib/engine.mjs";

const [library, directory, threads] = process.argv.slice(2);
const { AutoModelForCausalLM, env, Tensor } = await import(library);
env.allowRemoteModels = false;
env.localModelPath = dirname(directory);
// Waiting without spinning, as ours does: on shared cores it was a third faster, and never slower.
const session = {
  intraOpNumThreads: Number(threads),
  interOpNumThreads: 1,
  graphOptimizationLevel: "all",
  extra: { session: { intra_op: { allow_spinning: "0" } } },
};
const isFrozen = library === "@xenova/transformers";
const model = await AutoModelForCausalLM.from_pretrained(basename(directory), {
  ...(isFrozen ? { quantized: false, model_file_name: "model" } : { dtype: "fp32", device: "cpu" }),
  session_options: session,
});

await serve(async ({ prompts, samplesPerPrompt, maxNewTokens }) => {
  const rows = prompts.flatMap((prompt) => new Array(samplesPerPrompt).fill(prompt));
  const dims = [rows.length, rows[0].length];
  const tensor = (fill) => new Tensor("int64", BigInt64Array.from(rows.flat(), fill), dims);
  const [input_ids, attention_mask] = [tensor((token) => BigInt(token)), tensor(() => 1n)];
  const settings = { max_new_tokens: maxNewTokens, do_sample: false, use_cache: true };
  const start = performance.now();
  const output = isFrozen
    ? await model.generate(input_ids, settings, null, { inputs_attention_mask: attention_mask })
    : (await model.generate({ inputs: input_ids, attention_mask, ...settings })).tolist();
  const seconds = (performance.now() - start) / 1000;
  return { seconds, tokens: output.map((row) => row.map(Number).slice(dims[1])) };
});
