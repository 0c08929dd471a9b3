/**
 * Grade-school word problems from templates: short sentences, small whole numbers, one to three operations.
 *
 * @module
 */

import { between, pick, type RandomSource } from "./draw.ts";
import type { Operator } from "./expression.ts";

/** A word problem: its text and the operations that solve it, in order; the last result is the answer. */
export interface WordProblem {
  readonly question: string;
  readonly operations: readonly (readonly [left: number, operator: Operator, right: number])[];
}

const names = ["Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Ida", "Jon", "Kim", "Leo", "Mia"] as const;
const items = ["pens", "cards", "books", "coins", "apples", "shells", "stamps", "beads"] as const;
const containers = ["bags", "boxes", "packs", "jars"] as const;

interface Cast {
  readonly random: RandomSource;
  readonly name: string;
  readonly other: string;
  readonly item: string;
  readonly container: string;
  /** A number from 2 to the level's largest addend. */
  readonly many: () => number;
  /** A number from 2 to 9, or 12 at high levels. */
  readonly few: () => number;
}

type Template = (cast: Cast) => WordProblem;

const oneStep: readonly Template[] = [
  ({ name, item, many }) => {
    const [a, b] = [many(), many()];
    return { question: `${name} has ${a} ${item} and gets ${b} more. How many now?`, operations: [[a, "+", b]] };
  },
  ({ random, name, item, many }) => {
    const total = many() + 2;
    const given = between(random, 1, total - 1);
    return {
      question: `${name} has ${total} ${item} and gives away ${given}. How many are left?`,
      operations: [[total, "-", given]],
    };
  },
  ({ name, item, container, few, many }) => {
    const [n, each] = [few(), many()];
    return {
      question: `${name} buys ${n} ${container} of ${each} ${item}. How many in all?`,
      operations: [[each, "*", n]],
    };
  },
  ({ name, item, few, many }) => {
    const [friends, each] = [few(), many()];
    const total = friends * each;
    return {
      question: `${name} shares ${total} ${item} among ${friends} friends. How many each?`,
      operations: [[total, "/", friends]],
    };
  },
];

const twoSteps: readonly Template[] = [
  ({ name, item, container, few, many }) => {
    const [a, n, each] = [many(), few(), few()];
    return {
      question: `${name} has ${a} ${item} and buys ${n} ${container} of ${each}. How many now?`,
      operations: [
        [each, "*", n],
        [a, "+", each * n],
      ],
    };
  },
  ({ name, other, item, few, many }) => {
    const [a, times] = [many(), few()];
    return {
      question: `${name} has ${a} ${item}. ${other} has ${times} times as many. How many together?`,
      operations: [
        [a, "*", times],
        [a, "+", a * times],
      ],
    };
  },
  ({ random, name, item, container, few }) => {
    const [n, each] = [few(), few()];
    const used = between(random, 1, n * each - 1);
    return {
      question: `${name} buys ${n} ${container} of ${each} ${item} and uses ${used}. How many are left?`,
      operations: [
        [each, "*", n],
        [each * n, "-", used],
      ],
    };
  },
  ({ name, other, item, few, many }) => {
    const [friends, each, own] = [few(), few(), many()];
    const total = friends * each - (own % (friends * each));
    const extra = friends * each - total;
    return {
      question: `${name} has ${total} ${item}, ${other} has ${extra}. They share all with ${friends} kids. How many each?`,
      operations: [
        [total, "+", extra],
        [total + extra, "/", friends],
      ],
    };
  },
  ({ name, few, many }) => {
    const [price, n] = [few(), few()];
    const paid = price * n + many();
    return {
      question: `A pen costs $${price}. ${name} buys ${n} and pays with $${paid}. How much change?`,
      operations: [
        [price, "*", n],
        [paid, "-", price * n],
      ],
    };
  },
];

const threeSteps: readonly Template[] = [
  ({ random, name, item, container, few, many }) => {
    const [a, n, each] = [many(), few(), few()];
    const total = a + n * each;
    const lost = between(random, 1, total - 1);
    return {
      question: `${name} has ${a} ${item}, buys ${n} ${container} of ${each} and loses ${lost}. How many now?`,
      operations: [
        [each, "*", n],
        [a, "+", each * n],
        [total, "-", lost],
      ],
    };
  },
  ({ name, other, item, container, few }) => {
    const [n, each, m, size] = [few(), few(), few(), few()];
    return {
      question: `${name} has ${n} ${container} of ${each} ${item}, ${other} has ${m} of ${size}. How many together?`,
      operations: [
        [each, "*", n],
        [size, "*", m],
        [each * n, "+", size * m],
      ],
    };
  },
  ({ random, name, item, few }) => {
    const [days, each, friends] = [few(), few(), few()];
    const made = days * each * friends;
    const first = between(random, 1, made - 1);
    return {
      question: `${name} makes ${first} ${item}, then ${made - first} more, and splits all over ${days} days in ${friends} sets. How many a set?`,
      operations: [
        [first, "+", made - first],
        [made, "/", days],
        [each * friends, "/", friends],
      ],
    };
  },
];

/**
 * Draws a word problem of one (level 1), one or two (level 2), two (level 3) or two or three operations (level 4).
 *
 * @example
 * ```ts
 * import { stream } from "@gradus/seeds";
 *
 * wordProblem(stream(7, { purpose: "docs" }), 1).question; // "Mia has 12 pens and gets 7 more. How many now?"
 * ```
 */
export function wordProblem(random: RandomSource, level: number): WordProblem {
  const templates = [oneStep, [...oneStep, ...twoSteps], twoSteps, [...twoSteps, ...threeSteps]][level - 1];
  const template = pick(random, templates);
  const first = between(random, 0, names.length - 1);
  const second = (first + between(random, 1, names.length - 1)) % names.length;
  return template({
    random,
    name: names[first],
    other: names[second],
    item: pick(random, items),
    container: pick(random, containers),
    many: () => between(random, 2, [20, 40, 60, 99][level - 1]),
    few: () => between(random, 2, level < 4 ? 9 : 12),
  });
}
