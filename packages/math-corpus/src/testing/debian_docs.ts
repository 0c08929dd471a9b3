/**
 * Debian's documentation packages as a crawl with labels given by hand: a domain is a package, what lies under a path is
 * mathematics or not. Paths in which both lie side by side are not labelled.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { formatWarc } from "../archive/write_warc.ts";

/** A documentation package: where it lies, and which of its paths are what. */
interface Source {
  readonly domain: string;
  readonly root: string;
  readonly math: RegExp;
  readonly other: RegExp;
  /** Whether precision and recall are measured on it: it then stays out of seeds and reviews. */
  readonly heldOut: boolean;
  /** Whether most of it is mathematics: of such packages fewer pages are taken, as on the web. */
  readonly mathematical?: boolean;
}

const none = /(?!)/;
const doc = "/usr/share/doc";
/** Parts of SymPy's documentation about the program: installing, printing, plotting, testing … */
const aboutSympy =
  /\/modules\/(codegen|printing|parsing|plotting|interactive|testing|utilities|evalf|core|abc)|\/(contributing|guides|install|index|tutorials|reference)/;

/** The packages, in the order in which they are packed. */
export const sources: readonly Source[] = [
  {
    domain: "maxima.example",
    root: `${doc}/maxima-doc/html`,
    math: /./,
    other: none,
    heldOut: false,
    mathematical: true,
  },
  {
    domain: "sympy.example",
    root: `${doc}/python-sympy-doc/html/modules`,
    math: /./,
    other: aboutSympy,
    heldOut: false,
    mathematical: true,
  },
  {
    domain: "singular.example",
    root: `${doc}/singular/html`,
    math: /./,
    other: none,
    heldOut: false,
    mathematical: true,
  },
  { domain: "apache.example", root: `${doc}/apache2-doc/manual/en`, math: none, other: /./, heldOut: false },
  {
    domain: "python.example",
    root: `${doc}/python3.11/html/library`,
    math: /\/(math|cmath|fractions|statistics|numbers)\.html/,
    other: /\/(os|io|http|email|xml|asyncio|urllib|curses|tkinter|logging|sqlite3|socket|ssl|unittest)/,
    heldOut: false,
  },
  { domain: "handbook.example", root: `${doc}/debian-handbook/html/en-US`, math: none, other: /./, heldOut: false },
  {
    domain: "giac.example",
    root: "/usr/share/giac/doc/en/cascmd_en",
    math: /./,
    other: none,
    heldOut: true,
    mathematical: true,
  },
  {
    domain: "mpmath.example",
    root: `${doc}/python-mpmath-doc/html`,
    math: /\/(functions|calculus)\/|\/(matrices|identification)/,
    other: /\/(setup|basics|contexts|genindex|search)/,
    heldOut: true,
    mathematical: true,
  },
  {
    domain: "postgresql.example",
    root: `${doc}/postgresql-doc-15/html`,
    math: /\/functions-math\./,
    other: /\/(sql|app|catalog|view|runtime|libpq|ecpg|plpgsql|release|backup|ddl)/,
    heldOut: true,
  },
  { domain: "git.example", root: `${doc}/git-doc`, math: none, other: /./, heldOut: true },
  {
    domain: "sqlite.example",
    root: `${doc}/sqlite3`,
    math: /\/lang_mathfunc/,
    other: /\/(c3ref|session|releaselog|syntax|pragma|fts|howto|faq|wal|lockingv3|fileformat)/,
    heldOut: true,
  },
];

/** The packages that are not installed here. */
export function missingDocs(): string[] {
  return sources.filter(({ root }) => !existsSync(root)).map(({ root }) => root);
}

/** What a page is, by hand; undefined where no label was given. */
export function labelOf(url: string): { label: boolean | undefined; heldOut: boolean } {
  const { hostname, pathname } = new URL(url);
  const source = sources.find(({ domain }) => domain === hostname);
  if (!source) return { label: undefined, heldOut: false };
  const label = source.other.test(pathname) ? false : source.math.test(pathname) ? true : undefined;
  return { label, heldOut: source.heldOut };
}

/** The pages of a package, at most so many, spread over all of it. */
export function* docPages({ domain, root }: Source, most: number): Generator<{ url: string; html: string }> {
  const files = (readdirSync(root, { recursive: true }) as string[]).filter((name) =>
    /\.html?(\.gz|\.en)?$/.test(name),
  );
  files.sort();
  const step = Math.max(1, files.length / most);
  for (let at = 0; at < files.length; at += step) {
    const name = files[Math.floor(at)];
    const bytes = readFileSync(join(root, name));
    const html = (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
    if (html)
      yield {
        url: `https://${domain}/${name
          .split(/[\\/]/)
          .slice(-2)
          .join("/")
          .replace(/\.(gz|en)$/, "")}`,
        html,
      };
  }
}

/** A package as a WARC file, each record a gzip member. */
export function packWarc(source: Source, most: number): Buffer {
  return Buffer.concat([...docPages(source, most)].map((page) => gzipSync(formatWarc(page), { level: 1 })));
}
