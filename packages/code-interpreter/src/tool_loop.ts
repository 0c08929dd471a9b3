/**
 * Tool-integrated reasoning over token ids: the model writes a program and ```` ```output ````, the program is run, its
 * output is appended, the model goes on. What the model has written is never encoded again: its ids stay the ones that
 * it sampled, so that their log-probabilities remain true in training; only the tools' texts are encoded.
 *
 * Program-of-thought is the same with `rounds: 1`.
 *
 * Source: the evaluation that DeepSeekMath (arXiv 2402.03300) published: at most two programs, 50 + 50 characters.
 *
 * @module
 */
import { checkWhole } from "./check.ts";
import { lastProgram, truncateOutput } from "./text.ts";

/** One continuation: new tokens only, and their log-probabilities if the sampler has them. */
export interface SampledTokens {
  readonly tokens: Int32Array;
  readonly logProbs?: Float32Array;
  /** `"length"` if the limit came first. Default `"stop"`. */
  readonly finishReason?: "stop" | "length";
}

/**
 * Continues each sequence once. It may stop at ```` ```output ````, which saves work; what it samples beyond is dropped.
 * `round` counts from 0, so that each has random numbers of its own.
 */
export type SampleTokens = (
  sequences: readonly Int32Array[],
  options: { readonly maxNewTokens: number; readonly round: number; readonly signal?: AbortSignal },
) => Promise<readonly SampledTokens[]>;

/** Options of {@linkcode toolLoop}. */
export interface ToolLoopOptions {
  /** The model. */
  sample: SampleTokens;
  /** The tokenizer, without special tokens. */
  encode(text: string): ArrayLike<number>;
  decode(tokens: Int32Array): string;
  /** Runs a program; {@linkcode Interpreter.run} does. */
  run(
    program: string,
    options: { signal?: AbortSignal },
  ): Promise<{ readonly output: string; readonly error?: string }>;
  /** Tokens that may follow a prompt, the tools' included. */
  maxNewTokens: number;
  /** Programs run for one prompt. Default 2. */
  rounds?: number;
  /** Characters kept of each end of a longer output. Default 50. */
  outputEnds?: number;
  /** The text at which a program is run. Default ```` "```output" ````. */
  marker?: string;
  signal?: AbortSignal;
}

/** A program that was run. */
export interface ToolCall {
  readonly program: string;
  /** As the model saw it. */
  readonly shown: string;
  readonly error?: string;
}

/** What followed one prompt. */
export interface ToolTrajectory {
  /** All new tokens, the model's and the tools'. */
  readonly tokens: Int32Array;
  /** For each token 1 if the model wrote it, 0 if a tool did: what is 0 is not trained on. */
  readonly mask: Uint8Array;
  /** For each token, 0 for the tools'; present if the sampler gives them. */
  readonly logProbs?: Float32Array;
  readonly calls: readonly ToolCall[];
  /** `"rounds"`: it asked for one program more than it may run. */
  readonly finishReason: "stop" | "length" | "rounds";
}

interface State {
  tokens: number[];
  mask: number[];
  logProbs: number[] | undefined;
  calls: ToolCall[];
  finishReason: ToolTrajectory["finishReason"] | undefined;
}

/**
 * Samples one continuation of each prompt, with tools.
 *
 * @param prompts Token ids; list a prompt several times for several samples.
 * @throws {RangeError} If an option is out of range, or the sampler gives another number of continuations.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * const encode = (text: string) => Int32Array.from(text, (c) => c.charCodeAt(0));
 * const decode = (ids: Int32Array) => String.fromCharCode(...ids);
 * const script = ["```python\nprint(2 + 3)\n```\n```output", "So it is 5."]; // what this "model" says in each round
 * const [{ tokens, mask }] = await toolLoop([encode("What is 2 + 3?\n")], {
 *   sample: async (sequences, { round }) => sequences.map(() => ({ tokens: encode(script[round]) })),
 *   encode,
 *   decode,
 *   run: async () => ({ output: "5\n" }), // or an interpreter's `run`
 *   maxNewTokens: 100,
 * });
 * deepEqual(decode(tokens), "```python\nprint(2 + 3)\n```\n```output\n5\n```\nSo it is 5.");
 * deepEqual(decode(tokens.filter((_, i) => mask[i] === 0)), "\n5\n```\n");
 * ```
 */
export async function toolLoop(prompts: readonly Int32Array[], options: ToolLoopOptions): Promise<ToolTrajectory[]> {
  const { sample, maxNewTokens, rounds = 2, outputEnds = 50, marker = "```output", signal } = options;
  checkWhole("Cannot sample with tools", "maxNewTokens", maxNewTokens, 1);
  checkWhole("Cannot sample with tools", "rounds", rounds, 0);
  checkWhole("Cannot sample with tools", "outputEnds", outputEnds, 0);
  if (marker === "") throw new RangeError("Cannot sample with tools: marker must have a character, found none");

  const states = prompts.map(
    (): State => ({ tokens: [], mask: [], logProbs: undefined, calls: [], finishReason: undefined }),
  );
  let open = states.map((state, i) => ({ state, prompt: prompts[i] }));
  for (let round = 0; open.length > 0; round++) {
    signal?.throwIfAborted();
    const sampled = await sample(
      open.map(({ state, prompt }) => joined(prompt, state.tokens)),
      { maxNewTokens: Math.max(...open.map(({ state }) => maxNewTokens - state.tokens.length)), round, signal },
    );
    if (sampled.length !== open.length)
      throw new RangeError(
        `Cannot sample with tools: sample must give ${open.length} continuations, found ${sampled.length}`,
      );
    await Promise.all(
      open.map(async ({ state }, i) => {
        const rest = takeModel(state, sampled[i], { ...options, maxNewTokens, marker });
        if (rest === undefined) return;
        const program = lastProgram(
          options.decode(Int32Array.from(state.tokens)).split(marker).slice(0, -1).join(marker),
        );
        if (program === null || round >= rounds) {
          state.finishReason = program === null ? "stop" : "rounds";
          return;
        }
        const { output, error } = await options.run(program, { signal });
        const shown = truncateOutput((output + (error ?? "")).trim(), outputEnds);
        state.calls.push({ program, shown, error });
        takeTool(state, options.encode(`${rest.startsWith("\n") ? "" : "\n"}${shown}\n\`\`\`\n`), maxNewTokens);
      }),
    );
    open = open.filter(({ state }) => state.finishReason === undefined);
  }
  return states.map(({ tokens, mask, logProbs, calls, finishReason }) => ({
    tokens: Int32Array.from(tokens),
    mask: Uint8Array.from(mask),
    ...(logProbs && { logProbs: Float32Array.from(logProbs) }),
    calls,
    finishReason: finishReason!,
  }));
}

/**
 * Appends what the model wrote, up to the token that completes the marker.
 *
 * @returns What that token says beyond the marker; `undefined` if there is none, and the sequence is finished.
 */
function takeModel(
  state: State,
  { tokens, logProbs, finishReason = "stop" }: SampledTokens,
  { decode, maxNewTokens, marker }: Pick<ToolLoopOptions, "decode" | "maxNewTokens"> & { marker: string },
): string | undefined {
  const room = maxNewTokens - state.tokens.length;
  const given = tokens.subarray(0, room);
  const found = decode(given).includes(marker);
  let count = given.length;
  if (found) {
    let low = 1; // the least number of tokens whose text has the marker
    while (low < count) {
      const middle = (low + count) >> 1;
      if (decode(given.subarray(0, middle)).includes(marker)) count = middle;
      else low = middle + 1;
    }
  }
  if (logProbs) state.logProbs ??= new Array<number>(state.tokens.length).fill(0);
  for (let i = 0; i < count; i++) {
    state.tokens.push(given[i]);
    state.mask.push(1);
    state.logProbs?.push(logProbs?.[i] ?? 0);
  }
  if (!found) {
    state.finishReason = tokens.length > room ? "length" : finishReason;
    return undefined;
  }
  const text = decode(given.subarray(0, count));
  return text.slice(text.indexOf(marker) + marker.length);
}

function takeTool(state: State, tokens: ArrayLike<number>, maxNewTokens: number): void {
  if (state.tokens.length + tokens.length >= maxNewTokens) {
    state.finishReason = "length"; // the output does not fit with a token after it: it is left out
    return;
  }
  for (let i = 0; i < tokens.length; i++) {
    state.tokens.push(tokens[i]);
    state.mask.push(0);
    state.logProbs?.push(0);
  }
}

function joined(prompt: Int32Array, tokens: readonly number[]): Int32Array {
  const sequence = new Int32Array(prompt.length + tokens.length);
  sequence.set(prompt);
  sequence.set(tokens, prompt.length);
  return sequence;
}
