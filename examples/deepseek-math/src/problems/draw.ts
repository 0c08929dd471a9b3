/**
 * Draws that the generators need, from anything that yields uniform numbers.
 *
 * @module
 */

/** A source of numbers uniform in [0, 1); a `@gradus/seeds` stream is one. */
export interface RandomSource {
  uniform(): number;
}

/** An integer from `low` to `high`, both included. */
export function between(random: RandomSource, low: number, high: number): number {
  return low + Math.floor(random.uniform() * (high - low + 1));
}

/** One of the items, each as likely as the others. */
export function pick<Item>(random: RandomSource, items: readonly Item[]): Item {
  return items[Math.floor(random.uniform() * items.length)];
}

/**
 * A key drawn with probability proportional to its weight.
 *
 * @throws {RangeError} When no weight is positive, or one is negative or not finite.
 */
export function pickWeighted<Key extends string>(
  random: RandomSource,
  weights: Readonly<Partial<Record<Key, number>>>,
): Key {
  const entries = Object.entries(weights) as [Key, number][];
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  if (!(total > 0 && Number.isFinite(total)) || entries.some(([, weight]) => weight < 0)) {
    throw new RangeError(
      `Cannot draw: expected non-negative weights with a positive sum, found ${JSON.stringify(weights)}`,
    );
  }
  let rest = random.uniform() * total;
  for (const [key, weight] of entries) {
    rest -= weight;
    if (rest < 0) return key;
  }
  return entries.findLast(([, weight]) => weight > 0)![0];
}
