/** What a slot and its worker say to each other. */
import type { EngineOptions, EngineResult } from "./engine.ts";

/** What a worker is told. */
export type Task =
  | { readonly kind: "start"; readonly options: EngineOptions }
  | { readonly kind: "run"; readonly program: string; readonly timeLimitMs: number };

/** What a worker says: `ready` or `failed` once, then a result for each program. */
export type Answer =
  | { readonly kind: "ready"; readonly imageBytes: number; readonly compiled: WebAssembly.Module }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "result"; readonly result: EngineResult };

/** A worker, in Node or on the web. */
export interface Port {
  post(task: Task): void;
  listen(answered: (answer: Answer) => void, failed: (error: Error) => void): void;
  /** Whether its work keeps the process alive. */
  hold(busy: boolean): void;
  terminate(): void;
}

/** The address of a file in this folder, as a source or built. */
export function sibling(name: string, base: string): URL {
  return new URL(`./${name}.${base.endsWith(".ts") ? "ts" : "js"}`, base);
}
