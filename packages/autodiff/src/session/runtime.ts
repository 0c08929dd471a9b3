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
