/**
 * What each element does to the text, found by a hash of its name: no string is made for a tag.
 *
 * @module
 */

/** An element whose tag is more than an inline one. */
export interface Element {
  readonly name: string;
  /** Begins and ends a line. */
  readonly block: boolean;
  /** Its content is no text of the page: code, forms, and what pages repeat around their text. */
  readonly skipped: boolean;
  /** In its content no tags are. */
  readonly raw: boolean;
  /** A cell of a table: a space is due. */
  readonly cell: boolean;
}

const LISTS = {
  block:
    "address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hr html legend li main menu nav ol option p pre section summary table tbody tfoot thead tr ul",
  skipped:
    "script style noscript template iframe object svg canvas select textarea button nav footer noembed noframes xmp audio video",
  raw: "script style textarea iframe noembed noframes xmp title",
  cell: "td th",
  other: "math img",
};

const PLACES = 4096;
const places: (Element | undefined)[] = new Array(PLACES).fill(undefined);
const lists = Object.fromEntries(Object.entries(LISTS).map(([kind, names]) => [kind, new Set(names.split(" "))]));
for (const name of new Set(Object.values(lists).flatMap((names) => [...names]))) {
  const { block, skipped, raw, cell } = lists;
  let place = hashName(new TextEncoder().encode(name), 0, name.length) & (PLACES - 1);
  while (places[place]) place = (place + 1) & (PLACES - 1);
  places[place] = {
    name,
    block: block.has(name),
    skipped: skipped.has(name),
    raw: raw.has(name),
    cell: cell.has(name),
  };
}

/** The element with the name that stands there, in either case; undefined if it is an inline one. */
export function elementAt(html: Uint8Array, start: number, end: number): Element | undefined {
  let place = hashName(html, start, end) & (PLACES - 1);
  for (let element = places[place]; element; element = places[place]) {
    if (isName(html, start, end, element.name)) return element;
    place = (place + 1) & (PLACES - 1);
  }
  return undefined;
}

function hashName(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash, 33) + (bytes[i] | 0x20);
  return hash ^ (hash >>> 12);
}

function isName(bytes: Uint8Array, start: number, end: number, name: string): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) if ((bytes[start + i] | 0x20) !== name.charCodeAt(i)) return false;
  return true;
}
