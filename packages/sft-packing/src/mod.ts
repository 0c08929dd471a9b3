export * from "./pack.ts";
export * from "./plan.ts";
export * from "./sequence.ts";
