/**
 * Where a run's problems come from: the generator, or GSM8K's calculator annotations. Every problem is a function of the
 * seed and its index.
 *
 * @module
 */

import { permutation, stream } from "@gradus/seeds";
import { canonicalQuestion, distinctProblems, problemAt, splitOf } from "../problems/dataset.ts";
import { pickWeighted } from "../problems/draw.ts";
import { gsm8kExpressions, loadGsm8k } from "../problems/gsm8k.ts";
import type { Style } from "../problems/solve.ts";
import type { Configuration } from "./configuration.ts";

/** What the stages need of a problem. */
export interface RecipeProblem {
  readonly question: string;
  readonly answer: string;
  readonly kind: string;
  readonly solutions: Readonly<Record<Style, string>>;
}

/** Problems for every stage. */
export interface ProblemSource {
  readonly title: string;
  /** Problems that pre-training reads besides the corpus, where the source has some of its own; and how many. */
  readonly given: number;
  pretraining(index: number): RecipeProblem;
  /** Whether a question must not be trained on. */
  isHeldOut(question: string): boolean;
  /** Problems with solutions to learn from: few. */
  readonly sft: readonly RecipeProblem[];
  /** Problems to practise on: only their answers are used. */
  practice(index: number): RecipeProblem;
  /** Never seen in training. */
  readonly heldOut: readonly RecipeProblem[];
}

/** One style of a problem's solutions, drawn with the given weights. */
export function drawSolution(
  problem: RecipeProblem,
  seed: number,
  stage: string,
  index: number,
  weights: Readonly<Partial<Record<Style, number>>>,
): string {
  const random = stream(seed, { purpose: `style/${stage}`, step: index });
  return problem.solutions[pickWeighted(random, weights as Record<Style, number>)];
}

/** Opens the source that a configuration names. */
export async function openProblems(configuration: Configuration): Promise<ProblemSource> {
  const { seed, data, levels, sft, evaluation } = configuration;
  const options = { level: levels };
  const generated = (index: number) => problemAt(seed, "train", index, options);
  if (data === undefined) {
    return {
      title: "built-in problems",
      given: 0,
      isHeldOut: (question) => splitOf(question) === "held-out",
      // The stages read different stretches of one endless list.
      pretraining: generated,
      sft: Array.from({ length: sft.problems }, (_, i) => generated(2 ** 30 + i)),
      practice: (index) => generated(2 ** 31 + index),
      // The same questions for every seed, so that runs can be compared.
      heldOut: distinctProblems(0, "held-out", evaluation.problems, options),
    };
  }
  const expressions = gsm8kExpressions(await loadGsm8k(data));
  const train = expressions.train.filter((problem) => fits(problem, configuration.model.maxPositions));
  const { test } = expressions;
  if (train.length === 0 || test.length === 0) throw new Error(`Cannot use ${data}: it has no calculator annotations`);
  const asProblem = (problem: (typeof train)[number]): RecipeProblem => ({
    ...problem,
    kind: operatorsOf(problem.question),
  });
  const order = permutation(train.length, seed, { purpose: "gsm8k" });
  const drawn = (index: number) => asProblem(train[order.at(index % train.length)]);
  // Generated problems may happen to be test expressions; those are drawn again, from a stretch that nobody reads.
  const unseen = new Set(test.map(({ question }) => canonicalQuestion(question)));
  const generatedApart = (index: number) => {
    for (let attempt = 0; ; attempt++) {
      const problem = generated(attempt === 0 ? index : 2 ** 29 + 64 * index + attempt);
      if (!unseen.has(canonicalQuestion(problem.question))) return problem;
    }
  };
  return {
    title: "GSM8K's expressions",
    given: train.length,
    isHeldOut: (question) => unseen.has(canonicalQuestion(question)) || splitOf(question) === "held-out",
    pretraining: (index) => (index % 2 === 0 ? generatedApart(index) : drawn(index)),
    sft: Array.from({ length: Math.min(sft.problems, train.length) }, (_, i) => drawn(i)),
    practice: (index) => drawn(sft.problems + index),
    heldOut: test.slice(0, evaluation.problems).map(asProblem),
  };
}

/** Whether a problem with the longest of its solutions can be read: a text never has more tokens than bytes. */
function fits({ question, solutions }: Omit<RecipeProblem, "kind">, maxPositions: number): boolean {
  const longest = Math.max(...Object.values(solutions).map((solution) => solution.length));
  // A line break stands between them, the end token after them.
  return question.length + 1 + longest + 1 <= maxPositions;
}

/** GSM8K's expressions by what they contain. */
function operatorsOf(question: string): string {
  const found = ["+", "-", "*", "/"].filter((operator) => question.includes(operator));
  return found.length === 1 ? `only ${found[0]}` : "several operators";
}
