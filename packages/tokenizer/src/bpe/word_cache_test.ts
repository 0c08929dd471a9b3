import assert from "node:assert/strict";
import { test } from "node:test";
import { randomNumbers } from "../testing/fuzz_strings.ts";
import { IdList } from "./id_list.ts";
import { PADDING, WordCache } from "./word_cache.ts";

test("a cache gives what was written, for words of every length, also after it has been full", () => {
  const below = randomNumbers(2);
  const cache = new WordCache();
  let forgotten = 0;
  const remembered = new Map<string, number[]>();
  for (let turn = 0; turn < 200_000; turn++) {
    const length = below(4) ? below(13) + 1 : below(64) + 1;
    const bytes = Uint8Array.from({ length: length + PADDING }, (_, i) => (i < length ? below(4) : below(256)));
    const text = { bytes, view: new DataView(bytes.buffer) };
    const key = bytes.subarray(0, length).join();
    const out = new IdList();
    out.push(1);
    out.reserve(64);
    const expected = remembered.get(key);
    if (cache.read(text, 0, length, out)) assert.deepEqual([...out.take()], [1, ...expected!]);
    else {
      if (expected) forgotten++;
      const ids = Int32Array.from({ length: below(length) + 1 }, () => below(1000));
      cache.write(bytes, 0, length, ids, 0, ids.length);
      remembered.set(key, [...ids]);
    }
  }
  assert.ok(forgotten > 0 && forgotten < 40_000, `${forgotten} forgotten`);
});
