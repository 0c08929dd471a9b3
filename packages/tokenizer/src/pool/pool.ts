/**
 * Encoding on several cores: workers that each have the tokenizer, for corpora. A single text is quicker without them.
 *
 * Web workers in browsers and Deno, `worker_threads` in Node. Texts are copied to the workers, ids are handed over.
 */
import type { EncodedBatch, EncodeOptions, Tokenizer } from "../tokenizer.ts";
import { type Answer, type Port, sibling, type Task } from "./protocol.ts";

/** Options of `createTokenizerPool`. */
export interface PoolOptions {
  /** Number of workers; default the number of processors. */
  workers?: number;
}

/** Workers that encode. */
export interface TokenizerPool {
  /** As `Tokenizer.encodeBatch`, on all workers. */
  encodeBatch(texts: readonly string[], options?: EncodeOptions): Promise<EncodedBatch>;
  /** Ends the workers; what is under way rejects. */
  close(): void;
}

/** Texts go to the workers in portions of about this many UTF-16 code units, so that all end at about the same time. */
const PORTION = 1 << 18;

/**
 * Starts workers that encode with a tokenizer.
 *
 * @param tokenizer Any tokenizer; the workers get its `tokenizer.json`.
 * @param options How many.
 * @throws {RangeError} If the number of workers is not a whole number from 1 on.
 *
 * @example
 * ```ts
 * import { trainBpe } from "@gradus/tokenizer";
 * import { deepEqual } from "node:assert/strict";
 *
 * const tokenizer = await trainBpe(["low lower lowest"], { vocabSize: 260 });
 * const pool = await createTokenizerPool(tokenizer, { workers: 2 });
 * deepEqual(await pool.encodeBatch(["low", "lowest"]), tokenizer.encodeBatch(["low", "lowest"]));
 * pool.close();
 * ```
 */
export async function createTokenizerPool(tokenizer: Tokenizer, options: PoolOptions = {}): Promise<TokenizerPool> {
  const { workers = globalThis.navigator?.hardwareConcurrency ?? 4 } = options;
  if (!Number.isInteger(workers) || workers < 1)
    throw new RangeError(`Cannot start workers: workers must be a whole number from 1 on, found ${workers}`);
  const json = JSON.stringify(tokenizer);
  const pool = new Pool();
  try {
    await Promise.all(Array.from({ length: workers }, async () => pool.add(await startPort(), json)));
  } catch (error) {
    pool.close();
    throw error;
  }
  return pool;
}

/** What `node_port.ts` exports; it is loaded by its address, so that nothing else ever looks for it. */
interface NodeModule {
  startNodePort(url: URL): Port;
}

async function startPort(): Promise<Port> {
  const url = sibling("worker", import.meta.url);
  if (typeof Worker === "undefined") {
    const { startNodePort } = (await import(sibling("node_port", import.meta.url).href)) as NodeModule;
    return startNodePort(url);
  }
  const worker = new Worker(url, { type: "module" });
  return {
    post: (task) => worker.postMessage(task),
    listen(answered, failed): void {
      worker.onmessage = ({ data }) => answered(data as Answer);
      worker.onerror = (event) => {
        event.preventDefault();
        failed(new Error(event.message));
      };
    },
    terminate: () => worker.terminate(),
  };
}

interface Waiting {
  task: Task & { kind: "encode" };
  resolve(batch: EncodedBatch): void;
  reject(error: Error): void;
}

class Pool implements TokenizerPool {
  readonly #ports: Port[] = [];
  readonly #idle: Port[] = [];
  readonly #queue: Waiting[] = [];
  readonly #running = new Map<number, Waiting>();
  #tasks = 0;
  #closed: Error | undefined;

  /** Lets a worker load the tokenizer; from then on it gets tasks. */
  add(port: Port, json: string): Promise<void> {
    this.#ports.push(port);
    return new Promise((resolve, reject) => {
      port.listen(
        ({ task, batch, error }) => {
          const waiting = this.#running.get(task);
          this.#running.delete(task);
          if (batch) waiting?.resolve(batch);
          else if (error) waiting?.reject(new Error(error));
          resolve();
          this.#idle.push(port);
          this.#next();
        },
        (error) => {
          reject(error);
          this.#end(error);
        },
      );
      port.post({ kind: "load", json });
    });
  }

  async encodeBatch(texts: readonly string[], options: EncodeOptions = {}): Promise<EncodedBatch> {
    for (const [i, text] of texts.entries())
      if (typeof text !== "string")
        throw new TypeError(`Cannot encode: texts[${i}] must be a string, found ${typeof text}`);
    const batches: Promise<EncodedBatch>[] = [];
    let size = 0;
    let start = 0;
    for (let i = 0; i < texts.length; i++) {
      size += texts[i].length;
      if (size < PORTION && i + 1 < texts.length) continue;
      batches.push(this.#encode(texts.slice(start, i + 1), options));
      start = i + 1;
      size = 0;
    }
    return joinBatches(await Promise.all(batches), texts.length);
  }

  close(): void {
    this.#end(new Error("Cannot encode: the pool has been closed"));
  }

  #encode(texts: readonly string[], options: EncodeOptions): Promise<EncodedBatch> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed);
      this.#queue.push({ task: { kind: "encode", task: ++this.#tasks, texts, options }, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    while (this.#idle.length && this.#queue.length) {
      const waiting = this.#queue.shift()!;
      this.#running.set(waiting.task.task, waiting);
      this.#idle.pop()!.post(waiting.task);
    }
  }

  #end(error: Error): void {
    this.#closed ??= error;
    for (const port of this.#ports.splice(0)) port.terminate();
    this.#idle.length = 0;
    for (const { reject } of [...this.#running.values(), ...this.#queue.splice(0)]) reject(this.#closed);
    this.#running.clear();
  }
}

function joinBatches(batches: readonly EncodedBatch[], texts: number): EncodedBatch {
  const ids = new Int32Array(batches.reduce((length, batch) => length + batch.ids.length, 0));
  const offsets = new Int32Array(texts + 1);
  let at = 0;
  let text = 0;
  for (const batch of batches) {
    ids.set(batch.ids, at);
    for (let i = 1; i < batch.offsets.length; i++) offsets[++text] = at + batch.offsets[i];
    at += batch.ids.length;
  }
  return { ids, offsets };
}
