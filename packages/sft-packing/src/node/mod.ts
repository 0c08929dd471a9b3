/**
 * Files: sample journals, JSONL, and writing a file whole or not at all.
 *
 * @platform node
 * @module
 */
export * from "./files.ts";
export * from "./sample_journal.ts";
