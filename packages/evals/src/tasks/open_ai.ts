/**
 * Models behind an OpenAI-compatible server: vLLM, SGLang, llama.cpp, Ollama and others.
 *
 * @module
 */

import { cutAt, type Prompt, type Sampler, type SamplerOptions } from "./sampler.ts";

/** Where the server is and how it is asked. */
export interface OpenAiOptions {
  /** Base address, with the version: `http://localhost:8000/v1`. */
  readonly url: string;
  readonly model: string;
  /** Sent as a bearer token. */
  readonly apiKey?: string;
  /** Requests under way at a time. Default 16. */
  readonly concurrency?: number;
  /** Attempts after the first where the server is busy, fails or cannot be reached. Default 4. */
  readonly retries?: number;
  /** Milliseconds before the first of them; each waits twice as long as the one before. Default 500. */
  readonly retryDelayMs?: number;
  /** Milliseconds after which a request is given up, and tried again. Default 600,000. */
  readonly timeoutMs?: number;
  /** Further fields of every request, such as `top_k`. */
  readonly body?: Readonly<Record<string, unknown>>;
}

interface Choice {
  readonly text?: string;
  readonly message?: { readonly content?: string | null; readonly reasoning_content?: string | null };
}

/**
 * A {@link Sampler} that asks a server: texts at `/completions`, chats at `/chat/completions`. Servers that give fewer
 * answers than the `n` they were asked for are asked again, with the next seed.
 *
 * @throws {RangeError} An option is missing or out of range.
 * @throws {Error} from the sampler: the server refused, or could not be reached in all attempts; the message says what it
 * answered.
 *
 * @example
 * ```ts
 * const sample = openAiSampler({ url: "http://localhost:8000/v1", model: "deepseek-math-7b" });
 * typeof sample; // "function"
 * ```
 */
export function openAiSampler(options: OpenAiOptions): Sampler {
  const { url, model, concurrency = 16 } = options;
  if (!/^https?:\/\//.test(url ?? "")) {
    throw new RangeError(`Cannot sample from a server: url must begin with http:// or https://, found ${url}`);
  }
  if (typeof model !== "string" || !model) {
    throw new RangeError(`Cannot sample from a server: model must be the name of a model, found ${model}`);
  }
  if (!(Number.isInteger(concurrency) && concurrency > 0)) {
    throw new RangeError(`Cannot sample from a server: concurrency must be a positive integer, found ${concurrency}`);
  }
  return async (prompts, settings) => {
    const answers: string[][] = prompts.map(() => []);
    let next = 0;
    const failed = new AbortController();
    const signal = settings.signal ? AbortSignal.any([settings.signal, failed.signal]) : failed.signal;
    const work = async (): Promise<void> => {
      for (let i = next++; i < prompts.length; i = next++) {
        while (answers[i].length < settings.samples) {
          answers[i].push(
            ...(await request(options, prompts[i], { ...settings, signal }, settings.seeds[i], answers[i].length)),
          );
        }
        answers[i].length = settings.samples;
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.min(concurrency, prompts.length) }, work));
    } catch (error) {
      failed.abort(error); // The other requests have no use any more.
      throw error;
    }
    return answers;
  };
}

/** The answers of one request, at least one. */
async function request(
  options: OpenAiOptions,
  prompt: Prompt,
  settings: SamplerOptions,
  seed: number,
  given: number,
): Promise<string[]> {
  const { url, model, apiKey, retries = 4, retryDelayMs = 500, timeoutMs = 600_000 } = options;
  const { samples, temperature, topP, maxNewTokens, stop, signal } = settings;
  const chat = typeof prompt !== "string";
  const address = `${url.replace(/\/+$/, "")}/${chat ? "chat/completions" : "completions"}`;
  const body = JSON.stringify({
    model,
    ...(chat ? { messages: prompt } : { prompt }),
    n: samples - given,
    temperature,
    top_p: topP,
    max_tokens: maxNewTokens,
    ...(stop.length ? { stop } : {}),
    seed: (seed + given) % 2 ** 31,
    ...options.body,
  });
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (apiKey) headers.authorization = `Bearer ${apiKey}`;
  for (let attempt = 0; ; attempt++) {
    let problem: string;
    let pause = retryDelayMs * 2 ** attempt;
    try {
      const timeout = AbortSignal.timeout(timeoutMs);
      const response = await fetch(address, {
        method: "POST",
        headers,
        body,
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
      const text = await response.text();
      if (response.ok) return choicesOf(address, text, stop);
      problem = `it answered ${response.status}: ${text.slice(0, 300)}`;
      if (response.status < 500 && response.status !== 429 && response.status !== 408) {
        throw new Refused(`Cannot sample from ${address}: ${problem}`);
      }
      const seconds = Number(response.headers.get("retry-after"));
      if (seconds > 0) pause = Math.min(seconds * 1000, 60_000);
    } catch (error) {
      if (error instanceof Refused) throw error;
      signal?.throwIfAborted();
      const { message, cause } = error as Error;
      problem = cause instanceof Error ? `${message}: ${cause.message || (cause as { code?: string }).code}` : message;
    }
    if (attempt >= retries) throw new Error(`Cannot sample from ${address} in ${attempt + 1} attempts: ${problem}`);
    await sleep(pause, signal);
  }
}

/** An error that another attempt would meet again. */
class Refused extends Error {}

function choicesOf(address: string, text: string, stop: readonly string[]): string[] {
  let choices: readonly Choice[] | undefined;
  try {
    choices = (JSON.parse(text) as { choices?: Choice[] }).choices;
  } catch {}
  if (!Array.isArray(choices) || choices.length === 0) {
    throw new Refused(`Cannot sample from ${address}: expected JSON with choices, found ${text.slice(0, 300)}`);
  }
  return choices.map(({ text, message }) => cutAt(text ?? message?.content ?? "", stop));
}

function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopped = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stopped);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stopped, { once: true });
  });
}
