/**
 * The list that a person goes through between iterations: which parts of mathematical domains join the seed. A plain
 * file, to be edited anywhere.
 *
 * @module
 */

import { checkText } from "../check.ts";
import type { DomainCount, PathCount } from "./domains.ts";

/** What came back. */
export interface Review {
  /** Whether the person is done. */
  readonly done: boolean;
  /** What joins the seed. */
  readonly accepted: readonly string[];
}

/** Parts with fewer pages that were not collected are not worth a person's time. */
const WORTH = 1;

/**
 * A review file. Every part of a domain with pages that were not collected is a line.
 *
 * @param accept Marks lines beforehand. Default: none.
 *
 * @example
 * ```ts
 * const paths = [{ prefix: "a.org/questions", pages: 10, collected: 2 }];
 * const file = formatReview([{ domain: "a.org", pages: 10, collected: 2, paths }]);
 * // …
 * // reviewed: no
 * //
 * // - a.org/questions  2 of 10 pages collected, 8 would join
 * parseReview(file.replace("reviewed: no", "reviewed: yes").replace("- a.org", "+ a.org")); // { done: true, accepted: ["a.org/questions"] }
 * ```
 */
export function formatReview(
  domains: readonly DomainCount[],
  accept: (path: PathCount, domain: DomainCount) => boolean = () => false,
  reviewed: boolean = false,
): string {
  const lines = domains.flatMap((domain) => {
    const paths = domain.paths.filter(({ pages, collected }) => pages - collected >= WORTH);
    if (paths.length === 0) return [];
    return [
      "",
      `# ${domain.domain}: ${domain.collected} of ${domain.pages} pages collected`,
      ...paths.map((path) => {
        const mark = accept(path, domain) ? "+" : "-";
        return `${mark} ${path.prefix}  ${path.collected} of ${path.pages} pages collected, ${path.pages - path.collected} would join`;
      }),
    ];
  });
  return [
    "# Domains of which enough pages were collected to be called mathematical.",
    '# Put "+" before each part whose other pages shall join the seed, "-" before the rest; lines may be added:',
    '# "+ example.org" takes a whole domain, "+ example.org/a/b" what lies under a path, "+ example.org/" its top pages.',
    '# Then write "yes" for "no" and start again.',
    `reviewed: ${reviewed ? "yes" : "no"}`,
    ...lines,
    "",
  ].join("\n");
}

/**
 * Reads a review file.
 *
 * @throws {SyntaxError} A line is none of those; the message has its number.
 */
export function parseReview(text: string): Review {
  checkText("read the review", "text", text);
  let done: boolean | undefined;
  const accepted: string[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const state = /^reviewed:\s*(yes|no)\s*$/i.exec(line);
    const mark = /^([+-])\s*(\S+)/.exec(line);
    if (state) done = state[1].toLowerCase() === "yes";
    else if (mark?.[1] === "+") accepted.push(mark[2]);
    else if (!mark) {
      throw new SyntaxError(
        `Cannot read the review, line ${i + 1}: expected "+ prefix", "- prefix", "# …" or "reviewed: yes", found ${JSON.stringify(line.slice(0, 80))}`,
      );
    }
  }
  if (done === undefined)
    throw new SyntaxError('Cannot read the review: the line "reviewed: yes" or "reviewed: no" is missing');
  return { done, accepted };
}
