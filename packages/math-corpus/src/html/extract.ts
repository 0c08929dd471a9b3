/**
 * The text of an HTML page. Tags are skipped as the tokenizer of the HTML standard (section 13.2.5) skips them, without
 * building a tree; blocks become lines. Formulas stay: TeX in MathML annotations, MathJax scripts and the alternative
 * text of formula images is written between dollar signs, as OpenWebMath does.
 *
 * @module
 */

import { decodeHTML } from "entities";
import { checkText } from "../check.ts";
import { appendCollapsed, type Lines } from "./lines.ts";
import { attribute, findEndTag, tagEnd } from "./tags.ts";

/** What a page says. */
export interface ExtractedPage {
  /** Its title, "" without one. */
  readonly title: string;
  /** Its text: a line for each block, no empty lines but those of `<pre>`. */
  readonly text: string;
}

/** Content that is no text of the page: code, forms, and what pages repeat around their text. */
const SKIPPED = new Set(
  "script style noscript template iframe object svg canvas select textarea button nav footer noembed noframes xmp audio video".split(
    " ",
  ),
);
/** Content in which no tags are. */
const RAW = new Set("script style textarea iframe noembed noframes xmp title".split(" "));
const BLOCKS = new Set(
  "address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hr html legend li main menu nav ol option p pre section summary table tbody tfoot thead tr ul".split(
    " ",
  ),
);
const CELLS = new Set(["td", "th"]);

/**
 * Extracts the text of a page.
 *
 * @example
 * ```ts
 * extractText("<title>T</title><p>Let <i>x</i> &lt; 2.<p>Then").text; // "Let x < 2.\nThen"
 * extractText('<script type="math/tex">x^2</script>').text; // "$x^2$"
 * ```
 */
export function extractText(html: string): ExtractedPage {
  checkText("extract the text", "html", html);
  const lines: Lines = { text: "", space: false, line: true };
  let title = "";
  let preformatted = 0;
  let at = 0;
  while (at < html.length) {
    let open = html.indexOf("<", at);
    // "a < b": a bracket that begins no tag is text.
    while (open >= 0 && !beginsTag(html.charCodeAt(open + 1))) open = html.indexOf("<", open + 1);
    if (open < 0) open = html.length;
    if (open > at) appendText(lines, html.slice(at, open), preformatted > 0);
    if (open === html.length) break;

    const next = html.charCodeAt(open + 1);
    if (next === 0x21 || next === 0x3f) {
      at = skipDeclaration(html, open);
      continue;
    }
    const closing = next === 0x2f;
    const nameStart = open + (closing ? 2 : 1);
    let nameEnd = nameStart;
    while (nameEnd < html.length && isNameUnit(html.charCodeAt(nameEnd))) nameEnd++;
    const name = html.slice(nameStart, nameEnd).toLowerCase();
    at = tagEnd(html, nameEnd);

    if (closing) {
      if (name === "pre" && preformatted > 0) preformatted--;
      if (BLOCKS.has(name)) lines.line = true;
    } else if (name === "title") {
      const end = findEndTag(html, "title", at);
      title ||= decodeHTML(html.slice(at, end)).replace(/\s+/g, " ").trim();
      at = end;
    } else if (name === "math") {
      const end = findEndTag(html, "math", at);
      const tex = texOf(html.slice(open, at), html.slice(at, end));
      if (tex) {
        appendText(lines, tex, false);
        at = end;
      }
    } else if (SKIPPED.has(name)) {
      const tag = html.slice(open, at);
      const end = RAW.has(name) ? findEndTag(html, name, at) : skipNested(html, name, at);
      if (name === "script" && /math\/tex/i.test(tag))
        appendText(lines, `$${html.slice(at, end).trim()}$`, false, true);
      if (BLOCKS.has(name)) lines.line = true;
      at = end;
    } else if (name === "img") {
      const tag = html.slice(open, at);
      if (/class\s*=\s*["']?[^"'>]*\b(tex|latex|math|mwe-math)/i.test(tag)) {
        const alt = attribute(tag, "alt");
        if (alt) appendText(lines, `$${decodeHTML(alt)}$`, false, true);
      }
    } else if (BLOCKS.has(name)) {
      lines.line = true;
      if (name === "pre") preformatted++;
    } else if (CELLS.has(name)) lines.space = true;
  }
  return { title, text: lines.text };
}

/** TeX of a MathML element, between dollar signs: of its annotation or its `alttext`. */
function texOf(tag: string, content: string): string {
  const annotation = /<annotation[^>]*encoding\s*=\s*["']?(?:application\/x-tex|TeX|LaTeX)[^>]*>([^<]*)</i.exec(
    content,
  );
  const tex = annotation?.[1] ?? attribute(tag, "alttext");
  return tex ? `$${tex.trim()}$` : "";
}

function appendText(lines: Lines, text: string, preformatted: boolean, decoded = false): void {
  const plain = decoded || !text.includes("&") ? text : decodeHTML(text);
  appendCollapsed(lines, plain, preformatted);
}

/** Whether a tag, an end tag, a comment or a declaration begins with this unit after "<". */
function beginsTag(unit: number): boolean {
  const letter = unit | 0x20;
  return (letter >= 0x61 && letter <= 0x7a) || unit === 0x2f || unit === 0x21 || unit === 0x3f;
}

function isNameUnit(unit: number): boolean {
  return unit > 0x20 && unit !== 0x2f && unit !== 0x3e;
}

function skipDeclaration(html: string, open: number): number {
  if (html.startsWith("<!--", open)) {
    // The standard ends "<!-->" and "<!--->" at once.
    if (html.startsWith(">", open + 4)) return open + 5;
    if (html.startsWith("->", open + 4)) return open + 6;
    const end = html.indexOf("-->", open + 4);
    return end < 0 ? html.length : end + 3;
  }
  const end = html.indexOf(">", open);
  return end < 0 ? html.length : end + 1;
}

/** Where the content of an element ends in which others of its name may lie. */
function skipNested(html: string, name: string, from: number): number {
  const pattern = new RegExp(`<(/?)${name}(?=[\\s/>])`, "gi");
  pattern.lastIndex = from;
  let depth = 1;
  for (let match = pattern.exec(html); match; match = pattern.exec(html)) {
    depth += match[1] ? -1 : 1;
    if (depth === 0) return match.index;
  }
  // Never closed: skip the tag only, lest the rest of the page be lost.
  return from;
}
