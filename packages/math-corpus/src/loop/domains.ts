/**
 * Which domains are mathematical: those of which more than a tenth of the pages was collected (section 2.1).
 *
 * @module
 */

import { checkNumber } from "../check.ts";
import { domainOf, pathOf } from "../dedup/url.ts";

/** A part of a domain: its pages whose paths begin so. */
export interface PathCount {
  /** `domain/first`, the first step of the path; `domain/` for pages at the top. */
  readonly prefix: string;
  readonly pages: number;
  readonly collected: number;
}

/** A domain and what was collected of it. */
export interface DomainCount {
  readonly domain: string;
  readonly pages: number;
  readonly collected: number;
  /** Its parts, those with most pages that were not collected first. */
  readonly paths: readonly PathCount[];
}

/** Counts pages by domain and path; memory grows with the number of these. */
export interface DomainCounter {
  add(url: string, collected: boolean): void;
  readonly size: number;
  /**
   * The domains of which more than `share` was collected, those with most pages first.
   *
   * @param share Default 0.1, the paper's.
   * @param minPages Domains with fewer pages are left out. Default 1.
   */
  mathematical(share?: number, minPages?: number): DomainCount[];
}

/** Parts of one domain that are told apart; more are counted as `domain/*`. */
const MOST_PATHS = 1000;

/**
 * An empty counter.
 *
 * @example
 * ```ts
 * const counter = domainCounter();
 * for (let i = 0; i < 10; i++) counter.add(`https://a.org/questions/${i}`, i < 2);
 * counter.add("https://b.org/", false);
 * counter.mathematical(); // [{ domain: "a.org", pages: 10, collected: 2, paths: [{ prefix: "a.org/questions", … }] }]
 * ```
 */
export function domainCounter(): DomainCounter {
  const domains = new Map<string, { pages: number; collected: number; paths: Map<string, [number, number]> }>();
  return {
    get size() {
      return domains.size;
    },
    add(url, collected) {
      const name = domainOf(url);
      let domain = domains.get(name);
      if (!domain) {
        domain = { pages: 0, collected: 0, paths: new Map() };
        domains.set(name, domain);
      }
      domain.pages++;
      if (collected) domain.collected++;
      let prefix = prefixOf(url);
      if (!domain.paths.has(prefix) && domain.paths.size >= MOST_PATHS) prefix = `${name}/*`;
      const path = domain.paths.get(prefix) ?? [0, 0];
      path[0]++;
      if (collected) path[1]++;
      domain.paths.set(prefix, path);
    },
    mathematical(share = 0.1, minPages = 1) {
      checkNumber("count domains", "share", share, 0, 1);
      return [...domains]
        .filter(([, { pages, collected }]) => pages >= minPages && collected > share * pages)
        .map(([domain, { pages, collected, paths }]) => ({
          domain,
          pages,
          collected,
          paths: [...paths]
            .map(([prefix, [count, taken]]) => ({ prefix, pages: count, collected: taken }))
            .sort((a, b) => b.pages - b.collected - (a.pages - a.collected) || (a.prefix < b.prefix ? -1 : 1)),
        }))
        .sort((a, b) => b.pages - a.pages || (a.domain < b.domain ? -1 : 1));
    },
  };
}

/**
 * The part of a domain that a page belongs to: its host and the first step of its path, if more follows.
 *
 * @example
 * ```ts
 * prefixOf("https://www.a.org/questions/1/title"); // "a.org/questions"
 * prefixOf("https://a.org/about.html"); // "a.org/"
 * ```
 */
export function prefixOf(url: string): string {
  const path = pathOf(url);
  const end = path.indexOf("/", 1);
  return domainOf(url) + (end < 0 ? "/" : path.slice(0, end));
}

/**
 * Whether a page lies under one of the prefixes, each `domain` or `domain/path`: whole steps of the path count.
 *
 * @example
 * ```ts
 * const isUnder = underAny(["a.org/questions", "b.org"]);
 * isUnder("https://a.org/questions/7"); // true
 * isUnder("https://a.org/questions-old/7"); // false
 * isUnder("http://www.b.org/x/y"); // true
 * ```
 */
export function underAny(prefixes: Iterable<string>): (url: string) => boolean {
  const set = new Set(
    [...prefixes].map((prefix) => prefix.replace(/\/+$/, (slash, at) => (prefix.indexOf("/") === at ? slash : ""))),
  );
  return (url) => {
    const domain = domainOf(url);
    if (set.has(domain)) return true;
    const path = pathOf(url);
    // "a.org/" names the pages at the top only, "a.org" the whole domain.
    if (path.indexOf("/", 1) < 0 && set.has(`${domain}/`)) return true;
    for (let end = path.indexOf("/", 1); end > 0; end = path.indexOf("/", end + 1))
      if (set.has(domain + path.slice(0, end))) return true;
    return path.length > 1 && set.has(domain + path);
  };
}
