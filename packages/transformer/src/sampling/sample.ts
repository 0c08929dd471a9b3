/**
 * Sampling completions: splits a call into waves that fit the cache, and puts the results back in order.
 *
 * @module
 */
import type { TransformerConfig } from "../files/config.ts";
import { type Completion, runWave, type SamplingSessions } from "./wave.ts";

/** How to sample; the same as in the policy's interface, with `AbortSignal` replaced by a plain check. */
export interface SampleRequest {
  /** Samples for each prompt. Default 1. */
  samplesPerPrompt?: number;
  maxNewTokens: number;
  /** Default 1; 0 takes the most likely token. */
  temperature?: number;
  /** Keep only the k most likely tokens. Default: all. */
  topK?: number;
  /** Keep the smallest set whose probability reaches p. Default 1. */
  topP?: number;
  /** Token sequences that end a completion. Default: the configuration's end tokens, `eosToken` and `otherEosTokens`. */
  stop?: readonly Int32Array[];
  seed: number;
  step?: number;
  /** Rows decoded together. Default 128. */
  maxRows?: number;
}

/** Progress of a call. */
export interface SampleProgress {
  tokens: number;
  finished: number;
  total: number;
}

function checkRequest(config: TransformerConfig, prompts: readonly Int32Array[], request: SampleRequest): void {
  const { samplesPerPrompt = 1, maxNewTokens, temperature = 1, topK = 0, topP = 1, maxRows = 1 } = request;
  const fail = (name: string, expected: string, found: unknown) => {
    throw new RangeError(`Cannot sample: ${name} must be ${expected}, found ${found}`);
  };
  if (!Number.isInteger(samplesPerPrompt) || samplesPerPrompt < 1)
    fail("samplesPerPrompt", "a positive integer", samplesPerPrompt);
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 1) fail("maxNewTokens", "a positive integer", maxNewTokens);
  if (!Number.isInteger(maxRows) || maxRows < 1) fail("maxRows", "a positive integer", maxRows);
  request.stop?.forEach((sequence, i) => {
    if (sequence.length === 0) fail(`stop[${i}]`, "a sequence of at least one token", "an empty one");
  });
  if (!(temperature >= 0 && temperature < Infinity)) fail("temperature", "a number ≥ 0", temperature);
  if (!Number.isInteger(topK) || topK < 0) fail("topK", "an integer ≥ 0", topK);
  if (!(topP > 0 && topP <= 1)) fail("topP", "more than 0 and at most 1", topP);
  prompts.forEach((prompt, i) => {
    if (prompt.length < 1 || prompt.length >= config.maxPositions) {
      fail(`the length of prompt ${i}`, `from 1 to ${config.maxPositions - 1}`, prompt.length);
    }
    const bad = prompt.findIndex((token) => token < 0 || token >= config.vocabSize);
    if (bad >= 0) fail(`prompt ${i}'s token ${bad}`, `from 0 to ${config.vocabSize - 1}`, prompt[bad]);
  });
}

/**
 * Samples completions of every prompt, in order of prompt and sample. Prompts of like length go together, so that
 * little is padded; that order changes no result's random numbers, which belong to (seed, step, prompt, sample).
 */
export async function sampleCompletions(
  config: TransformerConfig,
  sessions: SamplingSessions,
  prompts: readonly Int32Array[],
  request: SampleRequest,
  {
    onProgress,
    checkCancelled = () => {},
  }: { onProgress?: (progress: SampleProgress) => void; checkCancelled?: () => void } = {},
): Promise<Completion[]> {
  checkRequest(config, prompts, request);
  const {
    samplesPerPrompt = 1,
    maxNewTokens,
    temperature = 1,
    topK = 0,
    topP = 1,
    seed,
    step = 0,
    maxRows = 128,
  } = request;
  const ends = config.eosToken === undefined ? [] : [config.eosToken, ...(config.otherEosTokens ?? [])];
  const stop = request.stop ?? ends.map((token) => Int32Array.of(token));
  const total = prompts.length * samplesPerPrompt;
  const sorted = prompts
    .map((tokens, index) => ({ index, tokens }))
    .sort((a, b) => a.tokens.length - b.tokens.length || a.index - b.index);
  const perWave = Math.max(1, Math.floor(maxRows / samplesPerPrompt));
  const samplesPerWave = Math.min(samplesPerPrompt, maxRows);
  const completions = new Array<Completion>(total);
  let [tokens, finishedBefore] = [0, 0];

  for (let from = 0; from < sorted.length; from += perWave) {
    for (let first = 0; first < samplesPerPrompt; first += samplesPerWave) {
      checkCancelled();
      const count = Math.min(samplesPerWave, samplesPerPrompt - first);
      const wave = await runWave(config, sessions, {
        prompts: sorted.slice(from, from + perWave),
        samples: Array.from({ length: count }, (_, i) => first + i),
        maxNewTokens,
        greedy: temperature === 0,
        inverseTemperature: temperature === 0 ? 1 : 1 / temperature,
        topK,
        topP,
        stop,
        seed,
        step,
        checkCancelled,
        onTokens: (sampled, finished) => {
          tokens += sampled;
          onProgress?.({ tokens, finished: finishedBefore + finished, total });
        },
      });
      finishedBefore += wave.length;
      for (const completion of wave) completions[completion.prompt * samplesPerPrompt + completion.sample] = completion;
    }
  }
  return completions;
}
