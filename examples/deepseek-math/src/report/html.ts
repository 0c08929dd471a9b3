/**
 * HTML as strings, escaped by default: the tag `html` escapes every value that is not itself made by `html`.
 *
 * @module
 */

/** Markup that is safe to put into a page. */
export interface Markup {
  readonly markup: string;
}

/** What may stand in an `html` template. Lists are joined; `undefined`, `null` and `false` leave nothing. */
export type Child = string | number | Markup | undefined | null | false | readonly Child[];

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/**
 * Text with the five characters that mean something in HTML replaced; safe in content and in quoted attributes.
 *
 * @example
 * ```ts
 * escapeHtml('<b title="x">'); // "&lt;b title=&quot;x&quot;&gt;"
 * ```
 */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character]);
}

/**
 * A template whose values are escaped.
 *
 * @example
 * ```ts
 * html`<p>${"1 < 2"}</p>`.markup; // "<p>1 &lt; 2</p>"
 * ```
 */
export function html(strings: TemplateStringsArray, ...children: readonly Child[]): Markup {
  return { markup: strings.reduce((text, string, i) => text + render(children[i - 1]) + string) };
}

function render(child: Child): string {
  if (child === undefined || child === null || child === false) return "";
  if (typeof child === "string") return escapeHtml(child);
  if (typeof child === "number") return String(child);
  if ("markup" in child) return child.markup;
  return child.map(render).join("");
}
