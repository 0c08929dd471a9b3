/**
 * Benchmarks from files and addresses.
 *
 * @platform node
 * @module
 */

export { type EvaluationJournal, openEvaluation } from "./journal.ts";
export { type LoadOptions, loadProblems } from "./load.ts";
