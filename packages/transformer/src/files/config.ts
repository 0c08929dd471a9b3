/**
 * What a model looks like (`TransformerConfig`), and its translation to and from Hugging Face's `config.json`
 * for the architectures that this package computes: `LlamaForCausalLM`, `Qwen2ForCausalLM`, and one of its own with
 * sparse attention.
 *
 * The first two differ in one thing: Qwen2 adds a bias to the query, key and value projections. Everything else that a
 * `config.json` may ask for and that this package does not compute is refused by name, never silently ignored.
 */
import { checkSparsity, isSparse, type Sparsity, sparsityFromJson, sparsityToJson } from "./sparsity.ts";

/** The architecture of a Llama-family decoder. All sizes are counts, all token fields are ids. */
export interface TransformerConfig {
  /** Rows of the embedding. */
  vocabSize: number;
  /** Width of the residual stream. */
  hiddenSize: number;
  /** Number of decoder blocks. */
  layers: number;
  /** Query heads. */
  heads: number;
  /** Key and value heads; divides `heads` (grouped-query attention). */
  keyValueHeads: number;
  /** Width of one head; even, because rotary embedding turns pairs. */
  headSize: number;
  /** Width of the SwiGLU. */
  intermediateSize: number;
  /** Base of the rotary frequencies, θ in θ^(−2i/headSize). */
  ropeTheta: number;
  /** ε of RMSNorm: x / √(mean(x²) + ε). */
  normEpsilon: number;
  /** Whether the output head is the embedding transposed. */
  tieEmbeddings: boolean;
  /** Whether the query, key and value projections have a bias (Qwen2). */
  qkvBias: boolean;
  /** Longest sequence that the model was made for. */
  maxPositions: number;
  bosToken?: number;
  eosToken?: number;
  /** Further ids that end a completion, where a `config.json` lists several (Llama 3 does). */
  otherEosTokens?: number[];
  padToken?: number;
  /** `"nsa"`: Native Sparse Attention (arXiv 2502.11089), three branches with keys and values of their own. Default `"full"`. */
  attention?: "full" | "nsa";
  /** The sizes of `"nsa"`; those left out have the paper's defaults. */
  sparsity?: Sparsity;
}

/** The architecture that sparse models are saved as: nobody else's file has it. */
const SPARSE = "NativeSparseLlamaForCausalLM";

const sizes = [
  "vocabSize",
  "hiddenSize",
  "layers",
  "heads",
  "keyValueHeads",
  "headSize",
  "intermediateSize",
  "maxPositions",
] as const;

/**
 * Check that a configuration can be built.
 *
 * @param config The configuration to check.
 * @returns The same object.
 * @throws {RangeError} Naming the field, what was expected and what was found.
 *
 * @example Heads must come in equal groups
 * ```ts
 * import { validateConfig } from "@gradus/transformer";
 * import { throws } from "node:assert/strict";
 *
 * throws(() => validateConfig({
 *   vocabSize: 258, hiddenSize: 64, layers: 2, heads: 4, keyValueHeads: 3, headSize: 16, intermediateSize: 128,
 *   ropeTheta: 10000, normEpsilon: 1e-6, tieEmbeddings: true, qkvBias: false, maxPositions: 512,
 * }), /heads/);
 * ```
 */
export function validateConfig(config: TransformerConfig): TransformerConfig {
  const fail = (field: string, expected: string, found: unknown): never => {
    throw new RangeError(
      `Cannot use the transformer configuration: ${field} must be ${expected}, found ${show(found)}`,
    );
  };
  if (typeof config !== "object" || config === null) fail("config", "an object", config);
  for (const field of sizes) {
    if (!Number.isSafeInteger(config[field]) || config[field] < 1) fail(field, "a positive integer", config[field]);
  }
  if (config.heads % config.keyValueHeads !== 0) {
    fail("heads", `a multiple of keyValueHeads (${config.keyValueHeads})`, config.heads);
  }
  if (config.headSize % 2 !== 0) fail("headSize", "even (rotary embedding turns pairs)", config.headSize);
  for (const field of ["ropeTheta", "normEpsilon"] as const) {
    if (!Number.isFinite(config[field]) || config[field] <= 0) fail(field, "a positive number", config[field]);
  }
  for (const field of ["tieEmbeddings", "qkvBias"] as const) {
    if (typeof config[field] !== "boolean") fail(field, "true or false", config[field]);
  }
  checkSparsity(config, fail);
  const token = (field: string, id: unknown): void => {
    if (!Number.isSafeInteger(id) || (id as number) < 0 || (id as number) >= config.vocabSize) {
      fail(field, `a token id below vocabSize (${config.vocabSize})`, id);
    }
  };
  for (const field of ["bosToken", "eosToken", "padToken"] as const) {
    if (config[field] !== undefined) token(field, config[field]);
  }
  if (config.otherEosTokens !== undefined) {
    if (!Array.isArray(config.otherEosTokens)) fail("otherEosTokens", "an array of token ids", config.otherEosTokens);
    if (config.eosToken === undefined) fail("otherEosTokens", "absent without eosToken", config.otherEosTokens);
    for (const [i, id] of config.otherEosTokens.entries()) token(`otherEosTokens[${i}]`, id);
  }
  return config;
}

/**
 * Translate a Hugging Face `config.json`.
 *
 * Absent fields take Hugging Face's defaults: `num_key_value_heads` = heads, `head_dim` = hidden / heads,
 * `rope_theta` 10,000, `rms_norm_eps` 1e-6, untied embeddings, 2,048 positions (Qwen2: 32,768). Settings without
 * a bearing on the function computed here (dropout, initialiser, `torch_dtype`, cache) are passed over.
 *
 * @param json The parsed file.
 * @returns The validated configuration.
 * @throws {TypeError} Where a field is missing or has another type than expected.
 * @throws {RangeError} Where a value is out of range, or the file asks for a feature that is not computed here
 *   (other architectures, scaled rotary embedding, sliding windows, biases elsewhere, other activations, quantised
 *   weights); the message names the field.
 *
 * @example
 * ```ts
 * import { fromHuggingFace } from "@gradus/transformer";
 * import { equal } from "node:assert/strict";
 *
 * const config = fromHuggingFace({
 *   architectures: ["LlamaForCausalLM"], vocab_size: 32000, hidden_size: 288, num_hidden_layers: 6,
 *   num_attention_heads: 6, intermediate_size: 768, max_position_embeddings: 256,
 * });
 * equal(config.headSize, 48);
 * ```
 */
export function fromHuggingFace(json: Record<string, unknown>): TransformerConfig {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new TypeError(`Cannot read config.json: expected an object, found ${show(json)}`);
  }
  const architecture = architectureOf(json);
  const qwen = architecture === "Qwen2ForCausalLM";
  const sparse = architecture === SPARSE;

  const number = (field: string, otherwise?: number): number => {
    const value = json[field] ?? otherwise;
    if (typeof value !== "number") throw wrongType(field, "a number", json[field]);
    return value;
  };
  const heads = number("num_attention_heads");
  const hiddenSize = number("hidden_size");
  const layers = number("num_hidden_layers");
  const maxPositions = number("max_position_embeddings", qwen ? 32768 : 2048);
  const tied = json.tie_word_embeddings ?? false;
  if (typeof tied !== "boolean") throw wrongType("tie_word_embeddings", "true or false", tied);
  refuseWhatIsNotComputed(json, qwen || sparse, layers, maxPositions);

  const config: TransformerConfig = {
    vocabSize: number("vocab_size"),
    hiddenSize,
    layers,
    heads,
    keyValueHeads: number("num_key_value_heads", heads),
    headSize: number("head_dim", hiddenSize / heads),
    intermediateSize: number("intermediate_size"),
    ropeTheta: ropeTheta(json),
    normEpsilon: number("rms_norm_eps", 1e-6),
    tieEmbeddings: tied,
    qkvBias: sparse ? json.attention_bias === true : qwen,
    maxPositions,
    ...(sparse ? { attention: "nsa", sparsity: sparsityFromJson((field) => number(field)) } : {}),
  };
  const [bos] = tokens(json, "bos_token_id");
  const [eos, ...otherEos] = tokens(json, "eos_token_id");
  const [pad] = tokens(json, "pad_token_id");
  if (bos !== undefined) config.bosToken = bos;
  if (eos !== undefined) config.eosToken = eos;
  if (otherEos.length > 0) config.otherEosTokens = otherEos;
  if (pad !== undefined) config.padToken = pad;
  return validateConfig(config);
}

/**
 * The `config.json` of a configuration: `Qwen2ForCausalLM` if it has a query-key-value bias, else `LlamaForCausalLM`;
 * with sparse attention `NativeSparseLlamaForCausalLM`, which nobody else's library knows.
 * `fromHuggingFace(toHuggingFace(config))` equals `config`, all sizes of the sparse attention written out.
 *
 * @param config The configuration.
 * @returns A new object, ready for `JSON.stringify`.
 * @throws {RangeError} If the configuration is not valid.
 *
 * @example
 * ```ts
 * import { toHuggingFace } from "@gradus/transformer";
 * import { deepEqual } from "node:assert/strict";
 *
 * const json = toHuggingFace({
 *   vocabSize: 258, hiddenSize: 64, layers: 2, heads: 4, keyValueHeads: 2, headSize: 16, intermediateSize: 128,
 *   ropeTheta: 10000, normEpsilon: 1e-6, tieEmbeddings: true, qkvBias: true, maxPositions: 512,
 * });
 * deepEqual(json.architectures, ["Qwen2ForCausalLM"]);
 * ```
 */
export function toHuggingFace(config: TransformerConfig): Record<string, unknown> {
  validateConfig(config);
  const { bosToken, eosToken, otherEosTokens = [], padToken } = config;
  const sparse = isSparse(config);
  return {
    architectures: [sparse ? SPARSE : config.qkvBias ? "Qwen2ForCausalLM" : "LlamaForCausalLM"],
    model_type: sparse ? "native_sparse_llama" : config.qkvBias ? "qwen2" : "llama",
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyValueHeads,
    head_dim: config.headSize,
    intermediate_size: config.intermediateSize,
    hidden_act: "silu",
    max_position_embeddings: config.maxPositions,
    rope_theta: config.ropeTheta,
    rope_scaling: null,
    rms_norm_eps: config.normEpsilon,
    tie_word_embeddings: config.tieEmbeddings,
    ...(config.qkvBias && !sparse
      ? { use_sliding_window: false }
      : { attention_bias: config.qkvBias, mlp_bias: false }),
    ...(sparse ? sparsityToJson(config) : {}),
    attention_dropout: 0,
    use_cache: true,
    // Written even where absent: Hugging Face's own defaults (1 and 2 for Llama) would step in otherwise.
    bos_token_id: bosToken ?? null,
    eos_token_id: eosToken === undefined ? null : otherEosTokens.length > 0 ? [eosToken, ...otherEosTokens] : eosToken,
    pad_token_id: padToken ?? null,
  };
}

function architectureOf(json: Record<string, unknown>): string {
  const named = json.architectures;
  if (named !== undefined && named !== null) {
    const first = Array.isArray(named) ? named[0] : named;
    if (first === "LlamaForCausalLM" || first === "Qwen2ForCausalLM" || first === SPARSE) return first;
    throw unsupported("architectures", `["LlamaForCausalLM"] or ["Qwen2ForCausalLM"]`, named);
  }
  if (json.model_type === "llama") return "LlamaForCausalLM";
  if (json.model_type === "qwen2") return "Qwen2ForCausalLM";
  throw unsupported("model_type", `"llama" or "qwen2"`, json.model_type);
}

/** Refuse every setting that changes the function and is not implemented. */
function refuseWhatIsNotComputed(
  json: Record<string, unknown>,
  mayHaveBias: boolean,
  layers: number,
  maxPositions: number,
): void {
  const only = (field: string, allowed: unknown[], expected: string): void => {
    const value = json[field] ?? null;
    if (value !== null && !allowed.includes(value)) throw unsupported(field, expected, value);
  };
  only("hidden_act", ["silu", "swish"], `"silu"`);
  only("mlp_bias", [false], "false");
  only("partial_rotary_factor", [1], "1");
  only("quantization_config", [], "absent (store the weights as float32, float16 or bfloat16)");
  // Llama's attention_bias also adds one to the output projection; Qwen2's three biases are always there.
  if (!mayHaveBias) only("attention_bias", [false], "false");

  for (const field of ["rope_scaling", "rope_parameters"]) {
    const rope = json[field] ?? null;
    if (rope === null) continue;
    if (typeof rope !== "object") throw wrongType(field, "an object or null", rope);
    const { rope_type, type, partial_rotary_factor } = rope as Record<string, unknown>;
    if ((rope_type ?? type ?? "default") !== "default") throw unsupported(field, `null or of type "default"`, rope);
    if ((partial_rotary_factor ?? 1) !== 1)
      throw unsupported(`${field}.partial_rotary_factor`, "1", partial_rotary_factor);
  }

  if (Array.isArray(json.layer_types)) {
    const other = json.layer_types.find((kind) => kind !== "full_attention");
    if (other !== undefined) throw unsupported("layer_types", `"full_attention" throughout`, other);
  } else if (json.use_sliding_window === true) {
    // Qwen2 slides only in the layers from max_window_layers (default 28) on; a window past the end changes nothing.
    const window = typeof json.sliding_window === "number" ? json.sliding_window : 4096;
    const first = typeof json.max_window_layers === "number" ? json.max_window_layers : 28;
    if (first < layers && window < maxPositions) throw unsupported("use_sliding_window", "false", true);
  }
}

/** `rope_theta` at the top (transformers 4) or inside `rope_parameters` (transformers 5); 10,000 if in neither. */
function ropeTheta(json: Record<string, unknown>): number {
  const nested = (json.rope_parameters as Record<string, unknown> | null | undefined)?.rope_theta;
  const value = json.rope_theta ?? nested ?? 10000;
  if (typeof value !== "number") throw wrongType("rope_theta", "a number", value);
  return value;
}

/** A token field as a list: absent, null and −1 (old Llama files' "no padding") mean none. */
function tokens(json: Record<string, unknown>, field: string): number[] {
  const value = json[field] ?? [];
  const ids = Array.isArray(value) ? value : [value];
  for (const id of ids) if (typeof id !== "number") throw wrongType(field, "a token id or a list of them", value);
  return ids.filter((id) => id !== -1);
}

function wrongType(field: string, expected: string, found: unknown): TypeError {
  return new TypeError(`Cannot read config.json: ${field} must be ${expected}, found ${show(found)}`);
}

function unsupported(field: string, expected: string, found: unknown): RangeError {
  return new RangeError(`Cannot read config.json: ${field} must be ${expected}, found ${show(found)}`);
}

function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
