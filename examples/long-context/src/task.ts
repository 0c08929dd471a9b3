/**
 * Needles in a haystack: somewhere in the first half of a sequence stands, for each of some keys, one token that names the
 * key and its value; everything else there is hay. The second half asks for keys, and each question wants the value of
 * its key, from up to a whole context away.
 */
import { stream } from "@gradus/seeds";
import type { SegmentedBatch } from "@gradus/transformer";

/** Keys that may be asked for, values that each may have, and sorts of hay. */
export const KEYS = 64;
export const VALUES = 8;
export const HAY = 64;
/** Most needles in a sequence. */
export const NEEDLES = 16;

/** Tokens: needles (key · VALUES + value), questions, hay, answers. */
export const VOCABULARY: number = KEYS * VALUES + KEYS + HAY + VALUES;
const QUESTIONS = KEYS * VALUES;
const STRAW = QUESTIONS + KEYS;
const ANSWERS = STRAW + HAY;

/**
 * `count` sequences of `length` tokens, end to end, each with min(NEEDLES, length / 8) needles. The same seed and step give the
 * same sequences.
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
    for (let t = 0; t < half; t++) tokens[at + t] = STRAW + below(HAY);
    const keys = firstOfShuffled(KEYS, needles, below);
    const places = firstOfShuffled(half, needles, below);
    const values = keys.map(() => below(VALUES));
    keys.forEach((key, i) => {
      tokens[at + places[i]] = key * VALUES + values[i];
    });
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
