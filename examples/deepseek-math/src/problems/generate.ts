/**
 * Verifiable problems with chains of thought, made from a random stream: nothing is downloaded. Each kind is one entry
 * of {@link generators}; the level (1 to 4) sets the number of digits and operations.
 *
 * @module
 */

import { between, pick, pickWeighted, type RandomSource } from "./draw.ts";
import { binary, type Expression, evaluate, literal, type Operator, print } from "./expression.ts";
import { format, type Rational, rational } from "./rational.ts";
import { type Step, type Style, stepsOf, styles, writeSolution } from "./solve.ts";
import { wordProblem } from "./word_problems.ts";

/** What a problem exercises. */
export type Kind =
  | "addition"
  | "subtraction"
  | "multiplication"
  | "division"
  | "mixed"
  | "decimals"
  | "percent"
  | "fractions"
  | "word";

/** One problem. `solution` is the solution in the style drawn; `solutions` has the others too. */
export interface Problem {
  readonly question: string;
  /** Chain of thought and answer line, in `style`; ends in `#### answer`, without a line break after it. */
  readonly solution: string;
  /** The exact answer: a decimal, or a fraction where decimals would never end. */
  readonly answer: string;
  readonly kind: Kind;
  readonly level: number;
  readonly style: Style;
  readonly solutions: Readonly<Record<Style, string>>;
}

/** What to generate. */
export interface GenerateOptions {
  /** Relative weight of each kind. Default: {@link defaultKinds}. */
  kinds?: Readonly<Partial<Record<Kind, number>>>;
  /** 1 to 4, or relative weights of the levels, e.g. `{ 1: 2, 2: 1 }`. Default: 1 and 2 equally. */
  level?: number | Readonly<Record<number, number>>;
  /** A style, or relative weights of the styles, e.g. `{ direct: 2, steps: 1 }`. Default `"steps"`. */
  style?: Style | Readonly<Partial<Record<Style, number>>>;
}

/** All kinds, in the order in which reports list them. */
export const kinds: readonly Kind[] = [
  "addition",
  "subtraction",
  "multiplication",
  "division",
  "mixed",
  "decimals",
  "percent",
  "fractions",
  "word",
];

/** Weights of the kinds when none are given: more of what takes several operations. */
export const defaultKinds: Readonly<Record<Kind, number>> = {
  addition: 2,
  subtraction: 2,
  multiplication: 3,
  division: 2,
  mixed: 3,
  decimals: 1,
  percent: 1,
  fractions: 1,
  word: 3,
};

/** The highest level. */
export const highestLevel = 4;

interface Draft {
  readonly question: string;
  readonly steps: readonly Step[];
  readonly answer: Rational;
}

type Generator = (random: RandomSource, level: number) => Draft;

function operation(left: Rational, operator: Operator, right: Rational): Step {
  return { type: "operation", operator, left, right };
}

/** A draft whose question is the expression itself. */
function ofExpression(expression: Expression): Draft {
  return { question: print(expression), steps: stepsOf(expression), answer: evaluate(expression) };
}

function binaryOf(left: Rational | number, operator: Operator, right: Rational | number): Draft {
  return ofExpression(binary(operator, literal(left), literal(right)));
}

/** A number with exactly `digits` digits; one-digit numbers are at least 2. */
function withDigits(random: RandomSource, digits: number): number {
  return between(random, digits === 1 ? 2 : 10 ** (digits - 1), 10 ** digits - 1);
}

/** A number with up to two decimals that ends in no zero, `scale` decides how many digits it has in all. */
function decimal(random: RandomSource, digits: number): Rational {
  const places = between(random, 1, Math.min(2, digits));
  let scaled = withDigits(random, digits);
  if (scaled % 10 === 0) scaled += between(random, 1, 9);
  return rational(scaled, 10 ** places);
}

/** Denominator and numerator of 1/2, 1/3, 2/3, … 8/9, in lowest terms. */
const properFractions: readonly (readonly [number, number])[] = [2, 3, 4, 5, 6, 7, 8, 9].flatMap((bottom) =>
  Array.from({ length: bottom - 1 }, (_, i) => i + 1)
    .filter((top) => rational(top, bottom).denominator === BigInt(bottom))
    .map((top) => [bottom, top] as const),
);

const generators: Readonly<Record<Kind, Generator>> = {
  // 7+15, 47+86, 347+586, 4347+586
  addition: (random, level) =>
    binaryOf(
      withDigits(random, between(random, Math.max(1, level - 1), level)),
      "+",
      withDigits(random, Math.max(level, 2)),
    ),
  // 15-7, 86-47, 586-347, 4586-347; never below zero
  subtraction: (random, level) => {
    const a = withDigits(random, Math.max(level, 2));
    const b = withDigits(random, between(random, Math.max(1, level - 1), level));
    return binaryOf(Math.max(a, b), "-", Math.min(a, b));
  },
  // 7*8 or 14*3, 47*8 or (one in three) 17*23, 47*38 or 347*8, 347*38
  multiplication: (random, level) => {
    const shapes = [
      [
        [1, 1],
        [2, 1],
      ],
      [
        [2, 1],
        [2, 1],
        [2, 2],
      ],
      [
        [2, 2],
        [3, 1],
      ],
      [[3, 2]],
    ][level - 1];
    const [long, short] = pick(random, shapes);
    const [a, b] = [withDigits(random, long), withDigits(random, short)];
    return pick(random, [0, 1]) ? binaryOf(a, "*", b) : binaryOf(b, "*", a);
  },
  // exact: 56/8, 376/8, 3768/8, 1104/23
  division: (random, level) => {
    const divisor = level < 4 ? between(random, 2, 9) : between(random, 11, 25);
    return binaryOf(divisor * withDigits(random, Math.min(level, 3)), "/", divisor);
  },
  // 3+4*5, (12+9)*4-7, … : two operations, at levels 3 and 4 three; results are whole and not negative
  mixed: (random, level) => {
    for (;;) {
      const expression = mixedExpression(random, level);
      const value = expression && evaluate(expression);
      if (value && value.denominator === 1n && value.numerator >= 0n && value.numerator < 10_000n)
        return ofExpression(expression);
    }
  },
  // 1.5+0.25, 7.5-2.8, 1.5*4, 7.5/5
  decimals: (random, level) => {
    const digits = Math.max(level, 2);
    const a = decimal(random, digits);
    switch (pick(random, ["+", "-", "*", "/"] as const)) {
      case "+":
        return binaryOf(a, "+", decimal(random, digits));
      case "-":
        return binaryOf(rational(a.numerator + a.denominator * BigInt(between(random, 1, 9)), a.denominator), "-", a);
      case "*":
        return binaryOf(a, "*", withDigits(random, level < 3 ? 1 : 2));
      case "/": {
        const divisor = between(random, 2, 9);
        return binaryOf(rational(a.numerator * BigInt(divisor), a.denominator), "/", divisor);
      }
    }
  },
  // 20% of 50
  percent: (random, level) => {
    const share = rational(level < 3 ? 5 * between(random, 1, 19) : between(random, 2, 99));
    const base = rational(level < 2 ? 10 * between(random, 2, 20) : withDigits(random, Math.min(level, 3)));
    const ratio = rational(share.numerator, 100n);
    const answer = rational(ratio.numerator * base.numerator, ratio.denominator);
    return {
      question: `${format(share)}% of ${format(base)}`,
      steps: [operation(share, "/", rational(100)), operation(ratio, "*", base)],
      answer,
    };
  },
  // 3/4 of 20
  fractions: (random, level) => {
    const [bottom, top] = pick(random, properFractions);
    const part = withDigits(random, level < 3 ? 1 : 2);
    const base = rational(bottom * part);
    const steps = [operation(base, "/", rational(bottom))];
    if (top > 1) steps.push(operation(rational(part), "*", rational(top)));
    return { question: `${top}/${bottom} of ${format(base)}`, steps, answer: rational(part * top) };
  },
  word: (random, level) => {
    const { question, operations } = wordProblem(random, level);
    const steps = operations.map(([left, operator, right]) => operation(rational(left), operator, rational(right)));
    const [left, operator, right] = operations[operations.length - 1];
    return { question, steps, answer: evaluate(binary(operator, literal(left), literal(right))) };
  },
};

/** A random tree with two (three from level 3) operations, or undefined when a division in it is not exact. */
function mixedExpression(random: RandomSource, level: number): Expression | undefined {
  const largest = [9, 20, 50, 99][level - 1];
  const grow = (operations: number): Expression | undefined => {
    if (operations === 0) return literal(between(random, 2, largest));
    const operator = pick(random, ["+", "+", "-", "-", "*", "*", "/"] as const);
    const onLeft = between(random, 0, operations - 1);
    const left = grow(onLeft);
    const right = grow(operations - 1 - onLeft);
    if (!left || !right) return undefined;
    const [a, b] = [evaluate(left), evaluate(right)];
    if (operator === "/" && (b.numerator < 2n || b.numerator > 9n || a.numerator % b.numerator !== 0n))
      return undefined;
    if (operator === "-" && a.numerator < b.numerator) return undefined;
    if (operator === "*" && (level < 4 ? a.numerator > 9n && b.numerator > 9n : a.numerator * b.numerator > 5000n))
      return undefined;
    return binary(operator, left, right);
  };
  return grow(level < 3 ? 2 : 3);
}

/**
 * Draws one problem. The same stream, options and version give the same problem.
 *
 * @throws {RangeError} On an unknown kind, a level outside 1 to 4, or weights that cannot be drawn from.
 * @example
 * ```ts
 * import { stream } from "@gradus/seeds";
 *
 * const problem = generate(stream(7, { purpose: "docs" }), { kinds: { multiplication: 1 }, level: 2 });
 * problem.question; // "47*8"
 * problem.solution; // "47*8[7*8=56,4*8+5=37]=376\n#### 376"
 * problem.answer; // "376"
 * ```
 */
export function generate(random: RandomSource, options: GenerateOptions = {}): Problem {
  const kind = pickWeighted(random, options.kinds ?? defaultKinds);
  if (!Object.hasOwn(generators, kind)) {
    throw new RangeError(
      `Cannot generate a problem: unknown kind ${JSON.stringify(kind)}, expected one of ${kinds.join(", ")}`,
    );
  }
  const wanted = options.level ?? { 1: 1, 2: 1 };
  const level = typeof wanted === "number" ? wanted : Number(pickWeighted(random, wanted));
  if (!Number.isInteger(level) || level < 1 || level > highestLevel) {
    throw new RangeError(`Cannot generate a problem: expected a level from 1 to ${highestLevel}, found ${level}`);
  }
  const { question, steps, answer } = generators[kind](random, level);
  const wantedStyle = options.style ?? "steps";
  const style = pickWeighted(random, typeof wantedStyle === "string" ? { [wantedStyle]: 1 } : wantedStyle) as Style;
  const solutions = Object.fromEntries(styles.map((each) => [each, writeSolution(steps, answer, each)])) as Record<
    Style,
    string
  >;
  if (!Object.hasOwn(solutions, style)) {
    throw new RangeError(
      `Cannot generate a problem: unknown style ${JSON.stringify(style)}, expected one of ${styles.join(", ")}`,
    );
  }
  return { question, solution: solutions[style], answer: format(answer), kind, level, style, solutions };
}
