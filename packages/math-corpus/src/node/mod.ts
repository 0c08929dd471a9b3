/**
 * Files: reading crawls, and the stages from crawl to corpus, each of which resumes after a kill.
 *
 * @platform node
 * @module
 */
export { type PrepareCounts, type PrepareOptions, type PrepareReport, preparePages } from "./prepare.ts";
export { formatProgress, type StageProgress } from "./progress.ts";
export { type ReadPosition, readPages } from "./read_pages.ts";
