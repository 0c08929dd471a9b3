// What a backend computes, after the door has checked it.
import type {
  AttentionGradients,
  AttentionInput,
  AttentionOutput,
  BackendName,
  Compression,
  Data,
  DecodeInput,
  ForwardInput,
  Gradients,
  Half,
  Residuals,
  SparseCache,
} from "./contract.ts";
import type { Layout } from "./layout.ts";

/** One attention: which keys are seen, and by what. */
export interface Request {
  kind: "full" | "window" | "selected" | "compressed";
  layout: Layout;
  /** For "selected". */
  blocks?: Int32Array | GPUBuffer;
  blockCount?: number;
  /** For "compressed". */
  compression?: { keys?: Compression<Data>; values?: Compression<Data> };
}

/** What the door hands on; float16 only to "webgpu". */
export interface Backend {
  readonly name: BackendName;
  /** What computes, in its own words. */
  readonly device: string;
  forward(input: ForwardInput, layout: Layout): Promise<{ output: Data; residuals: Residuals }>;
  backward(residuals: Residuals, outputGradient: Data): Promise<Gradients>;
  attend(input: AttentionInput, request: Request): Promise<AttentionOutput>;
  attendBackward(residuals: Residuals, outputGradient: Data): Promise<AttentionGradients>;
  /** Importance of the blocks, of raw keys with φ. */
  importance(
    input: { query: Data | Half; keys: Data | Half; compression?: Compression<Data> },
    layout: Layout,
  ): Promise<Data>;
  select(importance: Data, layout: Layout): Promise<Int32Array | GPUBuffer>;
  createCache(batch: number, capacity: number, compression: Request["compression"]): Promise<SparseCache>;
  append(cache: SparseCache, tokens: Pick<DecodeInput, "keys" | "values">, time: number): Promise<void>;
  /** Attention of each row's last token. */
  attendLast(cache: SparseCache, query: Data | Half, gates: Data): Promise<Data>;
  dispose(): void | Promise<void>;
}
