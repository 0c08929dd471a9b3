/**
 * Files: reading crawls, and the stages from crawl to corpus, each of which resumes after a kill.
 *
 * @platform node
 * @module
 */
export type { CorpusReport } from "./collect.ts";
export type { IterationReport } from "./iteration.ts";
export { type MineOptions, type MineResult, mineCorpus } from "./mine.ts";
export { type PrepareCounts, type PrepareOptions, type PrepareReport, preparePages } from "./prepare.ts";
export { formatProgress, type StageProgress } from "./progress.ts";
export { type ReadPosition, readPages } from "./read_pages.ts";
