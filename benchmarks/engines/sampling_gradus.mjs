// Sampling with the policy. Arguments: configuration as JSON, threads. Requests: `export` to a directory, `sample` token
// ids, and `gap`, the difference of two tokens' log-probabilities after a prefix.
import { createPolicy } from "@gradus/transformer";
import { peakMemory, serve } from "../lib/engine.mjs";

const [config, threads] = process.argv.slice(2).map((argument) => JSON.parse(argument));
const policy = await createPolicy(config, { seed: 7, threads });

/** Log-probability of `token` after `prefix`. */
async function scoreOf(prefix, token) {
  const tokens = Int32Array.of(...prefix, token);
  const labels = new Int32Array(tokens.length).fill(-100);
  labels[prefix.length - 1] = token;
  const batch = {
    tokens,
    labels,
    positions: Int32Array.from(tokens.keys()),
    segments: Int32Array.of(0, tokens.length),
  };
  return (await policy.logProbs(batch)).logProbs[prefix.length - 1];
}

await serve(async ({ directory, prompts, samplesPerPrompt, maxNewTokens, temperature, seed = 1, prefix, tokens }) => {
  if (directory) {
    await policy.exportOnnx(directory);
    return {};
  }
  if (prefix) return { gap: Math.abs((await scoreOf(prefix, tokens[0])) - (await scoreOf(prefix, tokens[1]))) };
  const arrays = prompts.map((prompt) => Int32Array.from(prompt));
  const start = performance.now();
  const completions = await policy.sample(arrays, { samplesPerPrompt, maxNewTokens, temperature, seed });
  const seconds = (performance.now() - start) / 1000;
  return { seconds, tokens: completions.map((completion) => [...completion.tokens]), peak: peakMemory() };
});
