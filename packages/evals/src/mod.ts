export * from "./accuracy.ts";
export * from "./wilson.ts";
