/**
 * The text of an HTML page. Tags are skipped as the tokenizer of the HTML standard (section 13.2.5) skips them, without
 * building a tree; blocks become lines. Formulas stay: TeX in MathML annotations, MathJax scripts and the alternative
 * text of formula images is written between dollar signs, as OpenWebMath does.
 *
 * @module
 */

import { decodeHTML } from "entities";
import { checkText } from "../check.ts";
import { elementAt } from "./elements.ts";
import { appendCollapsed, copyPreformatted, copyText, endLine, NOTHING, type Output, SPACE_DUE } from "./output.ts";
import { attribute, declarationEnd, findEndTag, findNestedEnd, tagEnd } from "./tags.ts";

/** What a page says. */
export interface ExtractedPage {
  /** Its title, "" without one. */
  readonly title: string;
  /** Its text: a line for each block, no empty lines but those of `<pre>`. */
  readonly text: string;
}

/** The same in UTF-8. The bytes of the text are overwritten by the next call. */
export interface ExtractedBytes {
  readonly title: Uint8Array;
  readonly text: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const NO_TITLE = new Uint8Array();
/** Elements are looked through for their ends, and then often once more: in all at most so many times a page's length. */
const LOOKS = 8;

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
  const { title, text } = extract(encoder.encode(html));
  return { title: decodeHTML(decoder.decode(title)).replace(/\s+/g, " ").trim(), text: decoder.decode(text) };
}

const extract = textExtractor();

/** A function that extracts text from UTF-8 and keeps its room from page to page. */
export function textExtractor(): (html: Uint8Array) => ExtractedBytes {
  const output: Output = { bytes: new Uint8Array(2 ** 16), length: 0, due: NOTHING, solid: 0 };
  return (html) => {
    // No reference stands for more than twice its own bytes ("&nGt;", five, for six).
    if (output.bytes.length < 2 * html.length + 16) output.bytes = new Uint8Array(4 * html.length + 16);
    output.length = 0;
    output.solid = 0;
    output.due = NOTHING;
    const title = walk(html, output);
    return { title, text: output.bytes.subarray(0, output.solid) };
  };
}

/** Walks from tag to tag; returns the title. */
function walk(html: Uint8Array, output: Output): Uint8Array {
  let title: Uint8Array = NO_TITLE;
  let preformatted = 0;
  let looks = LOOKS * html.length;
  let at = 0;
  while (at < html.length) {
    const open = preformatted > 0 ? copyPreformatted(html, at, output) : copyText(html, at, output);
    if (open >= html.length) break;
    const next = html[open + 1];
    if (next === 0x21 || next === 0x3f) {
      at = declarationEnd(html, open);
      continue;
    }
    const closing = next === 0x2f;
    const nameStart = open + (closing ? 2 : 1);
    let nameEnd = nameStart;
    while (nameEnd < html.length && isNameByte(html[nameEnd])) nameEnd++;
    const element = elementAt(html, nameStart, nameEnd);
    at = tagEnd(html, nameEnd);
    if (!element) continue;
    const { name, block, skipped, raw, cell } = element;
    if (closing) {
      if (block) endLine(output);
      if (name === "pre" && preformatted > 0) preformatted--;
    } else if (name === "title") {
      const end = findEndTag(html, name, at);
      if (title.length === 0) title = html.subarray(at, end);
      at = end;
    } else if (name === "math" && looks > 0) {
      const end = findEndTag(html, name, at);
      looks -= end - at;
      const tex = texOf(decoder.decode(html.subarray(open, at)), decoder.decode(html.subarray(at, end)));
      if (tex) {
        appendCollapsed(output, encoder.encode(decodeHTML(tex)));
        at = end;
      }
    } else if (skipped) {
      const start = at;
      if (raw) at = findEndTag(html, name, at);
      else if (looks > 0) {
        const end = findNestedEnd(html, name, at);
        looks -= (end < 0 ? html.length : end) - at;
        // Never closed: the tag only is skipped, lest the rest of the page be lost.
        if (end >= 0) at = end;
      }
      if (name === "script" && /math\/tex/i.test(decoder.decode(html.subarray(open, start))))
        appendCollapsed(output, encoder.encode(`$${decoder.decode(html.subarray(start, at)).trim()}$`));
      if (block) endLine(output);
    } else if (name === "img") {
      const tag = decoder.decode(html.subarray(open, at));
      const isFormula = /class\s*=\s*["']?[^"'>]*\b(tex|latex|math|mwe-math)/i.test(tag);
      const alt = isFormula && attribute(tag, "alt");
      if (alt) appendCollapsed(output, encoder.encode(`$${decodeHTML(alt)}$`));
    } else if (block) {
      endLine(output);
      if (name === "pre") preformatted++;
    } else if (cell && output.due === NOTHING) output.due = SPACE_DUE;
  }
  return title;
}

/** TeX of a MathML element, between dollar signs: of its annotation or its `alttext`. */
function texOf(tag: string, content: string): string {
  const annotation = /<annotation[^>]*encoding\s*=\s*["']?(?:application\/x-tex|TeX|LaTeX)[^>]*>([^<]*)</i.exec(
    content,
  );
  const tex = annotation?.[1] ?? attribute(tag, "alttext");
  return tex ? `$${tex.trim()}$` : "";
}

function isNameByte(byte: number): boolean {
  return byte > 0x20 && byte !== 0x2f && byte !== 0x3e;
}
