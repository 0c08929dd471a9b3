export { formatJsonl, parseJsonl } from "./jsonl.ts";
export { type PackedBatch, type PackOptions, pack, packContext } from "./pack.ts";
export {
  fromPackedRow,
  type PackedRow,
  type PackedRowLike,
  type PackedRowOptions,
  packedRow,
} from "./packed_row.ts";
export {
  type PackingOptions,
  type PackingPlan,
  type PackingReport,
  type PackingStrategy,
  planPacking,
} from "./plan.ts";
export { equationList, reasoningPath } from "./rejection/distinct.ts";
export {
  checkRecord,
  type JournalRecord,
  type MemoryJournal,
  memoryJournal,
  type SampleJournal,
  type SampleRecord,
  type SampleSlot,
  type VerdictRecord,
} from "./rejection/journal.ts";
export { type PreferencePair, preferencePairs } from "./rejection/preference.ts";
export { rejectionSample } from "./rejection/rejection_sample.ts";
export type * from "./rejection/types.ts";
export * from "./sequence.ts";
export type { PackedPieces, Pieces } from "./strategies.ts";
export { type PackedStream, type PackStreamOptions, packStream } from "./stream.ts";
