/**
 * What a corpus looks like: sizes, scores, domains, scripts, formulas, repetition.
 *
 * @module
 */

import { wordReader } from "../text/words.ts";

/** What is known of a page beside its text. */
export interface QualityPage {
  readonly text: string;
  readonly domain?: string;
  /** The classifier's, from 0 to 1. */
  readonly score?: number;
}

/** A corpus in numbers. */
export interface QualityReport {
  readonly pages: number;
  readonly characters: number;
  readonly words: number;
  /** Words of pages at the 10th, 50th and 90th hundredth, to the nearest power of √2. */
  readonly pageWords: readonly [number, number, number];
  /** Pages by score: below 0.1, below 0.2 … */
  readonly scores: readonly number[];
  /** The domains with most pages. */
  readonly domains: readonly { readonly domain: string; readonly pages: number; readonly characters: number }[];
  readonly domainCount: number;
  /** Share of letters in each script, Latin first. */
  readonly scripts: Readonly<Record<string, number>>;
  /** Share of pages with a formula in TeX. */
  readonly formulas: number;
  /** Share of lines that stand in the same page before: menus, tables, spam. */
  readonly repeatedLines: number;
}

/** Collects pages for a report; memory grows with the number of domains only. */
export interface QualityCollector {
  add(page: QualityPage): void;
  report(): QualityReport;
}

const SCRIPTS = [
  "Latin",
  "Han",
  "Cyrillic",
  "Greek",
  "Arabic",
  "Hangul",
  "Hiragana",
  "Katakana",
  "Devanagari",
] as const;
const patterns = SCRIPTS.map((script) => [script, new RegExp(`\\p{Script=${script}}`, "gu")] as const);
const tex = /\$[^$\n]*[\\^_=][^$\n]*\$|\\\(|\\\[|\\begin\{|\\frac\b/;

/** Scripts are counted in this many characters at a page's beginning. */
const SCRIPT_SAMPLE = 2000;

/**
 * An empty collector.
 *
 * @param topDomains How many domains the report lists. Default 50.
 *
 * @example
 * ```ts
 * const quality = qualityCollector();
 * quality.add({ text: "Let $x^2 = 2$.", domain: "a.org", score: 0.93 });
 * const { pages, formulas, scores } = quality.report();
 * [pages, formulas, scores[9]]; // [1, 1, 1]
 * ```
 */
export function qualityCollector(topDomains: number = 50): QualityCollector {
  const read = wordReader();
  const domains = new Map<string, { pages: number; characters: number }>();
  const scores = new Array<number>(10).fill(0);
  const sizes = new Array<number>(80).fill(0);
  const letters = new Map<string, number>();
  let [pages, characters, words, formulas, lines, repeated] = [0, 0, 0, 0, 0, 0];
  return {
    add({ text, domain, score }) {
      pages++;
      characters += text.length;
      const count = read(text).words.length;
      words += count;
      sizes[Math.min(79, Math.round(2 * Math.log2(count + 1)))]++;
      if (score !== undefined) scores[Math.min(9, Math.floor(10 * score))]++;
      if (domain !== undefined) {
        const known = domains.get(domain) ?? { pages: 0, characters: 0 };
        known.pages++;
        known.characters += text.length;
        domains.set(domain, known);
      }
      const sample = text.slice(0, SCRIPT_SAMPLE);
      for (const [script, pattern] of patterns) {
        const found = sample.match(pattern)?.length ?? 0;
        if (found) letters.set(script, (letters.get(script) ?? 0) + found);
      }
      if (tex.test(text)) formulas++;
      const own = text.split("\n").filter((line) => line.trim() !== "");
      lines += own.length;
      repeated += own.length - new Set(own).size;
    },
    report() {
      const all = [...letters.values()].reduce((sum, count) => sum + count, 0);
      const sorted = [...domains].map(([domain, counts]) => ({ domain, ...counts }));
      sorted.sort((a, b) => b.pages - a.pages || (a.domain < b.domain ? -1 : 1));
      return {
        pages,
        characters,
        words,
        pageWords: [0.1, 0.5, 0.9].map((share) => quantile(sizes, share * pages)) as [number, number, number],
        scores: [...scores],
        domains: sorted.slice(0, topDomains),
        domainCount: domains.size,
        scripts: Object.fromEntries(
          SCRIPTS.filter((script) => letters.has(script)).map((script) => [script, (letters.get(script) ?? 0) / all]),
        ),
        formulas: pages ? formulas / pages : 0,
        repeatedLines: lines ? repeated / lines : 0,
      };
    },
  };
}

function quantile(sizes: readonly number[], rank: number): number {
  let seen = 0;
  const at = sizes.findIndex((count) => {
    seen += count;
    return seen >= rank && count > 0;
  });
  return at < 0 ? 0 : Math.round(2 ** (at / 2)) - 1;
}

/**
 * A report for people, in Markdown.
 *
 * @example
 * ```ts
 * formatQuality(qualityCollector().report()); // "- 0 pages of 0 domains, 0 words …"
 * ```
 */
export function formatQuality(report: QualityReport): string {
  const whole = (value: number): string => value.toLocaleString("en-US");
  const percent = (value: number): string => `${(100 * value).toFixed(1)}%`;
  const { pages, domainCount, words, characters, pageWords, scores, domains, scripts, formulas, repeatedLines } =
    report;
  return [
    `- ${whole(pages)} pages of ${whole(domainCount)} domains, ${whole(words)} words, ${whole(characters)} characters`,
    `- words a page: ${pageWords.map(whole).join(" / ")} at the 10th, 50th, 90th hundredth`,
    `- pages with formulas in TeX: ${percent(formulas)}; lines repeated within a page: ${percent(repeatedLines)}`,
    `- scripts: ${Object.entries(scripts)
      .map(([script, share]) => `${script} ${percent(share)}`)
      .join(", ")}`,
    `- pages by score, from [0, 0.1) on: ${scores.map(whole).join(", ")}`,
    "",
    "| domain | pages | characters |",
    "| --- | ---: | ---: |",
    ...domains.map((row) => `| ${row.domain} | ${whole(row.pages)} | ${whole(row.characters)} |`),
    "",
  ].join("\n");
}
