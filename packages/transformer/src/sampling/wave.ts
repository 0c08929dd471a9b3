/**
 * One wave of sampling: some prompts, each with the same number of samples, all decoded together. The prompts are read
 * once, however many samples they have; rows that are finished drop out.
 *
 * @module
 */
import { MASKED, type Session, type TensorData } from "@gradus/autodiff";
import { type Stream, stream } from "@gradus/seeds";
import type { TransformerConfig } from "../files/config.ts";
import { isSparse } from "../files/sparsity.ts";
import { cacheName } from "../model/graphs.ts";
import { alignmentOf, rowLength } from "../model/rows.ts";
import { Cache } from "./cache.ts";
import { type ChoiceOptions, chooseToken } from "./choose.ts";
import { SparseState } from "./sparse_state.ts";

/** One sampled continuation: see the policy's interface. */
export interface Completion {
  readonly prompt: number;
  readonly sample: number;
  readonly tokens: Int32Array;
  readonly logProbs: Float32Array;
  readonly finishReason: "stop" | "length";
}

/** What a wave samples. */
export interface WaveRequest extends ChoiceOptions {
  /** Prompts with the number each has in the whole call. */
  prompts: readonly { index: number; tokens: Int32Array }[];
  /** Numbers of the samples to draw for each prompt. */
  samples: readonly number[];
  maxNewTokens: number;
  inverseTemperature: number;
  stop: readonly Int32Array[];
  seed: number;
  step: number;
  onTokens: (sampled: number, finished: number) => void;
  checkCancelled: () => void;
}

/** What runs the model. */
export interface SamplingSessions {
  prefill(time: number): Promise<Session>;
  decode(): Promise<Session>;
  weights(forDecoding: boolean): Record<string, TensorData>;
  /** Memory for a cache, for whoever keeps it from wave to wave. Default: fresh memory. */
  reserve?(name: string, size: number): Float32Array;
}

/** Prompts are padded to a multiple of this, to compile few graphs. */
const PROMPT_BUCKET = 16;
/** Finished rows are dropped once this share of the slots can go. */
const COMPACT_BELOW = 0.85;

/** A completion in the making. */
interface Row {
  readonly prompt: number;
  readonly sample: number;
  readonly promptLength: number;
  readonly random: Stream;
  readonly tokens: number[];
  readonly logProbs: number[];
  reason?: "stop" | "length";
}

function endsWith(tokens: readonly number[], sequence: Int32Array): boolean {
  const offset = tokens.length - sequence.length;
  return offset >= 0 && sequence.every((token, i) => tokens[offset + i] === token);
}

/** Runs one wave to its end. */
export async function runWave(
  config: TransformerConfig,
  sessions: SamplingSessions,
  request: WaveRequest,
): Promise<Completion[]> {
  const wave = new Wave(config, sessions, request);
  await wave.prefill();
  while (wave.alive) {
    request.checkCancelled();
    await wave.decode();
  }
  return wave.completions();
}

class Wave {
  readonly #config: TransformerConfig;
  readonly #sessions: SamplingSessions;
  readonly #request: WaveRequest;
  readonly #rows: Row[];
  /** Row in each slot, group by group; undefined where a slot is empty. */
  #slots: (Row | undefined)[];
  #groups: number;
  #generated = 0;
  #prompt: Record<string, { data: Float32Array; shape: number[] }> = {};
  #promptBias: Float32Array = new Float32Array(0);
  #promptTime = 0;
  readonly #caches: Record<string, Cache> = {};
  #sparse: SparseState | undefined;
  #finished = 0;

  constructor(config: TransformerConfig, sessions: SamplingSessions, request: WaveRequest) {
    this.#config = config;
    this.#sessions = sessions;
    this.#request = request;
    const { seed, step } = request;
    this.#rows = request.prompts.flatMap(({ index, tokens }) =>
      request.samples.map((sample) => ({
        prompt: index,
        sample,
        promptLength: tokens.length,
        random: stream(seed, { purpose: "sample", step, prompt: index, sample }),
        tokens: [],
        logProbs: [],
      })),
    );
    this.#slots = [...this.#rows];
    this.#groups = request.prompts.length;
    const shape = { rows: this.#slots.length, keyValueHeads: config.keyValueHeads, headSize: config.headSize };
    for (let layer = 0; layer < config.layers; layer++) {
      for (const part of ["ownKeys", "ownValues"] as const)
        this.#caches[cacheName(layer, part)] = new Cache(
          shape,
          request.maxNewTokens,
          sessions.reserve?.bind(sessions, cacheName(layer, part)),
        );
    }
  }

  readonly #groupOf = (slot: number): number => Math.floor(slot / (this.#slots.length / this.#groups));

  get alive(): boolean {
    return this.#slots.length > 0;
  }

  completions(): Completion[] {
    return this.#rows.map(({ prompt, sample, tokens, logProbs, reason }) => ({
      prompt,
      sample,
      tokens: Int32Array.from(tokens),
      logProbs: Float32Array.from(logProbs),
      finishReason: reason ?? "length",
    }));
  }

  /** Reads the prompts and draws the first token of every sample. */
  async prefill(): Promise<void> {
    const { prompts, inverseTemperature } = this.#request;
    const longest = Math.max(...prompts.map(({ tokens }) => tokens.length));
    const time = isSparse(this.#config)
      ? rowLength(longest, alignmentOf(this.#config))
      : Math.min(this.#config.maxPositions, Math.ceil(longest / PROMPT_BUCKET) * PROMPT_BUCKET);
    const size = prompts.length * time;
    const [tokens, positions, segments] = [new Int32Array(size), new Int32Array(size), new Int32Array(size)];
    const last = new Int32Array(prompts.length);
    this.#promptTime = time;
    this.#promptBias = new Float32Array(size).fill(MASKED);
    prompts.forEach((prompt, group) => {
      const { length } = prompt.tokens;
      tokens.set(prompt.tokens, group * time);
      for (let t = 0; t < length; t++) {
        positions[group * time + t] = t;
        segments[group * time + t] = 1;
      }
      this.#promptBias.fill(0, group * time, group * time + length);
      last[group] = group * time + length - 1;
    });
    const session = await this.#sessions.prefill(time);
    const shape = [prompts.length, time];
    const results = await session.run({
      ...this.#sessions.weights(false),
      tokens: { data: tokens, shape },
      positions: { data: positions, shape },
      segments: { data: segments, shape },
      last: { data: last, shape: [prompts.length] },
      inverseTemperature: { data: Float32Array.of(inverseTemperature), shape: [] },
    });
    for (let layer = 0; layer < this.#config.layers; layer++) {
      for (const part of ["promptKeys", "promptValues"] as const) {
        const name = cacheName(layer, part);
        this.#prompt[name] = { data: results[name].data as Float32Array, shape: [...results[name].shape] };
      }
    }
    if (isSparse(this.#config)) {
      const lengths = this.#slots.map((row) => row!.promptLength);
      const most = Math.min(this.#config.maxPositions, longest + this.#request.maxNewTokens);
      this.#sparse = new SparseState(this.#config, lengths, most);
      this.#sparse.fill(results, this.#groupOf);
    }
    this.#choose(results.logProbs.data as Float32Array, this.#groupOf);
  }

  /** Feeds every row its newest token and draws the next one. */
  async decode(): Promise<void> {
    const count = this.#slots.length;
    const position = this.#generated - 1;
    const [tokens, positions] = [new Int32Array(count), new Int32Array(count)];
    this.#slots.forEach((row, slot) => {
      if (!row) return;
      tokens[slot] = row.tokens[row.tokens.length - 1];
      positions[slot] = row.promptLength + position;
    });
    const caches = Object.entries(this.#caches);
    if (position === caches[0][1].capacity) for (const [, cache] of caches) cache.grow(position);
    const { capacity } = caches[0][1];
    const session = await this.#sessions.decode();
    const results = await session.run({
      ...this.#sessions.weights(true),
      ...this.#prompt,
      ...Object.fromEntries(caches.map(([name, cache]) => [name, cache.tensor])),
      ...this.#sparse?.feeds(position, { promptTime: this.#promptTime, capacity, groupOf: this.#groupOf }),
      tokens: { data: tokens, shape: [count, 1] },
      positions: { data: positions, shape: [count, 1] },
      slots: { data: new Float32Array(count / this.#groups), shape: [count / this.#groups] },
      promptBias: { data: this.#promptBias, shape: [this.#groups, 1, 1, this.#promptTime] },
      ownBias: { data: new Float32Array(capacity).fill(MASKED, position), shape: [capacity] },
      inverseTemperature: { data: Float32Array.of(this.#request.inverseTemperature), shape: [] },
    });
    for (let layer = 0; layer < this.#config.layers; layer++) {
      this.#caches[cacheName(layer, "ownKeys")].write(
        position,
        results[cacheName(layer, "newKeys")].data as Float32Array,
      );
      this.#caches[cacheName(layer, "ownValues")].write(
        position,
        results[cacheName(layer, "newValues")].data as Float32Array,
      );
    }
    this.#sparse?.absorb(results, position);
    this.#choose(results.logProbs.data as Float32Array, (slot) => slot);
  }

  /** Draws a token for every row from its line of `logProbs` [.., V]. */
  #choose(logProbs: Float32Array, lineOf: (slot: number) => number): void {
    const { vocabSize, maxPositions } = this.#config;
    let sampled = 0;
    this.#slots.forEach((row, slot) => {
      if (!row) return;
      const line = lineOf(slot) * vocabSize;
      const token = chooseToken(logProbs.subarray(line, line + vocabSize), row.random.uniform(), this.#request);
      row.tokens.push(token);
      row.logProbs.push(logProbs[line + token]);
      sampled++;
      if (this.#request.stop.some((sequence) => endsWith(row.tokens, sequence))) row.reason = "stop";
      else if (row.tokens.length >= this.#request.maxNewTokens || row.promptLength + row.tokens.length >= maxPositions)
        row.reason = "length";
      if (row.reason) {
        this.#slots[slot] = undefined;
        this.#finished++;
      }
    });
    this.#generated++;
    this.#request.onTokens(sampled, this.#finished);
    this.#compact();
  }

  /** Drops finished groups, and slots that no group needs any more, when enough of them can go. */
  #compact(): void {
    const perGroup = this.#slots.length / this.#groups;
    const members: number[][] = Array.from({ length: this.#groups }, () => []);
    this.#slots.forEach((row, slot) => {
      if (row) members[Math.floor(slot / perGroup)].push(slot);
    });
    const kept = members.flatMap((slots, group) => (slots.length > 0 ? [group] : []));
    const width = Math.max(0, ...members.map((slots) => slots.length));
    if (kept.length * width > COMPACT_BELOW * this.#slots.length) return;

    const order = new Int32Array(kept.length * width).fill(-1);
    kept.forEach((group, i) => {
      order.set(members[group], i * width);
    });
    const before = this.#slots;
    this.#slots = Array.from(order, (slot) => (slot >= 0 ? before[slot] : undefined));
    for (const cache of Object.values(this.#caches)) cache.keepRows(order);
    this.#sparse?.keepRows(order);
    if (kept.length < this.#groups) {
      this.#promptBias = keepBlocks(this.#promptBias, kept, this.#groups);
      for (const cache of Object.values(this.#prompt)) {
        cache.data = keepBlocks(cache.data, kept, this.#groups);
        cache.shape[0] = kept.length;
      }
      this.#groups = kept.length;
    }
  }
}

/** Blocks `kept` of an array that has `count` blocks of equal size, moved to its front. */
function keepBlocks(data: Float32Array, kept: readonly number[], count: number): Float32Array {
  const size = data.length / count;
  kept.forEach((from, to) => {
    data.copyWithin(to * size, from * size, (from + 1) * size);
  });
  return data.subarray(0, kept.length * size);
}
