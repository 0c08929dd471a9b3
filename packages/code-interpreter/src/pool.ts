/**
 * Slots that are kept warm: a program takes a free one or waits for it, and one that is used up is replaced while others
 * go on.
 *
 * @module
 */

/** What a slot is asked. */
export interface SlotTask {
  readonly program: string;
  readonly timeLimitMs: number;
  readonly signal?: AbortSignal;
}

/** What a slot answers. */
export interface SlotResult {
  readonly output: string;
  readonly truncated: boolean;
  readonly error?: string;
  readonly timedOut: boolean;
  readonly durationMs: number;
}

/** A Python that runs one program at a time. */
export interface Slot {
  /** Whether it cannot be used again. */
  readonly spent: boolean;
  /** Resolves however the program ends; rejects if `signal` aborts it. */
  run(task: SlotTask): Promise<SlotResult>;
  close(): void;
}

interface Waiting {
  readonly task: SlotTask;
  resolve(result: SlotResult): void;
  reject(error: unknown): void;
}

/** Keeps `size` slots, and hands programs to them in the order of the calls. */
export class Pool {
  readonly #start: () => Promise<Slot>;
  readonly #size: number;
  readonly #free: Slot[] = [];
  readonly #all: Set<Slot> = new Set();
  #waiting: Waiting[] = [];
  #starting = 0;
  #closed = false;

  constructor(start: () => Promise<Slot>, size: number) {
    this.#start = start;
    this.#size = size;
  }

  /** Starts all slots. */
  async fill(): Promise<void> {
    const starts = await Promise.allSettled(Array.from({ length: this.#size }, () => this.#add()));
    for (const start of starts)
      if (start.status === "rejected") {
        this.close();
        throw start.reason;
      }
  }

  run(task: SlotTask): Promise<SlotResult> {
    return new Promise((resolve, reject) => {
      const { signal } = task;
      if (this.#closed) throw new Error("Cannot run: the interpreter is closed");
      signal?.throwIfAborted();
      const waiting: Waiting = {
        task,
        resolve(result) {
          signal?.removeEventListener("abort", abort);
          resolve(result);
        },
        reject(error) {
          signal?.removeEventListener("abort", abort);
          reject(error);
        },
      };
      const abort = (): void => {
        const at = this.#waiting.indexOf(waiting);
        if (at < 0) return; // it runs: its slot looks at the signal
        this.#waiting.splice(at, 1);
        waiting.reject(signal?.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#waiting.push(waiting);
      this.#next();
    });
  }

  close(): void {
    this.#closed = true;
    for (const slot of this.#all) slot.close();
    this.#all.clear();
    this.#fail(new Error("Cannot run: the interpreter was closed"));
  }

  async #add(): Promise<void> {
    this.#starting++;
    try {
      const slot = await this.#start();
      if (this.#closed) {
        slot.close();
        return;
      }
      this.#all.add(slot);
      this.#free.push(slot);
    } finally {
      this.#starting--;
    }
    this.#next();
  }

  /** Slots that died are replaced; one that cannot be started is tried again at the next program. */
  #replace(): void {
    while (!this.#closed && this.#all.size + this.#starting < this.#size)
      this.#add().catch((error) => {
        if (this.#all.size + this.#starting === 0) this.#fail(error);
      });
  }

  #fail(error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(error);
  }

  #next(): void {
    this.#replace();
    while (this.#waiting.length > 0) {
      const slot = this.#free.shift();
      if (!slot) return;
      if (slot.spent) {
        this.#drop(slot);
        continue;
      }
      const { task, resolve, reject } = this.#waiting.shift()!;
      void slot
        .run(task)
        .then(resolve, reject)
        .finally(() => {
          if (slot.spent) this.#drop(slot);
          else this.#free.push(slot);
          this.#next();
        });
    }
  }

  #drop(slot: Slot): void {
    this.#all.delete(slot);
    slot.close();
    this.#replace();
  }
}
