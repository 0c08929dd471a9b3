/** Which ONNX Runtime runs the graphs: the native one in Node and Deno, the WebAssembly one in browsers. */
import type { InferenceSession, Tensor } from "onnxruntime-common";

/** What we use of ONNX Runtime: the same in all its JavaScript packages. */
export interface Runtime {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof Tensor;
}

let loaded: Promise<Runtime> | undefined;

/** True where native modules can be loaded: Node, Deno, Bun. */
export function isNative(): boolean {
  return typeof (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node === "string";
}

/**
 * Threads to use where nobody says how many: one for each core that this process may use. ONNX Runtime's own default
 * counts physical cores, and takes two virtual ones for one.
 */
export async function defaultThreads(): Promise<number> {
  const { navigator } = globalThis as { navigator?: { hardwareConcurrency?: number } };
  if (!isNative()) return navigator?.hardwareConcurrency ?? 1;
  const { availableParallelism } = await import("node:os");
  return availableParallelism();
}

/** Loads the runtime, once. */
export function loadRuntime(): Promise<Runtime> {
  loaded ??= (isNative() ? import("onnxruntime-node") : import(webPackage())) as Promise<Runtime>;
  return loaded;
}

/** Uses this runtime from now on: for bundlers that cannot follow a dynamic import, or for a build of one's own. */
export function useRuntime(runtime: Runtime): void {
  loaded = Promise.resolve(runtime);
}

/** An optional peer dependency: the name is computed so that nothing resolves it where it is not installed. */
function webPackage(): string {
  return ["onnxruntime", "web"].join("-");
}
