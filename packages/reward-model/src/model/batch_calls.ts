/**
 * Many single questions, one call: reward functions ask about one solution, engines want many.
 *
 * @module
 */

/**
 * Turns a function of many items into one of a single item. Items that are asked about at the same time, before the program
 * waits for anything, go into one call.
 *
 * @param answer One result for each item, in order.
 * @returns Rejects with what `answer` throws.
 *
 * @example As a reward function
 * ```ts
 * const model = { score: async (solutions: string[]) => solutions.map(({ length }) => length) };
 * const reward = batchCalls((solutions: string[]) => model.score(solutions));
 * await Promise.all(["4", "42"].map(reward)); // [1, 2], from one call
 * ```
 */
export function batchCalls<Item, Result>(
  answer: (items: Item[]) => Promise<ArrayLike<Result>>,
): (item: Item) => Promise<Result> {
  let waiting: { item: Item; resolve: (result: Result) => void; reject: (reason: unknown) => void }[] = [];
  const flush = async () => {
    const asked = waiting;
    waiting = [];
    try {
      const results = await answer(asked.map(({ item }) => item));
      if (results.length !== asked.length)
        throw new RangeError(`Cannot answer: expected ${asked.length} results, found ${results.length}`);
      asked.forEach(({ resolve }, i) => {
        resolve(results[i]);
      });
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  };
  return (item) =>
    new Promise((resolve, reject) => {
      if (waiting.push({ item, resolve, reject }) === 1) queueMicrotask(flush);
    });
}
