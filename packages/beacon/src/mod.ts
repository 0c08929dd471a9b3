/** Certified, signed public randomness. */
export * from "./bell/best_angles.ts";
export * from "./bell/correlations.ts";
export * from "./bell/experiment.ts";
export * from "./bell/local_sources.ts";
export * from "./bell/source.ts";
export * from "./entropy/accumulation.ts";
export * from "./entropy/certificate.ts";
export * from "./entropy/entropy.ts";
export * from "./extractor/bits.ts";
export * from "./extractor/toeplitz.ts";
