/**
 * Judged solutions of past policies, kept for the training of the next reward model.
 *
 * @module
 */

import type { Root } from "@gradus/seeds";
import { checkFunction, checkInteger, checkKeys, checkList, checkNumber, checkOneOf, shown } from "../check.ts";
import { checkExample, identityOf, type RewardExample } from "../model/example.ts";
import { drawHistory, historyNeeded } from "./mix.ts";
import { decodeLine, encodeExample, encodeNote, type MixNote } from "./record.ts";
import { memoryStorage, type ReplayStorage } from "./storage.ts";

/** Options of {@link ReplayBuffer.open}. */
export interface ReplayBufferOptions {
  /** Where the examples are kept. Default: in memory. */
  readonly storage?: ReplayStorage;
  /** Most examples that are remembered: beyond it the oldest are forgotten. Default 100,000. */
  readonly capacity?: number;
  /** Problems that must never be trained on: a list of them, or a function that knows. Default: none. */
  readonly heldOut?: Iterable<string> | ((problem: string) => boolean);
}

/** Options of {@link ReplayBuffer.mix}. */
export interface MixOptions {
  /** Newly judged examples, all from one iteration. */
  readonly fresh: readonly RewardExample[];
  /** Share of the set that comes from earlier iterations, from 0 to below 1. Default 0.1, DeepSeekMath's. */
  readonly historyShare?: number;
  readonly seed: Root;
  /** `"uniform"` (default) over all earlier examples, or `"stratified"`: the same number from each earlier iteration. */
  readonly by?: "uniform" | "stratified";
}

/** A training set for a reward model. */
export interface Mix {
  /** First the fresh examples, then the historical ones. */
  readonly examples: readonly RewardExample[];
  readonly fresh: number;
  readonly history: number;
  /** Historical examples that the share asks for and the buffer did not have. */
  readonly missing: number;
}

/** What {@link ReplayBuffer.add} did. */
export interface AddReport {
  readonly added: number;
  readonly duplicates: number;
  /** Examples forgotten because the buffer is full. */
  readonly forgotten: number;
}

/**
 * A bounded memory of judged solutions on append-only storage.
 *
 * Every example says which iteration's policy and which seed it came from. The same solution of the same problem is kept
 * once, the first time it comes. A crash while examples are added loses those that were not yet written, whole; adding
 * them again adds what is missing. Storage grows to twice the capacity, then it is rewritten with what is remembered.
 *
 * Source: DeepSeekMath (arXiv 2402.03300) section 4.1.4: "a replay mechanism that incorporates 10% of historical data".
 *
 * @example
 * ```ts
 * const buffer = await ReplayBuffer.open({ heldOut: ["test 1"] });
 * const example = (iteration: number, answer: number) => ({
 *   ...{ problem: "2 + 2", prompt: Int32Array.of(2, 2), tokens: Int32Array.of(answer), label: Number(answer === 4) },
 *   ...{ iteration, seed: 1 },
 * });
 * await buffer.add(Array.from({ length: 20 }, (_, i) => example(0, i)));
 * const fresh = Array.from({ length: 18 }, (_, i) => example(1, 20 + i));
 * const { history } = await buffer.mix({ fresh, historyShare: 0.1, seed: 7 }); // 2: 10% of 20
 * ```
 */
export class ReplayBuffer {
  readonly #storage: ReplayStorage;
  readonly #capacity: number;
  readonly #isHeldOut: (problem: string) => boolean;
  /** By identity, oldest first. */
  readonly #examples = new Map<string, RewardExample>();
  /** The last note of each iteration. */
  readonly #notes = new Map<number, MixNote>();
  #lines = 0;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(storage: ReplayStorage, capacity: number, isHeldOut: (problem: string) => boolean) {
    this.#storage = storage;
    this.#capacity = capacity;
    this.#isHeldOut = isHeldOut;
  }

  /**
   * Opens a buffer with what its storage holds.
   *
   * @throws {SyntaxError} A line of the storage is no record; {RangeError} it holds an example of a held-out problem, or
   * an option is out of its range.
   */
  static async open(options: ReplayBufferOptions = {}): Promise<ReplayBuffer> {
    const task = "open the replay buffer";
    checkKeys(task, options, ["storage", "capacity", "heldOut"]);
    const { storage = memoryStorage(), capacity = 100_000, heldOut = [] } = options;
    checkInteger(task, "capacity", capacity);
    // A string is a list of its letters, which are no problems: nothing would be held out.
    if (typeof heldOut !== "function" && (typeof heldOut !== "object" || !(Symbol.iterator in (heldOut ?? {}))))
      throw new TypeError(`Cannot ${task}: heldOut must be a list of problems or a function, found ${shown(heldOut)}`);
    const problems = typeof heldOut === "function" ? undefined : new Set(heldOut);
    const isHeldOut = problems ? (problem: string) => problems.has(problem) : (heldOut as (p: string) => boolean);
    for (const name of ["read", "append", "replace"] as const) checkFunction(task, `storage.${name}`, storage[name]);
    const buffer = new ReplayBuffer(storage, capacity, isHeldOut);
    for await (const line of storage.read()) {
      const record = decodeLine(line, ++buffer.#lines);
      if ("note" in record) buffer.#notes.set(record.note.iteration, record.note);
      else {
        buffer.#refuseHeldOut(task, `line ${buffer.#lines}`, record.example);
        buffer.#remember(record.example);
      }
    }
    return buffer;
  }

  /** Examples that are remembered. */
  get size(): number {
    return this.#examples.size;
  }

  /** Those examples, oldest first. */
  get examples(): RewardExample[] {
    return [...this.#examples.values()];
  }

  /**
   * Adds examples; resolves when they are safe.
   *
   * @throws {RangeError} An example is of a held-out problem, or a number is out of its range; then none is added.
   * @throws {TypeError} An example lacks a part.
   */
  add(examples: readonly RewardExample[]): Promise<AddReport> {
    return this.#inTurn(async () => {
      this.#check("add to the replay buffer", examples, "examples");
      const added = new Map<string, RewardExample>();
      for (const example of examples) {
        const identity = identityOf(example);
        if (!this.#examples.has(identity) && !added.has(identity)) added.set(identity, example);
      }
      const before = this.size;
      await this.#append([...added.values()].map(encodeExample));
      for (const example of added.values()) this.#remember(example);
      const forgotten = before + added.size - this.size;
      await this.#compact();
      return { added: added.size, duplicates: examples.length - added.size, forgotten };
    });
  }

  /**
   * A training set of the fresh examples and, of those from before their iteration, exactly as many that over all rounds
   * so far history has its share to the nearest example.
   *
   * With F fresh examples in all rounds up to this one and H historical ones in those before, this round gets
   * `round(F · share / (1 − share)) − H` (halves up). A round for which the buffer has too few gets what there is, says so
   * in `missing`, and is not made up for: the count begins anew after it (so the first iteration has no history, and the
   * second no more than its share). It begins anew, too, where the share changes.
   *
   * The buffer notes what it gave, so that a run which goes on after a crash counts on. The same iteration, fresh examples
   * and seed get the same set; whether the fresh ones have been added already makes no difference. Examples of a held-out
   * problem are refused, so none can leak.
   *
   * @throws {RangeError} Fresh examples are of several iterations or of a held-out problem, or an option is out of range.
   */
  mix(options: MixOptions): Promise<Mix> {
    return this.#inTurn(async () => {
      const task = "mix";
      checkKeys(task, options, ["fresh", "historyShare", "seed", "by"]);
      const { fresh, historyShare: share = 0.1, seed, by = "uniform" } = options;
      checkNumber(task, "historyShare", share, "from 0 to below 1", (each) => each >= 0 && each < 1);
      checkOneOf(task, "by", by, ["uniform", "stratified"]);
      this.#check(task, fresh, "fresh");
      if (fresh.length === 0) return { examples: [], fresh: 0, history: 0, missing: 0 };
      const { iteration } = fresh[0];
      const other = fresh.findIndex((example) => example.iteration !== iteration);
      if (other >= 0) {
        throw new RangeError(
          `Cannot mix: fresh must be of one iteration, found ${iteration} and, at ${other}, ${fresh[other].iteration}`,
        );
      }
      const identities = new Set(fresh.map(identityOf));
      const past = [...this.#examples].flatMap(([identity, example]) =>
        example.iteration < iteration && !identities.has(identity) ? [example] : [],
      );
      const before = this.#takenBefore(iteration, share);
      const wanted = historyNeeded(fresh.length, share, before);
      const history = Math.min(wanted, past.length);
      const drawn = drawHistory(
        past.map((example) => example.iteration),
        history,
        by,
        seed,
        iteration,
      ).map((i) => past[i]);
      const taken =
        history < wanted
          ? { fresh: 0, history: 0 }
          : { fresh: before.fresh + fresh.length, history: before.history + history };
      await this.#note({ iteration, share, ...taken });
      return { examples: [...fresh, ...drawn], fresh: fresh.length, history, missing: wanted - history };
    });
  }

  #takenBefore(iteration: number, share: number): { fresh: number; history: number } {
    const earlier = [...this.#notes.values()].filter((note) => note.iteration < iteration);
    const last = earlier.reduce<MixNote | undefined>((a, b) => (a && a.iteration > b.iteration ? a : b), undefined);
    return last?.share === share ? last : { fresh: 0, history: 0 };
  }

  async #note(note: MixNote): Promise<void> {
    const line = encodeNote(note);
    const known = this.#notes.get(note.iteration);
    if (known && encodeNote(known) === line) return;
    await this.#append([line]);
    this.#notes.set(note.iteration, note);
  }

  async #append(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    await this.#storage.append(lines);
    this.#lines += lines.length;
  }

  /** Deterministic in the order of lines: reading them again remembers, and forgets, the same. */
  #remember(example: RewardExample): void {
    const identity = identityOf(example);
    if (this.#examples.has(identity)) return;
    this.#examples.set(identity, example);
    if (this.#examples.size > this.#capacity) this.#examples.delete(this.#examples.keys().next().value as string);
  }

  async #compact(): Promise<void> {
    const kept = this.#examples.size + this.#notes.size;
    if (this.#lines <= 2 * this.#capacity || kept >= this.#lines) return;
    await this.#storage.replace([...[...this.#notes.values()].map(encodeNote), ...this.examples.map(encodeExample)]);
    this.#lines = kept;
  }

  #check(task: string, examples: readonly RewardExample[], name: string): void {
    checkList(task, name, examples);
    for (const [i, example] of examples.entries()) {
      checkExample(task, `${name}[${i}]`, example);
      this.#refuseHeldOut(task, `${name}[${i}]`, example);
    }
  }

  #refuseHeldOut(task: string, name: string, { problem }: RewardExample): void {
    if (!this.#isHeldOut(problem)) return;
    throw new RangeError(`Cannot ${task}: the problem of ${name}, ${JSON.stringify(problem)}, is held out`);
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(task);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
