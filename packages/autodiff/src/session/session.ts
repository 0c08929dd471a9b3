/**
 * Runs ONNX models. `run` blocks the thread it is called on while the graph runs; see `worker.ts` for keeping the main
 * thread live.
 *
 * @module
 */
import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { DType } from "../ir/tensor.ts";
import { defaultThreads, loadRuntime, type Runtime } from "./runtime.ts";

/** Flat row-major numbers with their shape. */
export interface TensorData<T extends NumericArray = NumericArray> {
  readonly data: T;
  readonly shape: readonly number[];
  /** Default: what the array's type says. `Uint8Array` stands for `"uint8"` unless told `"bool"`. */
  readonly dtype?: DType;
}
/** Arrays that tensors are made of. */
export type NumericArray = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | Uint16Array;

/** Where a graph runs. */
export type Device = "cpu" | "webgpu";

/** Options of {@linkcode openSession}. */
export interface SessionOptions {
  /** Default `"cpu"`. */
  device?: Device;
  /** Threads within one operator. Default: one for each core. */
  threads?: number;
  /** Default `"all"`; lower levels compile faster. */
  optimization?: "disabled" | "basic" | "extended" | "all";
  /** Let idle threads wait by spinning instead of sleeping. Default false. */
  spinning?: boolean;
  /** Write ONNX Runtime's profile to files with this prefix. */
  profile?: string;
}

const DTYPES: readonly [abstract new (...a: never[]) => NumericArray, DType][] = [
  [Float32Array, "float32"],
  [Float64Array, "float64"],
  [Int32Array, "int32"],
  [BigInt64Array, "int64"],
  [Uint16Array, "float16"],
  [Uint8Array, "uint8"],
];

function dtypeOf({ data, dtype }: TensorData): DType {
  if (dtype) return dtype;
  for (const [type, name] of DTYPES) if (data instanceof type) return name;
  throw new TypeError(`Cannot feed a ${Object.prototype.toString.call(data)}: expected a typed array`);
}

/** A compiled model. Made by {@linkcode openSession}. */
export class Session {
  readonly #session: InferenceSession;
  readonly #runtime: Runtime;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];

  constructor(session: InferenceSession, runtime: Runtime) {
    this.#session = session;
    this.#runtime = runtime;
    this.inputs = session.inputNames;
    this.outputs = session.outputNames;
  }

  /**
   * Runs the model. `wanted` limits the outputs that are computed; default: all. Outputs named in `into` are written there
   * instead of into new memory, which costs less than it sounds: fresh pages are slow. Throws `TypeError` when an input is
   * missing or does not belong to the model, `RangeError` when data and shape disagree.
   */
  async run(
    feeds: Readonly<Record<string, TensorData>>,
    wanted?: readonly string[],
    into: Readonly<Record<string, TensorData>> = {},
  ): Promise<Record<string, Required<TensorData>>> {
    const tensors: Record<string, Tensor> = {};
    for (const name of this.inputs) {
      const feed = feeds[name];
      if (!feed) throw new TypeError(`Cannot run model: input "${name}" is missing`);
      tensors[name] = this.#toTensor(name, feed);
    }
    const fetches: Record<string, Tensor | null> = {};
    for (const name of wanted ?? this.outputs) fetches[name] = into[name] ? this.#toTensor(name, into[name]) : null;
    const results = await this.#session.run(tensors, fetches);
    const data: Record<string, Required<TensorData>> = {};
    for (const name of wanted ?? this.outputs) {
      const tensor = results[name];
      data[name] = { data: tensor.data as NumericArray, shape: tensor.dims, dtype: tensor.type as DType };
      // The arrays stay; what the runtime holds of them goes.
      if (tensor.location !== "cpu") tensor.dispose();
    }
    return data;
  }

  /** Frees the memory of the compiled model. The session cannot be used afterwards. */
  async dispose(): Promise<void> {
    if (this.#session.endProfiling) this.#session.endProfiling();
    await this.#session.release();
  }

  #toTensor(name: string, feed: TensorData): Tensor {
    const size = feed.shape.reduce((product, dim) => product * dim, 1);
    if (size !== feed.data.length) {
      throw new RangeError(
        `Cannot run model: input "${name}" has ${feed.data.length} elements, expected ${size} for shape [${feed.shape}]`,
      );
    }
    return new this.#runtime.Tensor(dtypeOf(feed) as "float32", feed.data as Float32Array, feed.shape);
  }
}

/**
 * Compiles a model.
 *
 * ```ts
 * import { buildModel, input, mul, openSession } from "@gradus/autodiff";
 * const x = input("x", "float32", ["n"]);
 * const session = await openSession(buildModel({ outputs: { square: mul(x, x) } }));
 * const { square } = await session.run({ x: { data: Float32Array.of(1, 2, 3), shape: [3] } });
 * console.log(square.data); // 1, 4, 9
 * await session.dispose();
 * ```
 */
export async function openSession(model: Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const runtime = await loadRuntime();
  const { device = "cpu", threads, optimization = "all", spinning = false, profile } = options;
  const session = await runtime.InferenceSession.create(model, {
    executionProviders: [device],
    intraOpNumThreads: threads ?? (await defaultThreads()),
    graphOptimizationLevel: optimization,
    logSeverityLevel: 3,
    // A planned block for all activations comes on top of the arena that is there anyway: a third more memory, no speed.
    enableMemPattern: false,
    // Threads that wait by spinning gain nothing on an idle machine, and lose five-fold when a core is shared (docs/LOG.md).
    extra: { session: { intra_op: { allow_spinning: spinning ? "1" : "0" } } },
    ...(profile ? { enableProfiling: true, profileFilePrefix: profile } : {}),
  });
  return new Session(session, runtime);
}
