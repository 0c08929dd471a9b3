import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { domainCounter, prefixOf, underAny } from "./domains.ts";
import { formatReview, parseReview } from "./review.ts";
import { type Keep, scoreHistogram } from "./selection.ts";

test("the threshold keeps as many of the best pages as the limit allows, and no more", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          score: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.29, 0.57, 1)),
          words: fc.nat(1000),
        }),
        {
          maxLength: 60,
        },
      ),
      fc.nat(100),
      (pages, limit) => {
        const histogram = scoreHistogram();
        for (const { score, words } of pages) histogram.add(score, words);
        const kept = (keep: Keep) => pages.filter(({ score }) => score >= histogram.threshold(keep));
        assert.ok(kept({ pages: limit }).length <= limit);
        assert.ok(kept({ words: 50 * limit }).reduce((sum, { words }) => sum + words, 0) <= 50 * limit);
        // With distinct bins nothing more would have fitted.
        const bins = new Set(pages.map(({ score }) => Math.floor(score * 2 ** 17)));
        if (bins.size === pages.length) assert.equal(kept({ pages: limit }).length, Math.min(limit, pages.length));
      },
    ),
  );
});

test("a limit that says nothing, or two things, is refused", () => {
  assert.throws(() => scoreHistogram().threshold({} as Keep), /keep must be \{ words \}/);
  assert.throws(() => scoreHistogram().threshold({ pages: 1, share: 1 } as Keep), /keep must be/);
  assert.throws(() => scoreHistogram().threshold({ share: 2 }), /keep.share must be a number from 0 to 1, found 2/);
});

test("a domain is mathematical from more than a tenth on, not at a tenth", () => {
  const counter = domainCounter();
  for (let i = 0; i < 10; i++) {
    counter.add(`https://tenth.org/a/${i}`, i === 0);
    counter.add(`https://fifth.org/${i < 5 ? "a" : "b"}/${i}`, i < 2);
  }
  const [only, ...others] = counter.mathematical();
  assert.deepEqual(others, []);
  assert.deepEqual(only, {
    domain: "fifth.org",
    pages: 10,
    collected: 2,
    paths: [
      { prefix: "fifth.org/b", pages: 5, collected: 0 },
      { prefix: "fifth.org/a", pages: 5, collected: 2 },
    ],
  });
  assert.equal(counter.mathematical(0.1, 11).length, 0);
  assert.equal(counter.size, 2);
});

test("a page lies under its own prefix, and under its domain", () => {
  fc.assert(
    fc.property(fc.webUrl(), (url) => {
      assert.ok(underAny([prefixOf(url)])(url));
      assert.ok(underAny([prefixOf(url).split("/")[0]])(url));
      assert.ok(!underAny(["other.invalid"])(url));
    }),
  );
  assert.ok(!underAny(["a.org/"])("https://a.org/deep/page"));
  assert.ok(underAny(["a.org/x/y/"])("https://a.org/x/y/z"));
});

test("a review that nobody edited accepts nothing and is not done; marks and the state are read back", () => {
  const counter = domainCounter();
  for (let i = 0; i < 9; i++) counter.add(`https://a.org/${i % 3}/${i}`, i < 4);
  const domains = counter.mathematical();
  assert.deepEqual(parseReview(formatReview(domains)), { done: false, accepted: [] });
  const all = parseReview(formatReview(domains, () => true, true));
  assert.deepEqual(all, { done: true, accepted: ["a.org/1", "a.org/2", "a.org/0"] });
  assert.deepEqual(parseReview("reviewed: yes\r\n+ b.org\r\n").accepted, ["b.org"]);
});

test("a review with a line that says nothing is an error with its number", () => {
  assert.throws(() => parseReview("reviewed: yes\n* a.org"), /line 2: expected .* found "\* a.org"/);
  assert.throws(() => parseReview("+ a.org"), /"reviewed: yes" or "reviewed: no" is missing/);
});
