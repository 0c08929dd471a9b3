import assert from "node:assert/strict";
import { test } from "node:test";
import { randomNumbers } from "../testing/fuzz_strings.ts";
import { mergeLong, mergeWord } from "./merge.ts";
import { PairTable } from "./pair_table.ts";

/** Merge the leftmost pair of lowest rank until there is none. */
function naive(ids: number[], ranks: Map<string, [number, number]>): number[] {
  for (;;) {
    let best: [number, number] | undefined;
    let at = -1;
    for (let i = 0; i + 1 < ids.length; i++) {
      const found = ranks.get(`${ids[i]} ${ids[i + 1]}`);
      if (found && (!best || found[0] < best[0])) [best, at] = [found, i];
    }
    if (!best) return ids;
    ids = [...ids.slice(0, at), best[1], ...ids.slice(at + 2)];
  }
}

test("both ways to merge give what merging by the definition gives", () => {
  const below = randomNumbers(6);
  for (let turn = 0; turn < 2000; turn++) {
    const letters = below(5) + 1;
    const merges = below(30);
    const ranks = new Map<string, [number, number]>();
    const pairs = new PairTable(Int32Array.from({ length: merges }, (_, rank) => letters + rank));
    for (let rank = 0; rank < merges; rank++) {
      const left = below(letters + rank);
      const right = below(letters + rank);
      ranks.set(`${left} ${right}`, [rank, letters + rank]);
      pairs.set(left, right, rank);
    }
    const ids = Array.from({ length: below(64) + 1 }, () => below(letters));
    const expected = naive(ids, ranks);
    for (const merge of [mergeWord, mergeLong]) {
      const place = Int32Array.from([7, ...ids, 8]);
      const end = merge(place, 1, ids.length + 1, pairs);
      assert.deepEqual([...place.subarray(1, end)], expected, merge.name);
      assert.deepEqual([place[0], place[ids.length + 1]], [7, 8]);
    }
  }
});

test("a table of pairs knows what a map knows, however many there are", () => {
  const below = randomNumbers(8);
  const table = new PairTable(new Int32Array(0));
  const map = new Map<string, number>();
  for (let i = 0; i < 20_000; i++) {
    const [left, right] = [below(300), below(300)];
    table.set(left, right, i);
    map.set(`${left} ${right}`, i);
  }
  for (let left = 0; left < 300; left++)
    for (let right = 0; right < 300; right++)
      assert.equal(table.rank(left, right), map.get(`${left} ${right}`) ?? 0x7fffffff);
  assert.equal([...table.entries()].length, map.size);
});
