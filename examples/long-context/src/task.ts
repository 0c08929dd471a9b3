/**
 * Needles in a haystack: somewhere in the first half of a sequence stands, for each of some keys, one token that names the
 * key and its value; everything else there is hay, in which each straw is one of four that may follow the one before. The
 * second half asks for keys, and each question wants the value of its key, from up to a whole context away. So there is
 * something to predict everywhere, and a loss that no model gets below: ln 4 for a straw, 0 for an answer.
 */
import { stream } from "@gradus/seeds";
import type { SegmentedBatch } from "@gradus/transformer";

/** Keys that may be asked for, values that each may have, sorts of hay, and how many of them may follow one. */
export const KEYS = 64;
export const VALUES = 8;
export const HAY = 64;
export const FOLLOWERS = 4;
/** Most needles in a sequence. */
export const NEEDLES = 16;

/** Tokens: needles (key · VALUES + value), questions, hay, answers. */
export const VOCABULARY: number = KEYS * VALUES + KEYS + HAY + VALUES;
const QUESTIONS = KEYS * VALUES;
const STRAW = QUESTIONS + KEYS;
const ANSWERS = STRAW + HAY;

/** The same for all seeds: a language. */
const followers: readonly number[][] = Array.from({ length: HAY }, (_, straw) => {
  const random = stream(1, { purpose: "hay", sample: straw });
  return firstOfShuffled(HAY, FOLLOWERS, (limit) => Math.floor(random.uniform() * limit));
});

/** Whether a label is a question's answer. */
export function isAnswer(label: number): boolean {
  return label >= ANSWERS;
}

/** The key of a question, −1 for other tokens; the key of a needle likewise. */
export function questionOf(token: number): number {
  return token >= QUESTIONS && token < STRAW ? token - QUESTIONS : -1;
}
export function needleOf(token: number): number {
  return token < QUESTIONS ? Math.floor(token / VALUES) : -1;
}

/**
 * `count` sequences of `length` tokens, end to end, each with min(NEEDLES, length / 8) needles. Labels are the next straw in
 * the first half, where one follows, and the answer in the second. The same seed and step give the same sequences.
 */
export function needleBatch(
  { count, length }: { count: number; length: number },
  seed: number,
  step: number,
): SegmentedBatch {
  if (!Number.isInteger(length / 8))
    throw new RangeError(`Cannot hide needles in ${length} tokens: expected a multiple of 8`);
  const half = length / 2;
  const needles = Math.min(NEEDLES, length / 8);
  const tokens = new Int32Array(count * length);
  const labels = new Int32Array(count * length).fill(-100);
  for (let sequence = 0; sequence < count; sequence++) {
    const random = stream(seed, { purpose: "needles", step, sample: sequence });
    const below = (limit: number) => Math.floor(random.uniform() * limit);
    const at = sequence * length;
    const keys = firstOfShuffled(KEYS, needles, below);
    const places = firstOfShuffled(half, needles, below);
    const values = keys.map(() => below(VALUES));
    keys.forEach((key, i) => {
      tokens[at + places[i]] = key * VALUES + values[i];
    });
    const hidden = new Set(places);
    let straw = below(HAY);
    for (let t = 0; t < half; t++) {
      if (hidden.has(t)) continue;
      tokens[at + t] = STRAW + straw;
      if (t > 0) labels[at + t - 1] = STRAW + straw;
      straw = followers[straw][below(FOLLOWERS)];
    }
    for (let t = half; t < length; t++) {
      const asked = below(needles);
      tokens[at + t] = QUESTIONS + keys[asked];
      labels[at + t] = ANSWERS + values[asked];
    }
  }
  return {
    tokens,
    labels,
    positions: tokens.map((_, i) => i % length),
    segments: Int32Array.from({ length: count + 1 }, (_, i) => i * length),
  };
}

/** `count` different numbers below `limit`, in random order. */
function firstOfShuffled(limit: number, count: number, below: (limit: number) => number): number[] {
  const order = Array.from({ length: limit }, (_, i) => i);
  for (let i = 0; i < count; i++) {
    const j = i + below(limit - i);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order.slice(0, count);
}
