export * from "../layout.ts";
export * from "./attention.ts";
export * from "./compression.ts";
export * from "./decode.ts";
export * from "./native_sparse_attention.ts";
export * from "./selection.ts";
export * from "./visible.ts";
