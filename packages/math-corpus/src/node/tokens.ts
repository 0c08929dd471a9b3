/**
 * The tokens of a shard's pages in a file beside it, so that every iteration scores and trains on them without the text:
 * for each page how many words and tokens it has, then the tokens' hashes, 32-bit integers in the machine's order.
 *
 * @platform node
 * @module
 */

import { open } from "node:fs/promises";
import { wordReader } from "../text/words.ts";
import { readShard, readUrls } from "./pages.ts";
import { exists } from "./resume.ts";
import { tokensPath } from "./shards.ts";

/** A page without its text: its tokens, and how many of them are words. Overwritten when the next one is asked for. */
export interface TokenPage {
  readonly url: string;
  readonly tokens: Int32Array;
  readonly words: number;
}

/**
 * The tokens of a shard's pages in their order; of the text, where no file of tokens lies beside the shard.
 *
 * @throws {SyntaxError} The file ends within a page, or is another shard's.
 */
export async function* readTokens(shard: string): AsyncGenerator<TokenPage> {
  const path = tokensPath(shard);
  if (await exists(path)) {
    const urls = readUrls(shard);
    for await (const page of readPacked(path)) {
      const { done, value: url } = await urls.next();
      if (done) throw new SyntaxError(`Cannot read ${path}: it has more pages than ${shard}`);
      yield { url, ...page };
    }
    if (!(await urls.next()).done) throw new SyntaxError(`Cannot read ${path}: it has fewer pages than ${shard}`);
    return;
  }
  const read = wordReader();
  for await (const { url, text } of readShard(shard)) {
    const { words, tokens } = read(text);
    yield { url, tokens, words: words.length };
  }
}

async function* readPacked(path: string): AsyncGenerator<Omit<TokenPage, "url">> {
  const file = await open(path);
  let numbers = new Int32Array(2 ** 18);
  let [at, end] = [0, 0];
  /** Makes `count` numbers available from `at` on; false at the end of the file. */
  async function need(count: number): Promise<boolean> {
    if (end - at >= count) return true;
    const rest = numbers.subarray(at, end);
    if (numbers.length < count) {
      const more = new Int32Array(2 * count);
      more.set(rest);
      numbers = more;
    } else numbers.copyWithin(0, at, end);
    [at, end] = [0, rest.length];
    let filled = 4 * end;
    const bytes = new Uint8Array(numbers.buffer);
    while (filled < 4 * count) {
      const { bytesRead } = await file.read(bytes, filled, bytes.length - filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    end = filled >> 2;
    if (filled === 0) return false;
    if (end < count || filled % 4) throw new SyntaxError(`Cannot read ${path}: it ends within a page`);
    return true;
  }
  try {
    while (await need(2)) {
      const [words, count] = numbers.subarray(at, at + 2);
      await need(2 + count);
      yield { tokens: numbers.subarray(at + 2, at + 2 + count), words };
      at += 2 + count;
    }
  } finally {
    await file.close();
  }
}
