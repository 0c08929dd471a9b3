/**
 * The policy as users meet it: in a worker of its own, so that the thread that calls it stays live. It implements the
 * `Policy` interface of `@gradus/grpo`.
 *
 * @module
 */
import { type AdamWOptions, type AdamWReport, callback, type WorkerHandle } from "@gradus/autodiff";
import { type ExportOptions, writeExport } from "../export/directory.ts";
import { fromHuggingFace, type TransformerConfig, toHuggingFace, validateConfig } from "../files/config.ts";
import { loadCheckpoint, saveCheckpoint } from "../files/hf_checkpoint.ts";
import { fromHuggingFaceWeights, toHuggingFaceWeights, type Weights } from "../files/weights.ts";
import type { SegmentedBatch } from "../model/rows.ts";
import type { SampleProgress, SampleRequest } from "../sampling/sample.ts";
import type { Completion } from "../sampling/wave.ts";
import type { LogProbs, PolicyOptions, ScoreOptions } from "./core.ts";
import { startHost, workerBeside } from "./host.ts";
import type { PolicyState } from "./learner.ts";
import { layoutOf, totalSize, views } from "./parameters.ts";
import type { PolicyHost } from "./worker.ts";

const worker = workerBeside(import.meta.url);

/** Sampling as the main thread asks for it. */
export interface PolicySampleOptions extends SampleRequest {
  onProgress?: (progress: SampleProgress) => void;
  /** Aborting makes this call reject with the signal's reason, whether it runs or waits for its turn. */
  signal?: AbortSignal;
}

/** What {@linkcode TransformerPolicy.save} may add to a checkpoint. */
export interface SaveOptions {
  /** Default `"float32"`. */
  dtype?: "float32" | "float16" | "bfloat16";
  /** Further files by name, `tokenizer.json` say. */
  files?: Record<string, string | Uint8Array>;
}

/** A Llama-family model that can be sampled, scored, trained and saved. Made by {@linkcode createPolicy} or {@linkcode loadPolicy}. */
export class TransformerPolicy {
  readonly config: TransformerConfig;
  readonly #worker: WorkerHandle<PolicyHost>;
  #calls = 0;

  constructor(config: TransformerConfig, worker: WorkerHandle<PolicyHost>) {
    this.config = config;
    this.#worker = worker;
  }

  /** Samples completions, in order of prompt and sample. */
  async sample(
    prompts: readonly Int32Array[],
    { onProgress, signal, ...request }: PolicySampleOptions,
  ): Promise<Completion[]> {
    return await this.#abortable(signal, (call) =>
      this.#worker.remote.sample(prompts, request, onProgress && callback(onProgress), call),
    );
  }

  /** Log π(label) for every token of the batch, in nats; entropies if asked. 0 where the label is −100. */
  async logProbs(batch: SegmentedBatch, { signal, ...options }: ScoreOptions = {}): Promise<LogProbs> {
    return await this.#abortable(signal, (call) => this.#worker.remote.logProbs(batch, options, call));
  }

  /** Numbers a call, so that aborting its signal ends that call and no other. */
  async #abortable<T>(signal: AbortSignal | undefined, send: (call?: number) => Promise<T>): Promise<T> {
    if (!signal) return await send();
    signal.throwIfAborted();
    const call = ++this.#calls;
    // Where the policy is disposed of meanwhile, the call itself says so.
    const abort = () => void this.#worker.remote.abort(call).catch(() => {});
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await send(call);
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Adds Σ coefficient · ∇ log π(label) to the gradient. Returns the log-probabilities that it computed on the way. */
  async backward(
    batch: SegmentedBatch,
    coefficients: Float32Array,
    options: { temperature?: number } = {},
  ): Promise<LogProbs> {
    return await this.#worker.remote.backward(batch, coefficients, options);
  }

  /** Descends the accumulated gradient with AdamW and clears it. */
  async step(update: AdamWOptions): Promise<AdamWReport> {
    return await this.#worker.remote.step(update);
  }

  /** A copy of everything that training changes. */
  async state(): Promise<PolicyState> {
    return (await this.#worker.remote.state()) as PolicyState;
  }

  /** Takes over a state that {@linkcode state} gave. */
  async restore(state: PolicyState): Promise<void> {
    await this.#worker.remote.restore(state);
  }

  /** Copies of the weights, by our names. */
  async weights(): Promise<Weights> {
    return views((await this.state()).weights, layoutOf(this.config));
  }

  /** Writes a Hugging Face checkpoint: `config.json`, `model.safetensors`, `generation_config.json` and `files`. */
  async save(directory: string, { dtype = "float32", files = {} }: SaveOptions = {}): Promise<void> {
    await saveCheckpoint(directory, {
      config: toHuggingFace(this.config),
      tensors: toHuggingFaceWeights(this.config, await this.weights()),
      dtype,
      files,
    });
  }

  /**
   * Writes what transformers.js loads: `onnx/model.onnx`, `config.json`, `generation_config.json` and, with a tokenizer,
   * `tokenizer.json` and `tokenizer_config.json`. The directory is replaced as a whole. With `@huggingface/transformers`
   * load it with `{ dtype: "fp32" }`, with `@xenova/transformers` with `{ quantized: false, model_file_name: "model" }`.
   */
  async exportOnnx(directory: string, options: ExportOptions = {}): Promise<void> {
    await writeExport(directory, this.config, await this.#worker.remote.exportModel(), options);
  }

  /** Ends the worker and frees its memory. Calls under way and calls made afterwards reject with a `TypeError`. */
  async dispose(): Promise<void> {
    await this.#worker.terminate(new TypeError("Cannot use the policy: it has been disposed of"));
  }
}

/**
 * A policy with random weights; the seed decides them.
 *
 * ```ts
 * import { createPolicy } from "@gradus/transformer";
 * const policy = await createPolicy(
 *   {
 *     vocabSize: 258, hiddenSize: 32, layers: 1, heads: 2, keyValueHeads: 2, headSize: 16, intermediateSize: 64,
 *     ropeTheta: 10000, normEpsilon: 1e-6, tieEmbeddings: true, qkvBias: false, maxPositions: 128,
 *   },
 *   { seed: 1 },
 * );
 * const [completion] = await policy.sample([Int32Array.of(1, 2, 3)], { maxNewTokens: 4, seed: 1 });
 * console.log(completion.tokens.length); // 4
 * await policy.dispose();
 * ```
 */
export async function createPolicy(
  config: TransformerConfig,
  options: PolicyOptions & { seed: number },
): Promise<TransformerPolicy> {
  validateConfig(config);
  return new TransformerPolicy(config, await startHost<PolicyHost>(worker, (host) => host.create(config, options)));
}

/** The policy of a Hugging Face checkpoint: `config.json` with `model.safetensors` or its shards, in f32, f16 or bf16. */
export async function loadPolicy(directory: string, options: PolicyOptions = {}): Promise<TransformerPolicy> {
  const { config: json, tensors } = await loadCheckpoint(directory);
  const config = fromHuggingFace(json);
  const weights = fromHuggingFaceWeights(config, tensors);
  const layout = layoutOf(config);
  const flat = new Float32Array(totalSize(layout));
  for (const { name, offset } of layout) flat.set(weights[name], offset);
  return new TransformerPolicy(
    config,
    await startHost<PolicyHost>(worker, (host) => host.adopt(config, flat, options)),
  );
}
