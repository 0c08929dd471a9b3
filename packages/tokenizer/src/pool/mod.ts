/**
 * Encoding on several cores, for corpora. In an entry of its own, `@gradus/tokenizer/pool`: who encodes a text at a time
 * does not load it.
 *
 * @module
 */
export { createTokenizerPool, type PoolOptions, type TokenizerPool } from "./pool.ts";
