export * from "./pack.ts";
export * from "./plan.ts";
export * from "./sequence.ts";
export type { PackedPieces, Pieces } from "./strategies.ts";
