/**
 * Finds the answer in a solution.
 *
 * @module
 */
import { checkObject, checkString } from "../found.ts";
import { asciiDigits, singleBackslashes } from "../normalize.ts";
import { MAGNITUDE } from "../structure/units.ts";
import { findBoxes, type Span } from "./boxed.ts";
import { findNumbers, unitAt } from "./last_number.ts";
import { broken, findMath } from "./math_spans.ts";

/** Where an answer was found. */
export type AnswerSource = "boxed" | "final-answer" | "hashes" | "answer-is" | "math" | "number" | "whole";

/** How `extractAnswer` searches. */
export interface ExtractOptions {
  /**
   * The last number of the text may be the answer when nothing else marks one, and short texts may be answers as a whole.
   * Default `true`; `false` accepts only answers that are marked (boxes, "the answer is", `####`, formulas).
   */
  fallback?: boolean;
}

/** An answer and where it was found. */
export interface FoundAnswer {
  readonly answer: string;
  readonly source: AnswerSource;
  /** The answer with the unit or currency beside it, where it is a number picked from prose. */
  readonly quantity?: string;
}

/** Longer texts are searched from their end. */
const MAX_TEXT = 100_000;
/** Longer texts are no answers as they stand. */
const MAX_WHOLE = 400;

/**
 * The answer in a model's text, or `null`. In this order of preference:
 *
 * 1. of the text after `</think>` or inside the last `<answer>`,
 * 2. whichever comes last of `\boxed{…}` (balanced braces; several that "and", "or" or a comma join count as one list),
 *    "final answer is …" and `#### …`,
 * 3. "the answer is …", "answer: …",
 * 4. the last formula (`$…$`, `\[…\]`), again joined with its neighbours,
 * 5. a short text without prose as a whole, else its last number.
 *
 * @param text a solution, or an answer alone
 * @returns the answer as it is written there; lists joined with commas
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(extractAnswer("So $x^2 = 4$ and $x$ is \\boxed{\\frac{4}{2}}."), "\\frac{4}{2}");
 * assert.equal(extractAnswer("She makes 9 * 2 = $18 a day.\n#### 18"), "18");
 * assert.equal(extractAnswer("They have 5 apples left."), "5");
 * assert.equal(extractAnswer("I do not know."), null);
 * ```
 */
export function extractAnswer(text: string, options: ExtractOptions = {}): string | null {
  checkString("extract an answer", "text", text);
  checkObject("extract an answer", "options", options);
  const { fallback = true } = options;
  const readings = findAnswers(text);
  const [first, second] = readings;
  if (fallback && first?.source === "whole" && second?.source === "number" && isShortSentence(first.answer))
    return second.answer;
  for (const { answer, source } of readings) {
    if (source !== "number" && source !== "whole") return answer;
    if (fallback && !(source === "whole" && isSentence(answer))) return answer;
  }
  return null;
}

/** All readings of a text, the most likely first. Only the first that is marked, but both a whole text and its number. */
export function findAnswers(text: string): FoundAnswer[] {
  const solution = solutionIn(text);
  const tag = solution.lastIndexOf("<answer>");
  const tagged = tag >= 0 && /<answer>([\s\S]*?)(?:<\/answer>|$)/.exec(solution.slice(tag));
  const source = singleBackslashes(tagged ? tagged[1] : solution);
  const boxes = findBoxes(source);
  const last = boxes[boxes.length - 1];
  // Most texts need no search: an expression's first use costs ten times a look for its letters.
  const named = source.includes("nswer") || source.includes("NSWER");
  const final = named ? lastMatch(source, /final\s+answers?\b(?:\s*(?:is|are|will be)\b)?/gi) : undefined;
  const hash = source.lastIndexOf("####");
  const hashes = hash < 0 ? undefined : { start: hash, end: hash + 4 };
  const place = Math.max(last?.start ?? -1, final?.start ?? -1, hashes?.start ?? -1);

  if (last && last.start === place) return marked(source, joined(source, boxes, isBoxJoint), "boxed");
  if (hashes && hashes.start === place) {
    const line = source.slice(hashes.end).trimStart().split("\n", 1)[0].trim();
    return line ? readings(line, "hashes") : [];
  }
  if (final && final.start === place) {
    const found = afterAnchor(source, final.end, "final-answer");
    if (found.length && !(last && isSentence(found[0].answer))) return found;
    if (last) return marked(source, joined(source, boxes, isBoxJoint), "boxed");
  }
  const anchor =
    named && lastMatch(source, /\banswers?\s*(?:is|are|should be|must be|would be|will be|=|:)(?!\s+not\b)/gi);
  if (anchor) {
    const found = afterAnchor(source, anchor.end, "answer-is");
    if (found.length) return found;
  }
  const choice = choiceAtEnd(source);
  if (choice) return [{ answer: choice, source: "answer-is" }];
  const formulas = findMath(source);
  while (formulas.length > 1 && isCondition.test(source.slice(formulas.at(-2)!.end, formulas.at(-1)!.start)))
    formulas.pop();
  if (formulas.length) return marked(source, joined(source, formulas, isMathJoint), "math");
  const rest = source.includes("\n") ? source.replace(broken, " ") : source;
  return readings((named ? rest.replace(negated, " ") : rest).trim(), undefined);
}

/**
 * Three words or more, the first with a capital, and one number: "Elle a 12 pommes." The first use of an expression with
 * Unicode classes costs 3 ms and more.
 */
const isShortSentence = (line: string): boolean =>
  (foreign.test(line) ? /^\p{Lu}\p{Ll}*(?:\s+\S+){2}/u : /^[A-Z][a-z]*(?:\s+\S+){2}/).test(line) &&
  findNumbers(line).length === 1;

const choices = [
  /^(?:[Oo]ption|[Cc]hoice) *\(?([A-J])\)?$/,
  /\b(?:correct|right|best) (?:option|choice|answer) is:? *\(?([A-J])\)?$/,
  /\b(?:[Ss]o|[Tt]hus|[Hh]ence|[Tt]herefore|choose|select|pick|is),? *(?:the )?(?:correct |right )?(?:[Oo]ption|[Cc]hoice) *(?:is)?:? *\(?([A-J])\)?$/,
  /(?<![\w']|\bor |\band )\(?([A-J])\)? is (?:the )?(?:correct|right|best)(?: (?:option|choice|answer|one))?$/,
];

/** The letter of a multiple choice with which a text ends: "so, option D", "(D) is correct". */
function choiceAtEnd(text: string): string | undefined {
  const end = text
    .slice(-120)
    .replace(/[*_`$]/g, "")
    .replace(/[\s.!]+$/, "")
    .replace(/^[\s\S]*[.!?\n]/, "");
  if (/\bnot\b|n't\b|\bwhether\b|\bif\b/.test(end)) return undefined;
  for (const pattern of choices) {
    const match = pattern.exec(end);
    if (match) return match[1];
  }
  return undefined;
}

/** Between an answer and what it holds for: "$2n$ for all $n > 0$". */
const isCondition = /^[\s,(]{0,4}(?:where|if|with|for (?:all|any|every|some|each))\s{0,3}$/;

/** What is said not to be the answer. */
const negated = /\b(?:the )?answers? (?:is|are)(?: not|n't)\b[^.\n]*/gi;

const otherDigits = /[٠-٩۰-۹०-९০-৯๐-๙０-９]/;

function solutionIn(text: string): string {
  let solution = text.length > MAX_TEXT ? text.slice(-MAX_TEXT) : text;
  const stop = solution.includes("<|") ? solution.search(/<\|(?:im_end|im_start|endoftext|eot_id|end)\|>/) : -1;
  if (stop > 0) solution = solution.slice(0, stop);
  if (otherDigits.test(solution)) solution = asciiDigits(solution);
  const thought = solution.lastIndexOf("</think>");
  if (thought >= 0 && solution.slice(thought + 8).trim()) solution = solution.slice(thought + 8);
  return solution;
}

function lastMatch(text: string, pattern: RegExp): { start: number; end: number } | undefined {
  let last: { start: number; end: number } | undefined;
  for (const match of text.matchAll(pattern)) last = { start: match.index, end: match.index + match[0].length };
  return last;
}

interface Joined {
  readonly answer: string;
  readonly end: number;
}

/** The last span and those before it that a joint connects, as one list. */
function joined(text: string, spans: readonly Span[], joint: (gap: string) => string | undefined): Joined {
  let index = spans.length - 1;
  const { end } = spans[index];
  let answer = spans[index].content.trim();
  while (index > 0) {
    const word = joint(text.slice(spans[index - 1].end, spans[index].start));
    if (word === undefined) break;
    index--;
    answer = `${spans[index].content.trim()}${word}${answer}`;
  }
  return { answer, end };
}

function isBoxJoint(gap: string): string | undefined {
  if (gap.length > 60) return undefined;
  const words = gap
    .replace(/\\text\s*\{([^{}]*)\}/g, " $1 ")
    .replace(/\\q?quad|\\[()[\],; ]|\$/g, " ")
    .trim();
  const match = /(?:^|[\s,;(){}])(and|or|,|;|&)$|([,;])$/.exec(words);
  if (!match || /[.!?:\n]/.test(words)) return undefined;
  return match[1] === "or" ? " or " : ", ";
}

function isMathJoint(gap: string): string | undefined {
  const match = /^\s*[,;]?\s*(and|or|&)?\s*$/i.exec(gap);
  if (!match || !gap.trim()) return undefined;
  return match[1]?.toLowerCase() === "or" ? " or " : ", ";
}

function marked(text: string, { answer, end }: Joined, source: AnswerSource): FoundAnswer[] {
  if (!answer) return [];
  const after = text.slice(end, end + 40).replace(/^(?:\$|\\[)\]])+/, "");
  const number =
    /[\d}]$/.test(answer) && !/[a-zA-Z=<>,](?![a-zA-Z]*\{)/.test(answer.replace(/\{,\}|(?<=\d),(?=\d{3})/g, ""));
  const magnitude = number && magnitudeAt.exec(after)?.[0];
  if (magnitude) return [{ answer: `${answer}\\text{${magnitude}}`, source }];
  const unit = number && unitAt(after);
  const percent = /^\$*\s{0,2}(?:\\?%|percent|per cent)/.test(text.slice(end, end + 20)) && !/%\s*$/.test(answer);
  if (unit) return [{ answer, source, quantity: `${answer}\\text{${unit}}` }];
  return [{ answer: percent ? `${answer}\\%` : answer, source }];
}

const magnitudeAt = new RegExp(String.raw`^\s?${MAGNITUDE}\b`, "i");

/** What stands after "the answer is": its first formulas, or its first sentence. */
function afterAnchor(text: string, start: number, source: AnswerSource): FoundAnswer[] {
  const rest = text
    .slice(start, start + 2000)
    .replace(/^(?:[\s*:_#]|is\b|are\b)+/, "")
    .replace(/^`([^`\n]*)`/, "$1");
  if (!rest) return [];
  const sentence = rest.split(/\n|[.!?](?=\s|$)|\.?\*\*|;\s/, 1)[0].trim();
  const formulas = findMath(rest);
  const first = formulas[0];
  if (first && first.start < Math.max(sentence.length, 1)) {
    let count = 1;
    while (count < formulas.length && isMathJoint(rest.slice(formulas[count - 1].end, formulas[count].start))) count++;
    return marked(rest, joined(rest, formulas.slice(0, count), isMathJoint), source);
  }
  const choice = /^(?:[Oo]ption|[Cc]hoice)\s*\(?([A-J])\)?$|^\(?([A-J])\)?,? (?:because|since)\b/.exec(sentence);
  return sentence ? readings(choice?.[1] ?? choice?.[2] ?? sentence, source) : [];
}

/** A line of text as an answer: as it stands, and a number in it (the first after "the answer is", else the last). */
function readings(line: string, source: AnswerSource | undefined): FoundAnswer[] {
  if (!/[^\s.,;:!?]/.test(line)) return [];
  const whole: FoundAnswer = { answer: line, source: source ?? "whole" };
  if (!isProse(line)) return [whole];
  const numbers = hasFormula(line) || isLabel(line) ? [] : findNumbers(line);
  const number = source ? numbers[0] : numbers[numbers.length - 1];
  if (number === undefined) return line.length <= MAX_WHOLE ? [whole] : [];
  const found: FoundAnswer = { answer: number.text, source: source ?? "number", quantity: number.quantity };
  if (line.length > MAX_WHOLE) return [found];
  return isSentence(line) ? [found, whole] : [whole, found];
}

/** Commands other than texts: their numbers are parts of a formula. */
const hasFormula = (line: string): boolean => /\\(?!text\b|%|\$|,)[a-zA-Z]/.test(line);

/** `Vendor 2`, `June 20`: names with a number. */
const isLabel = (line: string): boolean =>
  /^[A-Z][a-z]+ \d+\.?$/.test(line) &&
  !/^(?:About|Answer|Approximately|Exactly|Only|Result|So|Sum|Thus|Total)\b/.test(line);

/** Whether there are words in it, other than in commands. */
export function isProse(text: string): boolean {
  const prose = text.replace(/\\(?:text|begin|end)\s*\{[^{}]*\}|\\[a-zA-Z]+/g, " ");
  return /[a-zA-Z]{2,}/.test(prose) || (foreign.test(prose) && isForeignProse.test(prose));
}

const foreign = /[^\0-\x7f]/;
/** Words of other scripts and with accents; Greek letters are symbols. */
const isForeignProse = /\p{Script=Han}|(?:(?!\p{Script=Greek})\p{L}){2}/u;
const unparted = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu;

/** Whether it is a sentence, or has more words than answers have. */
export function isSentence(text: string): boolean {
  const prose = text.replace(/\\text\s*\{([^{}]*)\}/g, " $1 ").replace(/\\[a-zA-Z]+/g, " ");
  const words = prose.match(foreign.test(prose) ? /\p{L}{2,}/gu : /[a-zA-Z]{2,}/g) ?? [];
  // Three letters of a script that does not part words say more than a unit does.
  if (foreign.test(prose) && ((prose.match(unparted)?.length ?? 0) > 2 || /[是为為有答]/.test(prose))) return true;
  return words.length > 3 || words.some((word) => verbs.has(word.toLowerCase()));
}

const verbs: ReadonlySet<string> = new Set(
  (
    "is are was were will do does did not cannot has have had get gets make makes equals because since so thus therefore " +
    "they we he she it " +
    // The verbs and "answer" of other languages, where they are no English words.
    "es hay tiene tienen respuesta resultado solución est sont réponse résultat ist sind antwort ergebnis são tem " +
    "resposta sono risposta ответ это равно получится"
  ).split(" "),
);
