export { type PackedBatch, type PackOptions, pack, packContext } from "./pack.ts";
export {
  type PackingOptions,
  type PackingPlan,
  type PackingReport,
  type PackingStrategy,
  planPacking,
} from "./plan.ts";
export * from "./sequence.ts";
export type { PackedPieces, Pieces } from "./strategies.ts";
export { type PackedStream, type PackStreamOptions, packStream } from "./stream.ts";
