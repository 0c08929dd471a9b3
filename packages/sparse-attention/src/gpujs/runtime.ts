// What the backend "gpu.js" needs of npm's gpu.js: kernels from source text, results that stay on the device.
//
// Kernels are text as in WGSL, since gpu.js reads a function's source, which a bundler may have changed. One thread computes
// one number of the result. Everything is float32, array indices too, so no array may have more than 2²⁴ numbers, and
// quotients go through `quotient`, which is exact where a GPU's division is not. gpu.js declares all variables of a kernel in
// one scope: no name may occur twice.
import { findGpu } from "../gpu/device.ts";

/** Numbers on gpu.js's device: its texture or buffer, or an array where the device is the CPU. */
export interface Held {
  length: number;
  data: Float32Array | { toArray(): Float32Array | Promise<Float32Array>; delete(): void };
}

/** What a kernel takes. */
export type Argument = Held | number;

/** What gpu.js computes on. */
export type GpuJsMode = "webgpu" | "webgl2" | "webasm" | "cpu";

type Kernel = ((...args: unknown[]) => unknown) & {
  setOutput(size: number[]): unknown;
  kernel: { constructor: { mode?: string }; fallbackReason?: string | null };
};

interface Gpu {
  createKernel(source: string, settings: object): Kernel;
  addFunction(source: string, settings: object): unknown;
  destroy(): Promise<void>;
}

/** The class `GPU` of npm's gpu.js. */
export interface GpuClass {
  new (settings: { mode: string }): Gpu;
  readonly isWebGL2Supported: boolean;
  readonly isWebAssemblySupported: boolean;
  isWebGPUAvailable(): Promise<boolean>;
}

type GpuModule = { GPU?: GpuClass; default?: { GPU?: GpuClass } };

/** The most numbers in an array whose indices float32 holds. */
export const mostNumbers: number = 2 ** 24;

const quotient = `function quotient(a, b) {
  let q = Math.floor(a / b);
  if (q * b > a) { q = q - 1.0; }
  if ((q + 1.0) * b <= a) { q = q + 1.0; }
  return q;
}`;

/** gpu.js with its kernels, each compiled once. */
export class GpuJs {
  readonly mode: GpuJsMode;
  readonly #gpu: Gpu;
  readonly #kernels = new Map<string, Kernel>();
  #disposed = false;

  constructor(gpu: Gpu, mode: GpuJsMode) {
    this.#gpu = gpu;
    this.mode = mode;
    const number = { argumentTypes: { a: "Number", b: "Number" }, returnType: "Number" };
    gpu.addFunction(quotient, number);
  }

  /** Runs a kernel of `length` threads. */
  async run(source: string, length: number, args: Argument[]): Promise<Held> {
    if (this.#disposed) throw new Error("Cannot compute: this sparse attention has been disposed of");
    if (length > mostNumbers)
      throw new RangeError(`Cannot compute on gpu.js: an array of ${length} numbers, expected at most 2²⁴`);
    if (!length) return { length, data: new Float32Array(1) };
    let kernel = this.#kernels.get(source);
    if (!kernel) {
      kernel = this.#gpu.createKernel(source, {
        output: [length],
        dynamicOutput: true,
        dynamicArguments: true,
        pipeline: true,
        immutable: true,
        precision: "single",
        loopMaxIterations: 2 ** 30, // by default loops end, silently, after 1000
      });
      this.#kernels.set(source, kernel);
    }
    kernel.setOutput([length]);
    try {
      const data = await kernel(...args.map((argument) => (typeof argument === "number" ? argument : argument.data)));
      if (this.mode !== "cpu" && kernel.kernel.constructor.mode === "cpu")
        throw new Error(`it fell back to the CPU: ${kernel.kernel.fallbackReason ?? "no reason given"}`);
      return { length, data: data as Held["data"] };
    } catch (error) {
      throw new Error(`gpu.js (${this.mode}) failed: ${(error as Error).message}`, { cause: error });
    }
  }

  /** A copy of an array on the device. */
  async up(array: ArrayLike<number>): Promise<Held> {
    const numbers = array.length ? Float32Array.from(array) : new Float32Array(1);
    const held = await this.run("function (a) { return a[this.thread.x]; }", numbers.length, [
      { length: numbers.length, data: numbers },
    ]);
    return { ...held, length: array.length };
  }

  /** The numbers themselves. */
  async read({ data, length }: Held): Promise<Float32Array> {
    if (data instanceof Float32Array) return data.slice(0, length);
    return Float32Array.from(await data.toArray()).subarray(0, length);
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await this.#gpu.destroy();
  }
}

/** What one call has made on the device, to be freed together. */
export class Scope {
  readonly gpu: GpuJs;
  readonly #held: Held[] = [];

  constructor(gpu: GpuJs) {
    this.gpu = gpu;
  }

  async run(source: string, length: number, ...args: Argument[]): Promise<Held> {
    const held = await this.gpu.run(source, length, args);
    this.#held.push(held);
    return held;
  }

  async up(array: ArrayLike<number>): Promise<Held> {
    const held = await this.gpu.up(array);
    this.#held.push(held);
    return held;
  }

  free(): void {
    for (const { data } of this.#held.splice(0)) if (!(data instanceof Float32Array)) data.delete();
  }
}

/**
 * Opens gpu.js on `mode`, by default on the first that is there of WebGPU, WebGL2, WebAssembly, and the CPU.
 *
 * @throws Error where gpu.js is not installed, or cannot run on `mode` here
 */
export async function openGpuJs(
  given: GpuClass | undefined,
  wanted: GpuJsMode | undefined,
  load: (name: string) => Promise<GpuModule> = (name) => import(name),
): Promise<GpuJs> {
  const found = given ?? (await findClass(load));
  if (!found)
    throw new Error(
      'Cannot create sparse attention on gpu.js: the package "gpu.js" is not installed (npm install gpu.js), nor given as option GPU',
    );
  const webgpu = wanted === undefined || wanted === "webgpu" ? await webgpuFor(found) : false;
  const there: Record<GpuJsMode, boolean> = {
    webgpu,
    webgl2: found.isWebGL2Supported,
    webasm: found.isWebAssemblySupported,
    cpu: true,
  };
  const mode = wanted ?? (Object.keys(there) as GpuJsMode[]).find((name) => there[name])!;
  if (!there[mode]) {
    const expected = Object.keys(there).filter((name) => there[name as GpuJsMode]);
    throw new Error(`Cannot create sparse attention on gpu.js: it has no "${mode}" here, only ${expected.join(", ")}`);
  }
  return new GpuJs(new found({ mode }), mode);
}

async function findClass(load: (name: string) => Promise<GpuModule>): Promise<GpuClass | undefined> {
  // A script tag makes it a global, where browsers have an interface of that name.
  const global = (globalThis as unknown as { GPU?: GpuClass }).GPU;
  if (global && "createKernel" in (global as unknown as { prototype: object }).prototype) return global;
  try {
    const module = await load("gpu.js"); // no literal `import`: bundlers must not fail where it is not installed
    return module.GPU ?? module.default?.GPU ?? (module.default as GpuClass | undefined);
  } catch {
    return undefined;
  }
}

/** Whether gpu.js can have WebGPU, which it looks for in `navigator`: Node has none there. */
async function webgpuFor(found: GpuClass): Promise<boolean> {
  const gpu = await findGpu();
  if (!gpu) return false;
  const { navigator } = globalThis as { navigator?: { gpu?: unknown } };
  if (!navigator?.gpu)
    Object.defineProperty(globalThis, "navigator", {
      value: Object.assign(Object.create(navigator ?? null), { gpu }),
      configurable: true,
      writable: true,
    });
  return found.isWebGPUAvailable();
}
