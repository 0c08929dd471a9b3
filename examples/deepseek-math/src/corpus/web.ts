/**
 * A web in small: pages of worked arithmetic among pages of prose, lists and programs, on several domains, with copies, and
 * with some pages that give held-out problems away. A page is a function of the seed and its number.
 *
 * @module
 */

import type { Page } from "@gradus/math-corpus";
import { stream } from "@gradus/seeds";
import { problemAt } from "../problems/dataset.ts";
import { between, pick, pickWeighted, type RandomSource } from "../problems/draw.ts";
import type { GenerateOptions, Problem } from "../problems/generate.ts";
import { codeDocument } from "../problems/programs.ts";
import type { Style } from "../problems/solve.ts";
import type { CorpusSettings } from "../recipe/configuration.ts";

/** What a page is of, and where such pages are. */
const places = {
  sheets: "worked-sums.example/sheets",
  "word problems": "word-problems.example/sets",
  forum: "forum.example/arithmetic",
  garden: "forum.example/garden",
  stories: "stories.example/read",
  recipes: "kitchen.example/recipes",
  shop: "shop.example/items",
  programs: "snippets.example/python",
} as const;
type Place = keyof typeof places;

const isMath = (place: Place): boolean => place === "sheets" || place === "word problems" || place === "forum";

/** Whether a page of the web is mathematics: what the loop should find. */
export function isMathPage(url: string): boolean {
  return /worked-sums\.example|word-problems\.example|forum\.example\/arithmetic/.test(url);
}

/** Number of the first page of the seed. */
export const SEED: number = 2 ** 24;

/** One in so many pages is a copy of an earlier one, and one page of mathematics in so many gives a held-out problem away. */
export const COPIES: number = 40;
const LEAKS = 25;

/** What the web is made of. */
export interface WebOptions {
  readonly seed: number;
  readonly levels: GenerateOptions["level"];
  readonly corpus: Pick<CorpusSettings, "pages" | "mathShare" | "problemsPerPage" | "styles">;
  /** Held-out problems, some of which are on pages. */
  readonly heldOut: readonly Pick<Problem, "question" | "solutions">[];
}

/**
 * Page number `index`. Pages from {@linkcode SEED} on are where the search begins: worked sums only.
 *
 * @example
 * ```ts
 * const corpus = { pages: 100, mathShare: 0.3, problemsPerPage: 10, styles: { steps: 1 } };
 * webPage({ seed: 1, levels: 1, corpus, heldOut: [] }, 3).url; // e.g. "https://kitchen.example/recipes/3"
 * ```
 */
export function webPage(options: WebOptions, index: number): Page {
  const random = stream(options.seed, { purpose: "web", step: index });
  if (index % COPIES === COPIES - 1) {
    const copied = webPage(options, index - 1 - between(random, 0, COPIES - 2));
    return { url: `https://mirror.example/${index}`, html: copied.html };
  }
  const place = placeOf(options, random, index);
  const body = isMath(place) ? mathBody(options, random, place, index) : otherBody(random, place);
  const title = `${place}, number ${index}`;
  const html = `<!doctype html><html><head><title>${title}</title></head><body><nav><a href="/">Home</a></nav><h1>${title}</h1>${body}<footer>All rights reserved</footer></body></html>`;
  return { url: `https://${places[place]}/${index}`, html };
}

function placeOf({ corpus: { mathShare } }: WebOptions, random: RandomSource, index: number): Place {
  if (index >= SEED) return "sheets";
  const isMathematics = random.uniform() < mathShare;
  return isMathematics
    ? pickWeighted(random, { sheets: 3, "word problems": 2, forum: 2 })
    : pickWeighted(random, { garden: 1, stories: 3, recipes: 2, shop: 2, programs: 2 });
}

const intros: Readonly<Record<string, readonly string[]>> = {
  sheets: ["Sums with their solutions.", "Practice sheet. Every answer stands in its last line.", "More worked sums."],
  "word problems": ["Problems in words, solved line by line.", "A set of problems from daily life."],
  forum: ["Can somebody check these? I worked them out by myself.", "My homework of today, solved."],
};

function mathBody(options: WebOptions, random: RandomSource, kind: Place, index: number): string {
  const { seed, levels, corpus, heldOut } = options;
  const kinds = kind === "word problems" ? { kinds: { word: 1 } } : {};
  const blocks = Array.from({ length: corpus.problemsPerPage }, (_, i) => {
    // A stretch of the endless list that no other stage reads.
    const place = index < SEED ? 2 ** 27 + index * 128 : 2 ** 26 + (index - SEED) * 128;
    const problem = problemAt(seed, "train", place + i, { level: levels, ...kinds });
    return block(problem, random, corpus.styles);
  });
  if (heldOut.length > 0 && random.uniform() < 1 / LEAKS)
    blocks.splice(between(random, 0, blocks.length), 0, block(pick(random, heldOut), random, corpus.styles));
  return `<p>${pick(random, intros[kind])}</p><pre>\n\n${escaped(blocks.join("\n\n"))}\n</pre>`;
}

function block(
  { question, solutions }: Pick<Problem, "question" | "solutions">,
  random: RandomSource,
  styles: Readonly<Partial<Record<Style, number>>>,
): string {
  return `${question}\n${solutions[pickWeighted(random, styles)]}`;
}

const subjects = ["The old man", "My sister", "A fox", "The captain", "Our neighbour", "The teacher", "A small bird"];
const verbs = ["walked to", "looked at", "painted", "forgot", "cleaned", "dreamed of", "wrote about", "sold"];
const objects = [
  "the harbour",
  "a red door",
  "the garden",
  "an empty street",
  "the piano",
  "a long letter",
  "the hill",
];
const endings = ["before the rain came", "in the morning", "with great care", "and said nothing", "until it was dark"];
const foods = ["flour", "sugar", "butter", "milk", "onions", "rice", "beans", "salt", "cheese", "tomatoes"];
const goods = ["lamp", "chair", "jacket", "kettle", "bicycle", "mirror", "blanket", "radio", "clock", "basket"];
const plants = ["roses", "tulips", "herbs", "lettuce", "ivy", "ferns", "apple trees", "moss"];

function otherBody(random: RandomSource, place: Place): string {
  const lines = (count: number, line: () => string) => Array.from({ length: count }, line);
  const sentence = () =>
    `${pick(random, subjects)} ${pick(random, verbs)} ${pick(random, objects)} ${pick(random, endings)}.`;
  const count = between(random, 12, 30);
  switch (place) {
    case "recipes":
      return `<ul>${lines(8, () => `<li>${between(random, 2, 500)} g of ${pick(random, foods)}</li>`).join("")}</ul><p>${lines(count, () => `Stir the ${pick(random, foods)} for ${between(random, 2, 40)} minutes, then add the ${pick(random, foods)}.`).join(" ")}</p>`;
    case "shop":
      return `<table>${lines(count, () => `<tr><td>${pick(random, goods)}, ${pick(random, ["green", "blue", "large", "small"])}</td><td>$${between(random, 3, 400)}.${between(random, 10, 99)}</td><td>${between(random, 1, 60)} left, delivered in ${between(random, 2, 9)} days</td></tr>`).join("")}</table>`;
    case "garden":
      return `<p>${lines(count, () => `My ${pick(random, plants)} have grown ${between(random, 2, 30)} inches since ${pick(random, ["spring", "May", "last week"])}; should I water the ${pick(random, plants)} too?`).join(" ")}</p>`;
    case "programs":
      return `<pre>\n${escaped(lines(count, () => codeDocument(random)).join("\n\n"))}\n</pre>`;
    default:
      return `<p>${lines(count, sentence).join(" ")}</p>`;
  }
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
