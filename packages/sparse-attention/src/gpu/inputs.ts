// Queries, keys and values on the device, in float32 or as the kernels read them: each is uploaded and converted once.
import { isArray } from "../check.ts";
import type { Data, Half } from "../contract.ts";
import { bitsOf } from "../half.ts";
import type { Engine } from "./engine.ts";

/** The inputs of one call. What is made for them is added to `owned`; buffers that came in are used as they are. */
export class Inputs {
  readonly #engine: Engine;
  readonly #owned: GPUBuffer[];
  readonly #raw = new Map<Data | Half, GPUBuffer>();
  readonly #stored = new Map<Data | Half, GPUBuffer>();

  constructor(engine: Engine, owned: GPUBuffer[]) {
    this.#engine = engine;
    this.#owned = owned;
  }

  /** `length` numbers in float32. */
  async raw(data: Data | Half, length: number): Promise<GPUBuffer> {
    const made = this.#raw.get(data) ?? (await this.#makeRaw(data, length));
    this.#raw.set(data, made);
    return made;
  }

  /** `length` numbers in the precision that kernels read. */
  async stored(data: Data | Half, length: number): Promise<GPUBuffer> {
    const engine = this.#engine;
    if (!engine.half) return this.raw(data, length);
    const half = halfOf(data);
    // What is only packed is needed in float32 no longer than for that.
    const pack = () =>
      engine.pack(this.#raw.get(data) ?? engine.runtime.upload(data as Data, true), length, this.#owned);
    const made = this.#stored.get(data) ?? (half ? this.#up(half) : await pack());
    this.#stored.set(data, made);
    return made;
  }

  async #makeRaw(data: Data | Half, length: number): Promise<GPUBuffer> {
    const half = halfOf(data);
    if (!half) return this.#up(data as Data);
    return this.#engine.unpack(this.#engine.runtime.upload(half, true), length, this.#owned);
  }

  #up(data: Data | Uint16Array): GPUBuffer {
    const buffer = this.#engine.runtime.upload(data);
    if (isArray(data)) this.#owned.push(buffer);
    return buffer;
  }
}

const halfOf = (data: Data | Half): Uint16Array | GPUBuffer | undefined =>
  "float16" in data ? data.float16 : bitsOf(data);
