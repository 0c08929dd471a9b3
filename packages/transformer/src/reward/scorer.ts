/**
 * A reward model's engine: the decoder with a value head, in a worker of its own. It implements the `Scorer` interface of
 * `@gradus/reward-model`.
 *
 * @module
 */
import type { AdamWOptions, AdamWReport, WorkerHandle } from "@gradus/autodiff";
import { fromHuggingFace, type TransformerConfig, toHuggingFace, validateConfig } from "../files/config.ts";
import { loadCheckpoint, saveCheckpoint } from "../files/hf_checkpoint.ts";
import { fromHuggingFaceWeights, toHuggingFaceWeights, type Weights } from "../files/weights.ts";
import type { PolicyOptions } from "../policy/core.ts";
import { startHost, workerBeside } from "../policy/host.ts";
import type { PolicyState } from "../policy/learner.ts";
import { views } from "../policy/parameters.ts";
import type { SaveOptions } from "../policy/policy.ts";
import type { ScoreBatch } from "./core.ts";
import { headless, scorerLayout, VALUE_HEAD } from "./value_model.ts";
import type { ScorerHost } from "./worker.ts";

/** What Hugging Face calls the value head, [1, D]. */
const SCORE_WEIGHT = "score.weight";

/** A Llama-family model that gives scores, the logits of probabilities, at places of sequences. */
export class TransformerScorer {
  readonly config: TransformerConfig;
  readonly #worker: WorkerHandle<ScorerHost>;

  constructor(config: TransformerConfig, worker: WorkerHandle<ScorerHost>) {
    this.config = headless(config);
    this.#worker = worker;
  }

  /** The score at every place: of the end of a solution, or of each of its steps. */
  async score(batch: ScoreBatch): Promise<Float32Array> {
    return await this.#worker.remote.score(batch);
  }

  /** Adds Σ coefficient · ∇ score to the gradient. Returns the scores that it computed on the way. */
  async backward(batch: ScoreBatch, coefficients: Float32Array): Promise<Float32Array> {
    return await this.#worker.remote.backward(batch, coefficients);
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

  /** Copies of the weights by name; the value head is `valueHead`. */
  async weights(): Promise<Weights> {
    return views((await this.state()).weights, scorerLayout(this.config));
  }

  /**
   * Writes a Hugging Face checkpoint of a sequence classifier with one label (`LlamaForSequenceClassification`,
   * `score.weight`).
   */
  async save(directory: string, { dtype = "float32", files = {} }: SaveOptions = {}): Promise<void> {
    const { [VALUE_HEAD]: head, ...weights } = await this.weights();
    const config = toHuggingFace(this.config);
    const [architecture] = config.architectures as string[];
    const score = { shape: [1, head.length], data: head };
    await saveCheckpoint(directory, {
      config: { ...config, architectures: [architecture.replace("CausalLM", "SequenceClassification")], num_labels: 1 },
      tensors: { ...toHuggingFaceWeights(this.config, weights), [SCORE_WEIGHT]: score },
      dtype,
      files,
    });
  }

  /** Ends the worker and frees its memory. Calls under way and calls made afterwards reject with a `TypeError`. */
  async dispose(): Promise<void> {
    await this.#worker.terminate(new TypeError("Cannot use the scorer: it has been disposed of"));
  }
}

async function start(
  config: TransformerConfig,
  from: Weights | number,
  options: PolicyOptions,
): Promise<TransformerScorer> {
  const worker = await startHost<ScorerHost>(workerBeside(import.meta.url), (host) => host.make(config, from, options));
  return new TransformerScorer(config, worker);
}

/**
 * A scorer with random weights by a seed, or with those of a policy (`await policy.weights()`). Its value head begins at
 * 0: every score is 0, every probability 1/2.
 *
 * ```ts
 * import { createScorer } from "@gradus/transformer/reward";
 *
 * const scorer = await createScorer(
 *   {
 *     vocabSize: 258, hiddenSize: 32, layers: 1, heads: 2, keyValueHeads: 2, headSize: 16, intermediateSize: 64,
 *     ropeTheta: 10000, normEpsilon: 1e-6, tieEmbeddings: true, qkvBias: false, maxPositions: 128,
 *   },
 *   { seed: 1 },
 * );
 * const tokens = Int32Array.of(5, 6, 7);
 * const sequence = { tokens, positions: Int32Array.of(0, 1, 2), segments: Int32Array.of(0, 3) };
 * const scores = await scorer.score({ ...sequence, places: Int32Array.of(2) });
 * console.log(scores); // [0]
 * await scorer.dispose();
 * ```
 */
export async function createScorer(
  config: TransformerConfig,
  { seed, weights, ...options }: PolicyOptions & { seed?: number; weights?: Weights },
): Promise<TransformerScorer> {
  validateConfig(config);
  if (seed === undefined && weights === undefined)
    throw new TypeError("Cannot make scorer: expected a seed or the weights of a policy, found neither");
  return await start(config, weights ?? (seed as number), options);
}

/** The scorer of a checkpoint that {@linkcode TransformerScorer.save} wrote, or, with a value head of 0, of a policy's. */
export async function loadScorer(directory: string, options: PolicyOptions = {}): Promise<TransformerScorer> {
  const { config: json, tensors } = await loadCheckpoint(directory);
  const { [SCORE_WEIGHT]: score, ...rest } = tensors;
  const named = json.architectures;
  const architectures = Array.isArray(named)
    ? named.map((name) => String(name).replace("SequenceClassification", "CausalLM"))
    : named;
  const config = fromHuggingFace({ ...json, architectures });
  if (score && score.data.length !== config.hiddenSize) {
    throw new RangeError(
      `Cannot load a scorer from ${directory}: ${SCORE_WEIGHT} must have the shape [1, ${config.hiddenSize}], found [${score.shape.join(", ")}]`,
    );
  }
  const weights = fromHuggingFaceWeights(config, rest);
  return await start(config, score ? { ...weights, [VALUE_HEAD]: score.data } : weights, options);
}
