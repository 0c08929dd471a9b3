/**
 * Both ends of a model in a worker.
 *
 * @module
 */
import { moved, startWorker, type WorkerHandle } from "@gradus/autodiff";
import type { PolicyState } from "./learner.ts";

/** Starts the worker of a module and makes a model in it; where that fails, the worker ends. */
export async function startHost<Host extends object>(
  url: URL,
  make: (host: WorkerHandle<Host>["remote"]) => Promise<void>,
): Promise<WorkerHandle<Host>> {
  const worker = await startWorker<Host>(url);
  try {
    await make(worker.remote);
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return worker;
}

/** A worker's module beside the one of this address: sources run as TypeScript, the package as JavaScript. */
export function workerBeside(address: string): URL {
  return new URL(`./worker.${address.endsWith(".ts") ? "ts" : "js"}`, address);
}

/** A copy of a state, moved to the caller. */
export function movedState({ weights, momentum, variance, steps }: PolicyState): PolicyState {
  const copy = { weights: weights.slice(), momentum: momentum.slice(), variance: variance.slice(), steps };
  return moved(copy, [copy.weights.buffer, copy.momentum.buffer, copy.variance.buffer]);
}
