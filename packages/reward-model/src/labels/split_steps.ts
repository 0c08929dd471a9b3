/**
 * Steps of a solution: its lines.
 *
 * @module
 */

import { checkKeys, shown } from "../check.ts";

/** A solution, or a part of one: text or token ids. */
export type Piece = string | Int32Array;

/** Options of {@link splitSteps}. */
export interface SplitOptions<P extends Piece> {
  /**
   * What ends a step. For text: a string, default `"\n"`. For tokens: the ids that end one (of a line break, say); they
   * have no default, because ids belong to a tokenizer.
   */
  separator?: P extends string ? string : number | readonly number[];
}

/**
 * Splits a solution into steps, which end to end give it back.
 *
 * A step ends behind its separator. A step is never empty: separators that follow one another, and lines with nothing
 * but white space, belong to the step before them (at the beginning, to the first). What has neither steps nor
 * separators is one step; nothing has none.
 *
 * @throws {TypeError} The solution is neither text nor an `Int32Array`, or the separator is missing or of another kind.
 *
 * Source: Math-Shepherd (arXiv 2312.08935) section 3 takes lines for steps.
 *
 * @example
 * ```ts
 * splitSteps("3 boxes: 24\n\n24 + 12 = 36\n"); // ["3 boxes: 24\n\n", "24 + 12 = 36\n"]
 * splitSteps(Int32Array.of(5, 6, 0, 7), { separator: 0 }); // [[5, 6, 0], [7]]
 * ```
 */
export function splitSteps<P extends Piece>(solution: P, options: SplitOptions<P> = {}): P[] {
  const task = "split into steps";
  checkKeys(task, options, ["separator"]);
  if (typeof solution === "string") {
    const { separator = "\n" } = options;
    if (typeof separator !== "string" || separator === "")
      throw new TypeError(`Cannot ${task}: separator must be a string that is not empty, found ${shown(separator)}`);
    return splitText(solution, separator) as P[];
  }
  if (!(solution instanceof Int32Array))
    throw new TypeError(`Cannot ${task}: expected a string or an Int32Array, found ${shown(solution)}`);
  const { separator = [] } = options as { separator?: unknown };
  const ends = new Set(typeof separator === "number" ? [separator] : Array.isArray(separator) ? separator : []);
  if (ends.size === 0)
    throw new TypeError(`Cannot ${task}: separator must be the ids that end a step, found ${shown(options.separator)}`);
  return splitTokens(solution, ends) as P[];
}

function splitText(text: string, separator: string): string[] {
  const steps: string[] = [];
  let lead = "";
  for (let start = 0; start < text.length; ) {
    const at = text.indexOf(separator, start);
    const end = at < 0 ? text.length : at + separator.length;
    const piece = text.slice(start, end);
    const isBlank = piece.replaceAll(separator, "").trim() === "";
    if (isBlank && steps.length > 0) steps[steps.length - 1] += piece;
    else if (isBlank) lead += piece;
    else {
      steps.push(lead + piece);
      lead = "";
    }
    start = end;
  }
  return lead ? [...steps, lead] : steps;
}

function splitTokens(tokens: Int32Array, ends: ReadonlySet<number>): Int32Array[] {
  const steps: Int32Array[] = [];
  let start = 0;
  let hasContent = false;
  for (let t = 0; t < tokens.length; t++) {
    if (!ends.has(tokens[t])) hasContent = true;
    const isEnd = ends.has(tokens[t]) && !(t + 1 < tokens.length && ends.has(tokens[t + 1]));
    if (!(isEnd && hasContent) && t + 1 < tokens.length) continue;
    steps.push(tokens.subarray(start, t + 1));
    start = t + 1;
    hasContent = false;
  }
  return steps;
}

/**
 * Where steps end: for each the index, in the whole, of its last token (or character).
 *
 * An empty step ends where the one before it does; before the first token that is −1.
 *
 * @example
 * ```ts
 * stepEnds([Int32Array.of(5, 6, 0), Int32Array.of(7)]); // [2, 3]
 * ```
 */
export function stepEnds(steps: readonly Piece[]): number[] {
  let end = -1;
  return steps.map(({ length }) => {
    end += length;
    return end;
  });
}

/** Pieces end to end. */
export function joinPieces<P extends Piece>(pieces: readonly P[]): P {
  if (pieces.every((piece) => typeof piece === "string") && pieces.length > 0) return pieces.join("") as P;
  const whole = new Int32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces as readonly Int32Array[]) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole as P;
}
