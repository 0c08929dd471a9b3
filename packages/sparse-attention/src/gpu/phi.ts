// φ, which makes one key or value of a block of them, on the device: its weights, its pass and its gradients.
import type { Compression, Data } from "../contract.ts";
import type { Heads } from "../cpu/attention.ts";
import type { Pattern } from "../layout.ts";
import { type CompressPlace, compressBackwardOnDevice, compressOnDevice } from "./compress.ts";
import type { Place } from "./places.ts";
import type { Runtime } from "./runtime.ts";
import { fetchNumbers, lengthOf, uploader } from "./transfer.ts";

/** One pass of φ, kept for its gradients. */
interface Phi {
  weights: Compression<GPUBuffer>;
  hidden: GPUBuffer | undefined;
  place: CompressPlace;
  raw: GPUBuffer;
}

/** The passes over keys and over values. */
export type PhiPair = { keys: Phi; values: Phi };

type Pair = { keys: GPUBuffer; values: GPUBuffer };
type WeightPair<D extends Data> = { keys: Compression<D>; values: Compression<D> };

/** The hidden width of φ's network; 0 for the mean, which has no weights. */
export const hiddenWidth = (weights: Compression<Data>): number => (weights ? lengthOf(weights.bias1) : 0);

/** φ's weights on the device. */
export const upWeights = (weights: Compression<Data>, up: (data: Data) => GPUBuffer): Compression<GPUBuffer> =>
  weights && {
    position: up(weights.position),
    weight1: up(weights.weight1),
    bias1: up(weights.bias1),
    weight2: up(weights.weight2),
    bias2: up(weights.bias2),
  };

/** Compresses keys and values with φ. */
export class PhiOnDevice {
  readonly #runtime: Runtime;
  readonly #heads: Heads;
  readonly #span: number;

  constructor(runtime: Runtime, heads: Heads, { compressionBlock }: Pattern) {
    this.#runtime = runtime;
    this.#heads = heads;
    this.#span = compressionBlock;
  }

  /** One key or value for each block of `raw`. Buffers made on the way are added to `owned`. */
  async one(
    raw: GPUBuffer,
    dim: number,
    place: Place,
    weights: Compression<Data>,
    owned: GPUBuffer[],
  ): Promise<{ phi: Phi; compressed: GPUBuffer }> {
    const onDevice = upWeights(weights, uploader(this.#runtime, owned));
    const compressPlace: CompressPlace = {
      tokens: place.tokens,
      blocks: place.layout.compressedBlocks,
      firstTokens: place.firstTokens,
      covering: place.covering,
      kvHeads: this.#heads.kvHeads,
      dim,
      span: this.#span,
      hidden: hiddenWidth(weights),
    };
    const { compressed, hidden } = await compressOnDevice(this.#runtime, raw, onDevice, compressPlace);
    owned.push(compressed, ...(hidden ? [hidden] : []));
    return { phi: { weights: onDevice, hidden, place: compressPlace, raw }, compressed };
  }

  /** Keys and values of the compressed branch. */
  async forward(
    raw: Pair,
    place: Place,
    weights: Partial<WeightPair<Data>> | undefined,
    owned: GPUBuffer[],
  ): Promise<Pair & { phi: PhiPair }> {
    const { headDim, valueDim } = this.#heads;
    const k = await this.one(raw.keys, headDim, place, weights?.keys, owned);
    const v = await this.one(raw.values, valueDim, place, weights?.values, owned);
    return { keys: k.compressed, values: v.compressed, phi: { keys: k.phi, values: v.phi } };
  }

  /** From the gradients of the compressed ones those of the raw ones, written to `into`, and those of the weights. */
  async backward({ keys, values }: PhiPair, gradients: Pair, into: Pair): Promise<WeightPair<GPUBuffer>> {
    const one = ({ raw, weights, hidden, place }: Phi, gradient: GPUBuffer, target: GPUBuffer) =>
      compressBackwardOnDevice(this.#runtime, raw, weights, hidden, gradient, target, place);
    return {
      keys: await one(keys, gradients.keys, into.keys),
      values: await one(values, gradients.values, into.values),
    };
  }

  /** The weights' gradients where the caller wants them. */
  async fetch({ keys, values }: PhiPair, weights: WeightPair<GPUBuffer>, onDevice: boolean): Promise<WeightPair<Data>> {
    return {
      keys: await this.#fetchOne(weights.keys, keys.place, onDevice),
      values: await this.#fetchOne(weights.values, values.place, onDevice),
    };
  }

  async #fetchOne(
    weights: Compression<GPUBuffer>,
    { kvHeads, dim, span, hidden }: CompressPlace,
    onDevice: boolean,
  ): Promise<Compression<Data>> {
    const fetch = (buffer: GPUBuffer, length: number) => fetchNumbers(this.#runtime, buffer, length, onDevice);
    return (
      weights && {
        position: await fetch(weights.position, span * kvHeads * dim),
        weight1: await fetch(weights.weight1, span * dim * hidden),
        bias1: await fetch(weights.bias1, hidden),
        weight2: await fetch(weights.weight2, hidden * dim),
        bias2: await fetch(weights.bias2, dim),
      }
    );
  }
}
