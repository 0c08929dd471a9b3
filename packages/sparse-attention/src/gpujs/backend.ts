import type { Backend } from "../backend.ts";
import type { SparseAttentionOptions } from "../contract.ts";
import type { Heads } from "../cpu/attention.ts";
import type { Pattern } from "../layout.ts";

export async function gpuJsBackend(
  _heads: Heads,
  _pattern: Pattern,
  _options: SparseAttentionOptions,
): Promise<Backend> {
  throw new Error("not yet");
}
