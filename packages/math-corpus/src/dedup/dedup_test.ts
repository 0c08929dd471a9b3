import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "@gradus/seeds";
import fc from "fast-check";
import { wordReader } from "../text/words.ts";
import { estimateJaccard, exactJaccard, minHash, naiveMinHash, shingleHashes } from "./minhash.ts";
import { nearDuplicateIndex } from "./near_duplicates.ts";
import { domainOf, normalizeUrl, pathOf, urlSet } from "./url.ts";

/** A text of `length` random words, and a copy with some of them replaced. */
function pairOfTexts(length: number, changed: number, seed: number): [string, string] {
  const random = stream(seed, { purpose: "dedup test" });
  const words = Array.from({ length }, () => `w${random.integer(0, 1e6)}`);
  const copy = words.map((word) => (random.uniform() < changed ? `v${random.integer(0, 1e6)}` : word));
  return [words.join(" "), copy.join(" ")];
}

function shinglesOf(text: string): Int32Array {
  const { words } = wordReader()(text);
  const into = new Int32Array(words.length);
  return into.subarray(0, shingleHashes(words, 5, into));
}

test("both signatures estimate the exact similarity, within what their places allow, for short texts too", () => {
  for (const length of [20, 60, 400]) {
    for (const changed of [0, 0.02, 0.1, 0.3]) {
      const errors: number[][] = [[], []];
      for (let seed = 0; seed < 60; seed++) {
        const [a, b] = pairOfTexts(length, changed, seed).map(shinglesOf);
        const exact = exactJaccard(a, b);
        for (const [k, hash] of [minHash, naiveMinHash].entries()) {
          const [x, y] = [new Int32Array(112), new Int32Array(112)];
          hash(a, a.length, x);
          hash(b, b.length, y);
          errors[k].push(estimateJaccard(x, y) - exact);
        }
      }
      for (const [k, list] of errors.entries()) {
        const bias = list.reduce((sum, e) => sum + e, 0) / list.length;
        const rms = Math.sqrt(list.reduce((sum, e) => sum + e * e, 0) / list.length);
        assert.ok(Math.abs(bias) < 0.05, `bias ${bias} of ${["one permutation", "naive"][k]} at ${length}, ${changed}`);
        assert.ok(rms < 0.12, `error ${rms} of ${["one permutation", "naive"][k]} at ${length}, ${changed}`);
      }
    }
  }
});

test("texts with the same shingles have the same signature, whatever their order and number", () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 50 }), (hashes) => {
      const [a, b] = [new Int32Array(64), new Int32Array(64)];
      minHash(Int32Array.from(hashes), hashes.length, a);
      const twice = [...hashes, ...hashes].reverse();
      minHash(Int32Array.from(twice), twice.length, b);
      assert.deepEqual(a, b);
    }),
  );
});

test("near-duplicates are found, and others not: precision and recall against the exact similarity", () => {
  let [found, right, wanted, recalled] = [0, 0, 0, 0];
  for (let seed = 0; seed < 400; seed++) {
    const [a, b] = pairOfTexts(200, [0, 0.01, 0.03, 0.2, 0.5][seed % 5], seed);
    const similarity = exactJaccard(shinglesOf(a), shinglesOf(b));
    const index = nearDuplicateIndex();
    index.add(a);
    const duplicate = index.add(b) === 0;
    if (duplicate) found++;
    // Within 0.05 of the threshold the estimate may err either way.
    if (duplicate && similarity >= 0.65) right++;
    if (similarity >= 0.75) {
      wanted++;
      if (duplicate) recalled++;
    }
    if (similarity >= 0.9) assert.ok(duplicate, `similarity ${similarity}`);
    if (similarity < 0.5) assert.ok(!duplicate, `similarity ${similarity}`);
  }
  assert.ok(wanted > 100 && found > 100);
  assert.ok(right / found > 0.95, `precision ${right / found}`);
  assert.ok(recalled / wanted > 0.9, `recall ${recalled / wanted}`);
});

test("an index that was restored from signatures decides as the one that made them", () => {
  const texts = Array.from({ length: 50 }, (_, i) => pairOfTexts(80, 0.02, i >> 1)[i % 2]);
  const index = nearDuplicateIndex();
  const restored = nearDuplicateIndex();
  const decisions = texts.map((text) => {
    const of = index.add(text);
    if (of < 0) restored.restore(index.signature);
    return of;
  });
  assert.equal(restored.size, index.size);
  for (const [i, text] of texts.entries()) if (decisions[i] >= 0) assert.equal(restored.add(text), decisions[i]);
  assert.throws(() => restored.restore(new Int32Array(3)), /signature of 112 places, found 3/);
});

test("URLs of the same page have one normal form", () => {
  const same = [
    "https://www.example.org/a/?b=2&a=1",
    "http://example.org:80/a?a=1&b=2#part",
    "HTTP://EXAMPLE.ORG/a/index.html?utm_campaign=z&a=1&b=2&fbclid=q",
  ];
  assert.deepEqual(new Set(same.map(normalizeUrl)), new Set(["example.org/a?a=1&b=2"]));
  assert.notEqual(normalizeUrl("http://example.org/A"), normalizeUrl("http://example.org/a"));
  const urls = urlSet();
  assert.deepEqual(same.map(urls.add), [true, false, false]);
  assert.throws(() => normalizeUrl("not a url"), /expected e.g. https:\/\/example.org\/, found "not a url"/);
});

test("normal forms are of their own normal form", () => {
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (url) => {
      const normal = normalizeUrl(url);
      assert.equal(normalizeUrl(`https://${normal}`), normal);
    }),
  );
  assert.equal(domainOf("https://www.mathoverflow.net/questions"), "mathoverflow.net");
  assert.equal(pathOf("https://mathoverflow.net/questions/1?x"), "/questions/1");
});
