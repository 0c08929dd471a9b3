/**
 * A value head for reward models: `@gradus/transformer/reward`.
 *
 * @module
 */
export { type ScoreBatch, ScorerCore } from "./core.ts";
export { createScorer, loadScorer, TransformerScorer } from "./scorer.ts";
