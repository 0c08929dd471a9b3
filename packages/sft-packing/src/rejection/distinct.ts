/**
 * Which completions are the same reasoning, and which of many to take.
 *
 * @module
 */

const CALCULATOR = /<<([^<>]{0,1000})>>/g;
// The bounds keep matching linear in the text, whatever it is: a million digits, a million brackets, an endless sum.
const OPERAND = String.raw`\({0,4}[$€£]?-?\d[\d,.]{0,30}%?\){0,4}`;
const SPACE = String.raw`\s{0,4}`;
const EQUATION = new RegExp(
  String.raw`(?<![\d.,])${OPERAND}(?:${SPACE}[-+*/×÷·x^]${SPACE}${OPERAND}){1,30}${SPACE}=${SPACE}[$€£]?-?\d[\d,.]{0,30}%?`,
  "g",
);

/**
 * The equations of a solution, in their order and without spaces: those in calculator annotations (`<<48/2=24>>`) if
 * there are any, else those in the text (`48 / 2 = 24`).
 *
 * @example
 * ```ts
 * equationList("She sold 48/2 = <<48/2=24>>24 clips."); // ["48/2=24"]
 * equationList("That is $3 × 4 = $12, and 12 - 2 = 10."); // ["3*4=12", "12-2=10"]
 * ```
 */
export function equationList(completion: string): string[] {
  const annotated = [...completion.matchAll(CALCULATOR)].map((match) => match[1]);
  const equations = annotated.length > 0 ? annotated : (completion.match(EQUATION) ?? []);
  return equations.map((equation) =>
    equation
      .replace(/[\s$€£]|,(?=\d{3})/g, "")
      .replace(/[×·x]/g, "*")
      .replace(/÷/g, "/")
      .replace(/[.,]+$/, ""),
  );
}

/**
 * What makes two solutions the same: their list of equations, as in RFT; the text itself, up to spaces, where there is
 * no equation.
 *
 * Source: Yuan et al., "Scaling Relationship on Learning Mathematical Reasoning" (arXiv 2308.01825), section 3.3.
 *
 * @example
 * ```ts
 * reasoningPath("First 1+1 = 2.") === reasoningPath("We get 1 + 1 = 2"); // true
 * ```
 */
export function reasoningPath(completion: string): string {
  const equations = equationList(completion);
  return equations.length > 0 ? equations.join(";") : completion.trim().replace(/\s+/g, " ");
}

/**
 * The numbers of `count` texts that differ most: the first, then always the one whose words have the least in common
 * with those of the nearest taken before (Jaccard distance; the earliest of equals). In ascending order.
 */
export function mostDiverse(texts: readonly string[], count: number): number[] {
  if (texts.length <= count) return texts.map((_, i) => i);
  const words = texts.map((text) => new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu)));
  const distance = new Float64Array(texts.length).fill(Number.POSITIVE_INFINITY);
  const taken: number[] = [];
  for (let next = 0; taken.length < count; ) {
    taken.push(next);
    distance[next] = -1;
    let farthest = -1;
    for (let i = 0; i < texts.length; i++) {
      if (distance[i] >= 0) distance[i] = Math.min(distance[i], jaccardDistance(words[next], words[i]));
      if (farthest < 0 || distance[i] > distance[farthest]) farthest = i;
    }
    next = farthest;
  }
  return taken.sort((a, b) => a - b);
}

/** 1 − |a ∩ b| / |a ∪ b|; 0 for two empty sets. */
function jaccardDistance(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let common = 0;
  for (const word of a) if (b.has(word)) common++;
  const union = a.size + b.size - common;
  return union === 0 ? 0 : 1 - common / union;
}
