/**
 * One name for a page: what can differ between URLs of the same page goes.
 *
 * @module
 */

import { checkText } from "../check.ts";
import { hashText, type PairMap, pairMap } from "../text/pair_set.ts";

/** Parameters that tell a server where a visitor came from. */
const TRACKING = /^(utm_.*|fbclid|gclid|dclid|msclkid|mc_cid|mc_eid|igshid|ref_src|phpsessid|jsessionid|sessionid)$/i;

/**
 * A URL without what does not name the page: scheme, `www.`, user, default port, fragment, tracking parameters and
 * session ids, index files, a slash at the end; parameters in alphabetical order, the host in lower case.
 *
 * @throws {TypeError} The text is no URL.
 *
 * @example
 * ```ts
 * normalizeUrl("HTTPS://www.Example.org:443/a/index.html?utm_source=x&b=2&a=1#top"); // "example.org/a?a=1&b=2"
 * ```
 */
export function normalizeUrl(url: string): string {
  const { hostname, port, pathname, search } = parseUrl(url);
  const host = bareHost(hostname) + (port ? `:${port}` : "");
  const path = pathname
    .replace(/\/(index|default)\.(html?|php|aspx?|jsp)$/i, "/")
    .replace(/;jsessionid=[^/?]*$/i, "")
    .replace(/\/+$/, "");
  if (!search) return host + path;
  const query = search
    .slice(1)
    .split("&")
    .filter((pair) => pair !== "" && !TRACKING.test(pair.split("=")[0]))
    .sort()
    .join("&");
  return host + path + (query && `?${query}`);
}

/**
 * The domain of a page, which is its base URL in DeepSeekMath's sense: the host without `www.`.
 *
 * @throws {TypeError} The text is no URL.
 *
 * @example
 * ```ts
 * domainOf("https://www.mathoverflow.net/questions/1"); // "mathoverflow.net"
 * ```
 */
export function domainOf(url: string): string {
  return bareHost(parseUrl(url).hostname);
}

/**
 * The path of a page, as rules for seeds see it.
 *
 * @example
 * ```ts
 * pathOf("https://mathoverflow.net/questions/1?sort=new"); // "/questions/1"
 * ```
 */
export function pathOf(url: string): string {
  return parseUrl(url).pathname;
}

function parseUrl(url: string): URL {
  checkText("read the URL", "url", url);
  try {
    return new URL(url);
  } catch (cause) {
    throw new TypeError(`Cannot read the URL: expected e.g. https://example.org/, found ${JSON.stringify(url)}`, {
      cause,
    });
  }
}

function bareHost(hostname: string): string {
  return hostname.replace(/^www\d?\./, "");
}

/** Which URLs came before. 18 bytes a URL. */
export interface UrlSet {
  readonly size: number;
  /** Adds a URL; false if its normal form was there. */
  add(url: string): boolean;
  /** The same by a `urlHash`: to resume. */
  addHash(high: number, low: number): boolean;
}

/** The hash by which a `UrlSet` knows a URL, two halves of 32 bits. */
export function urlHash(url: string): readonly [number, number] {
  return hashText(normalizeUrl(url));
}

/**
 * An empty set of URLs, compared in their normal form by hashes of 64 bits: among a billion, one is taken for another
 * with a probability of 3%.
 *
 * @example
 * ```ts
 * const urls = urlSet();
 * urls.add("http://example.org/"); // true
 * urls.add("https://www.example.org/index.html"); // false
 * ```
 */
export function urlSet(): UrlSet {
  const seen: PairMap = pairMap();
  const addHash = (high: number, low: number): boolean => seen.add(high, low, 0) < 0;
  return {
    addHash,
    get size() {
      return seen.size;
    },
    add: (url) => addHash(...urlHash(url)),
  };
}
