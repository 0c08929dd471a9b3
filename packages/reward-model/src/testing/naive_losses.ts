/**
 * The losses from their definitions: no logarithm is rearranged, nothing is shared with the ones they are compared with.
 *
 * @module
 */

const sigma = (x: number) => 1 / (1 + Math.exp(-x));
const mean = (values: number[]) => (values.length ? values.reduce((a, b) => a + b) / values.length : 0);
const crossEntropy = (score: number, label: number) =>
  -(label * Math.log(sigma(score)) + (1 - label) * Math.log(1 - sigma(score)));

export function naiveBradleyTerry(
  scores: readonly number[],
  pairs: readonly (readonly [number, number])[],
  margins: readonly number[],
  centering: number,
): number {
  return mean(
    pairs.map(([better, worse], k) => {
      const preferred = sigma(scores[better] - scores[worse] - margins[k]);
      return -Math.log(preferred) + centering * (scores[better] + scores[worse]) ** 2;
    }),
  );
}

export function naiveCrossEntropy(scores: readonly number[], labels: readonly number[]): number {
  return mean(scores.map((score, i) => crossEntropy(score, labels[i])));
}

/** Each solution is a list of [score, label]. */
export function naiveStepCrossEntropy(
  solutions: readonly (readonly (readonly [number, number])[])[],
  aggregation: "step" | "solution" | "sum",
): number {
  const losses = solutions.map((steps) => steps.map(([score, label]) => crossEntropy(score, label)));
  if (aggregation === "step") return mean(losses.flat());
  if (aggregation === "solution") return mean(losses.map(mean));
  return mean(losses.map((steps) => steps.reduce((a, b) => a + b, 0)));
}
