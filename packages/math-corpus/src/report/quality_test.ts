import assert from "node:assert/strict";
import { test } from "node:test";
import { formatQuality, qualityCollector } from "./quality.ts";

test("a report counts what it was given", () => {
  const quality = qualityCollector(1);
  quality.add({ text: "Let $x^2 = 2$.\nmenu\nmenu", domain: "a.org", score: 1 });
  quality.add({ text: "求解方程", domain: "b.org", score: 0.05 });
  quality.add({ text: "It costs $5 or 6$ more", domain: "a.org" });
  const report = quality.report();
  assert.deepEqual([report.pages, report.domainCount, report.words], [3, 2, 6 + 4 + 6]);
  assert.deepEqual(report.domains, [{ domain: "a.org", pages: 2, characters: 24 + 22 }]);
  assert.equal(report.scores[9] + report.scores[0], 2);
  assert.equal(report.formulas, 1 / 3);
  assert.equal(report.repeatedLines, 1 / 5);
  assert.ok(Math.abs(report.scripts.Han - 4 / (12 + 13 + 4)) < 0.05);
  assert.match(formatQuality(report), /\| a\.org \| 2 \| 46 \|/);
});
