// Native Sparse Attention as users hold it: checks what comes in, and hands it to the backend.
import type { Backend } from "./backend.ts";
import { checkBlocks, checkData, checkExtent, isArray } from "./check.ts";
import type {
  AttentionGradients,
  AttentionInput,
  AttentionOutput,
  BackendName,
  Compression,
  Data,
  DecodeInput,
  Extent,
  ForwardInput,
  Gradients,
  Half,
  Residuals,
  SparseCache,
} from "./contract.ts";
import type { Heads } from "./cpu/attention.ts";
import { widened } from "./half.ts";
import type { Layout, Pattern } from "./layout.ts";

/** Weights of φ by branch input. */
type Phi<D extends Data> = { keys?: Compression<D>; values?: Compression<D> };

/** Native Sparse Attention with its sizes and its backend chosen. Made by `createSparseAttention`. */
export class SparseAttention {
  /** What computes: "cpu", "webgpu" or "gpu.js". */
  readonly backend: BackendName;
  /** The device in its own words. */
  readonly device: string;
  readonly heads: Heads;
  readonly pattern: Pattern;
  readonly #backend: Backend;
  readonly #checkNumbers: boolean;
  readonly #made: WeakMap<Residuals, { tokens: number }> = new WeakMap();
  readonly #caches: WeakSet<SparseCache> = new WeakSet();
  #disposed = false;

  /** @ignore */
  constructor(backend: Backend, heads: Heads, pattern: Pattern, checkNumbers: boolean) {
    this.#backend = backend;
    this.backend = backend.name;
    this.device = backend.device;
    this.heads = heads;
    this.pattern = pattern;
    this.#checkNumbers = checkNumbers;
  }

  /**
   * o_t = Σ_branches gate · Attn(q_t, K, V), over compressed blocks, selected blocks and a window (arXiv 2502.11089,
   * equation 5).
   *
   * @returns `output` `[batch, time, queryHeads, valueDim]`, and residuals for `backward`
   * @throws RangeError, TypeError that name the argument, what was expected and what was found
   */
  async forward<D extends Data>(input: ForwardInput<D>): Promise<{ output: D; residuals: Residuals }> {
    const layout = this.#layout("forward", input);
    const { queryHeads, kvHeads, headDim, valueDim } = this.heads;
    const { tokens } = layout;
    for (const branch of ["compressed", "selected", "window"] as const) {
      this.#check("forward", `keys.${branch}`, input.keys?.[branch], tokens * kvHeads * headDim);
      this.#check("forward", `values.${branch}`, input.values?.[branch], tokens * kvHeads * valueDim);
    }
    this.#check("forward", "gates", input.gates, tokens * queryHeads * 3);
    this.#checkPhi("forward", input.compression);
    const { output, residuals } = await this.#backend.forward(this.#taken(input), layout);
    this.#made.set(residuals, { tokens });
    return { output: output as D, residuals };
  }

  /**
   * Gradients of everything that went into `forward`, from the gradient of its output. The choice of blocks has none:
   * φ learns through the compressed branch.
   */
  async backward<D extends Data>(residuals: Residuals, outputGradient: D): Promise<Gradients<D>> {
    this.#checkBackward("backward", residuals, outputGradient, residuals?.kind === "sparse");
    return (await this.#backend.backward(residuals, outputGradient)) as Gradients<D>;
  }

  /** Causal softmax attention over all earlier keys: the dense baseline, a flash kernel on WebGPU. */
  fullAttention<D extends Data>(input: AttentionInput<D>): Promise<AttentionOutput<D>> {
    return this.#attend("fullAttention", "full", input);
  }

  /** Softmax attention over the last w keys, [t − w + 1, t]. */
  slidingWindowAttention<D extends Data>(input: AttentionInput<D>): Promise<AttentionOutput<D>> {
    return this.#attend("slidingWindowAttention", "window", input);
  }

  /**
   * Softmax attention over the keys, up to the query's own, of chosen blocks.
   *
   * @param input `blocks` `[batch, time, kvHeads, n]`, any n, numbered from the segment's start, −1 for none. In an array
   * none may occur twice; of a buffer (with its n as `blockCount`) this is not checked, and such keys count twice.
   */
  async selectedAttention<D extends Data>(
    input: AttentionInput<D> & { blocks: Int32Array | GPUBuffer; blockCount?: number },
  ): Promise<AttentionOutput<D>> {
    const call = "selectedAttention";
    const layout = this.#layout(call, input);
    const rows = layout.tokens * this.heads.kvHeads;
    let { blocks, blockCount } = input;
    if (ArrayBuffer.isView(blocks) || this.backend !== "webgpu") {
      checkBlocks(call, blocks as Int32Array, this.heads.kvHeads, layout);
      blockCount = (blocks as Int32Array).length / rows;
    } else if (!Number.isInteger(blockCount) || blockCount! < 1)
      throw new RangeError(`Cannot compute ${call}: blockCount is ${blockCount}, expected a whole number ≥ 1`);
    return this.#attend(call, "selected", input, { blocks, blockCount });
  }

  /**
   * Softmax attention over the complete compressed blocks of the past, made from raw keys and values by φ. Queries that see
   * none get 0.
   */
  compressedAttention<D extends Data>(
    input: AttentionInput<D> & { compression?: Phi<D> },
  ): Promise<AttentionOutput<D>> {
    this.#checkPhi("compressedAttention", input?.compression);
    return this.#attend("compressedAttention", "compressed", input, { compression: input.compression });
  }

  /** Gradients of one attention's inputs, from its residuals and the gradient of its output. */
  async attentionBackward<D extends Data>(residuals: Residuals, outputGradient: D): Promise<AttentionGradients<D>> {
    this.#checkBackward("attentionBackward", residuals, outputGradient, residuals?.kind !== "sparse");
    return (await this.#backend.attendBackward(residuals, outputGradient)) as AttentionGradients<D>;
  }

  /**
   * Importance of each selection block: the probabilities of the compressed blocks in it, by overlap, summed over the query
   * heads of a group.
   *
   * @param input raw keys `[batch, time, kvHeads, headDim]` and φ's weights for them
   * @returns `[batch, time, kvHeads, blocks]`, blocks being ⌈longest segment / l'⌉; 0 for blocks after the query's own
   */
  async blockImportance<D extends Data>(
    input: Extent & { query: D | Half; keys: D | Half; compression?: Compression<D> },
  ): Promise<D> {
    const layout = this.#layout("blockImportance", input);
    const { kvHeads, headDim } = this.heads;
    this.#check("blockImportance", "keys", input.keys, layout.tokens * kvHeads * headDim);
    this.#checkPhi("blockImportance", { keys: input.compression });
    return (await this.#backend.importance(this.#taken(input), layout)) as D;
  }

  /**
   * The n blocks of each query: the first ones, its own and those before it, then the most important; of equals, the earlier.
   *
   * @param input `importance` as `blockImportance` returns it, and the same extent (`time` is needed)
   * @returns `[batch, time, kvHeads, n]` in ascending order, then −1
   */
  async selectBlocks(input: Extent & { importance: Float32Array }): Promise<Int32Array>;
  async selectBlocks(input: Extent & { importance: GPUBuffer }): Promise<GPUBuffer>;
  async selectBlocks(input: Extent & { importance: Data }): Promise<Int32Array | GPUBuffer> {
    this.#alive();
    const layout = checkExtent(
      "selectBlocks",
      { ...input, query: undefined as unknown as Data },
      this.heads,
      this.pattern,
    );
    const length = layout.tokens * this.heads.kvHeads * layout.selectionBlocks;
    this.#check("selectBlocks", "importance", input.importance, length);
    return this.#backend.select(input.importance, layout);
  }

  /**
   * An empty cache for `decode`.
   *
   * @param sizes `batch` rows (default 1) of up to `capacity` tokens; φ's weights, which stay as they are now
   */
  async createCache<D extends Data>(sizes: {
    batch?: number;
    capacity: number;
    compression?: Phi<D>;
  }): Promise<SparseCache> {
    this.#alive();
    const { batch = 1, capacity, compression } = sizes ?? {};
    for (const [name, value] of Object.entries({ batch, capacity }))
      if (!Number.isInteger(value) || value < 1)
        throw new RangeError(`Cannot create a cache: ${name} is ${value}, expected a whole number ≥ 1`);
    this.#checkPhi("a cache", compression);
    const cache = await this.#backend.createCache(batch, capacity, compression);
    this.#caches.add(cache);
    return cache;
  }

  /** Appends `time` tokens (default 1) to each row of a cache without attending: the prompt, `[batch, time, kvHeads, …]`. */
  async append<D extends Data>(
    cache: SparseCache,
    tokens: Pick<DecodeInput<D>, "keys" | "values">,
    time: number = 1,
  ): Promise<void> {
    this.#checkAppend("append", cache, tokens, time);
    await this.#backend.append(cache, this.#taken(tokens), time);
  }

  /**
   * One token of each row: appends its keys and values, and the compressed blocks that they complete, then attends. The same
   * row as `forward` gives for the whole.
   *
   * @returns `[batch, queryHeads, valueDim]`
   */
  async decode<D extends Data>(step: DecodeInput<D>, cache: SparseCache): Promise<D> {
    this.#checkAppend("decode", cache, step, 1);
    const { queryHeads, headDim } = this.heads;
    this.#check("decode", "query", step.query, cache.batch * queryHeads * headDim);
    this.#check("decode", "gates", step.gates, cache.batch * queryHeads * 3);
    const { query, gates, ...tokens } = this.#taken(step);
    await this.#backend.append(cache, tokens, 1);
    return (await this.#backend.attendLast(cache, query, gates)) as D;
  }

  #checkAppend(call: string, cache: SparseCache, tokens: Pick<DecodeInput, "keys" | "values">, time: number): void {
    this.#alive();
    if (!cache || !this.#caches.has(cache))
      throw new TypeError(`Cannot compute ${call}: cache is not of this sparse attention`);
    if (!Number.isInteger(time) || time < 1)
      throw new RangeError(`Cannot compute ${call}: time is ${time}, expected a whole number ≥ 1`);
    if (cache.length + time > cache.capacity)
      throw new RangeError(
        `Cannot compute ${call}: the cache holds ${cache.length} of ${cache.capacity} tokens, ${time} more do not fit`,
      );
    const { kvHeads, headDim, valueDim } = this.heads;
    for (const branch of ["compressed", "selected", "window"] as const) {
      this.#check(call, `keys.${branch}`, tokens.keys?.[branch], cache.batch * time * kvHeads * headDim);
      this.#check(call, `values.${branch}`, tokens.values?.[branch], cache.batch * time * kvHeads * valueDim);
    }
  }

  /** Frees the device (unless it was given) and everything kept on it. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#backend.dispose();
  }

  async #attend<D extends Data>(
    call: string,
    kind: "full" | "window" | "selected" | "compressed",
    input: AttentionInput<D>,
    more: { blocks?: Int32Array | GPUBuffer; blockCount?: number; compression?: Phi<D> } = {},
  ): Promise<AttentionOutput<D>> {
    const layout = this.#layout(call, input);
    const { kvHeads, headDim, valueDim } = this.heads;
    this.#check(call, "keys", input.keys, layout.tokens * kvHeads * headDim);
    this.#check(call, "values", input.values, layout.tokens * kvHeads * valueDim);
    const result = await this.#backend.attend(this.#taken(input), { kind, layout, ...more });
    this.#made.set(result.residuals, { tokens: layout.tokens });
    return result as AttentionOutput<D>;
  }

  #alive(): void {
    if (this.#disposed) throw new Error("Cannot compute: this sparse attention has been disposed of");
  }

  /** What the backend takes: only WebGPU reads float16. */
  #taken<T extends object>(input: T): T {
    return this.backend === "webgpu" ? input : widened(input);
  }

  #layout(call: string, input: Extent & { query: Data | Half }): Layout {
    this.#alive();
    if (!input || typeof input !== "object")
      throw new TypeError(`Cannot compute ${call}: input is ${input}, expected an object`);
    if (input.query === undefined) throw new TypeError(`Cannot compute ${call}: query is missing`);
    const layout = checkExtent(call, input, this.heads, this.pattern);
    this.#check(call, "query", input.query, layout.tokens * this.heads.queryHeads * this.heads.headDim);
    return layout;
  }

  #check(call: string, name: string, data: Data | Half, length: number): void {
    checkData(call, name, data, length, { buffers: this.backend === "webgpu", checkNumbers: this.#checkNumbers });
  }

  #checkPhi(call: string, compression: Phi<Data> = {}): void {
    const { kvHeads, headDim, valueDim } = this.heads;
    const l = this.pattern.compressionBlock;
    for (const [kind, dim] of [
      ["keys", headDim],
      ["values", valueDim],
    ] as const) {
      const weights = compression[kind];
      if (!weights) continue;
      const hidden = isArray(weights.bias1) ? weights.bias1.length : weights.bias1?.size / 4;
      const sizes = {
        position: l * kvHeads * dim,
        bias1: hidden,
        weight1: l * dim * hidden,
        weight2: hidden * dim,
        bias2: dim,
      };
      for (const [name, length] of Object.entries(sizes))
        this.#check(call, `compression.${kind}.${name}`, weights[name as "bias1"], length);
    }
  }

  #checkBackward(call: string, residuals: Residuals, outputGradient: Data, fitting: boolean): void {
    this.#alive();
    const made = residuals && this.#made.get(residuals);
    if (!made || !fitting)
      throw new TypeError(
        `Cannot compute ${call}: residuals are ${made ? `those of ${residuals.kind} attention` : "not of this sparse attention"}`,
      );
    const { queryHeads, valueDim } = this.heads;
    this.#check(call, "outputGradient", outputGradient, made.tokens * queryHeads * valueDim);
  }
}
