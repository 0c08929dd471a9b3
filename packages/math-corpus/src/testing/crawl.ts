/** A small crawl: two mathematical domains, one half so, and others. */

import { stream } from "@gradus/seeds";
import type { Page } from "../archive/page.ts";

const MATH =
  "theorem proof let integral derivative matrix sum equation prime number function limit continuous x y n = + group ring vector".split(
    " ",
  );
const OTHER =
  "server user click install weather bread travel music table price news game team house street car film city photo garden".split(
    " ",
  );
const COMMON = "the of a to is in and that for with we it as this by".split(" ");

/** A text of `length` words on its subject, with common words between. */
export function sampleText(subject: "math" | "other", length: number, seed: number): string {
  const random = stream(seed, { purpose: `corpus sample ${subject}` });
  const own = subject === "math" ? MATH : OTHER;
  return Array.from({ length }, (_, i) => {
    const list = random.uniform() < 0.5 ? COMMON : random.uniform() < 0.9 ? own : subject === "math" ? OTHER : MATH;
    return list[random.integer(0, list.length)] + (i % 12 === 11 ? ".\n" : "");
  }).join(" ");
}

/** Whether a page of `sampleCrawl` is mathematical. */
export function isMath(url: string): boolean {
  return /algebra\.example|analysis\.example|campus\.example\/math|mirror[012]\.example/.test(url);
}

/** Pages of the crawl in a mixed order, duplicates among them. */
export function sampleCrawl(pagesPerDomain: number): Page[] {
  const paths = ["algebra.example/q", "analysis.example/notes", "campus.example/math", "campus.example/sports"];
  const others = ["news.example/a", "shop.example/item", "blog.example/2024", "wiki.example/city"];
  const pages: Page[] = [];
  for (let i = 0; i < pagesPerDomain; i++) {
    for (const [j, path] of [...paths, ...others].entries()) {
      const url = `https://${path}/${i}`;
      const text = sampleText(isMath(url) ? "math" : "other", 150, 1000 * j + i);
      pages.push(
        i % 2 ? { url, text } : { url, html: `<html><nav>menu</nav><p>${text.replaceAll("\n", "<p>")}</html>` },
      );
      if (i % 10 === 3) pages.push({ url: `http://www.${path}/${i}#again`, text });
      if (i % 10 === 7) pages.push({ url: `https://mirror${j}.example/${i}`, text: `${text} Copied.` });
    }
  }
  return pages;
}
