/** How well a model does: its loss everywhere, and what it makes of the questions. */
import type { PolicyCore, SegmentedBatch } from "@gradus/transformer";
import { isAnswer, needleOf, questionOf } from "./task.ts";

/** Means in nats over all labels and over the answers. `right`: answers that got more than half of the probability. */
export interface Score {
  loss: number;
  answers: number;
  right: number;
}

/** A score and, for needles in each eighth of the first half of their sequence, the share of questions that were right. */
export interface Held extends Score {
  byDepth: number[];
}

const DEPTHS = 8;
const isRight = (logProb: number) => logProb > Math.log(0.5);

/** Scores the log-probabilities of a batch's labels. */
export function score(logProbs: Float32Array, labels: Int32Array): Score {
  const mean = (values: Float32Array) => -values.reduce((sum, x) => sum + x, 0) / values.length;
  const answers = logProbs.filter((_, i) => isAnswer(labels[i]));
  return {
    loss: mean(logProbs.filter((_, i) => labels[i] >= 0)),
    answers: mean(answers),
    right: answers.filter(isRight).length / answers.length,
  };
}

/** Scores a model on sequences of `length` tokens that it was not trained on. */
export async function held(core: PolicyCore, batch: SegmentedBatch, length: number): Promise<Held> {
  const { logProbs } = await core.logProbs(batch);
  const [asked, right] = [new Float64Array(DEPTHS), new Float64Array(DEPTHS)];
  const places = new Map<number, number>();
  batch.tokens.forEach((token, t) => {
    const place = t % length;
    if (place === 0) places.clear();
    if (needleOf(token) >= 0) places.set(needleOf(token), place);
    const at = places.get(questionOf(token));
    if (at === undefined) return;
    const depth = Math.floor((2 * DEPTHS * at) / length);
    asked[depth]++;
    if (isRight(logProbs[t])) right[depth]++;
  });
  return { ...score(logProbs, batch.labels), byDepth: Array.from(asked, (count, i) => (count ? right[i] / count : 0)) };
}
