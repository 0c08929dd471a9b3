/**
 * Where a replay buffer keeps its lines.
 *
 * @module
 */

/**
 * An append-only list of lines. `openReplayFile` of `@gradus/reward-model/node` keeps them in a file; one for a browser
 * can keep them in IndexedDB. Calls never overlap.
 */
export interface ReplayStorage {
  /** Every line appended so far, in order, without line breaks. */
  read(): Iterable<string> | AsyncIterable<string>;
  /** Resolves when the lines are safe. After a crash a beginning of them may be there, whole lines only. */
  append(lines: readonly string[]): Promise<void> | void;
  /** Puts other lines in the place of all there are: after a crash either are there. */
  replace(lines: readonly string[]): Promise<void> | void;
}

/**
 * Lines in memory, gone with the process.
 *
 * @example
 * ```ts
 * const storage = memoryStorage();
 * await storage.append(["a", "b"]);
 * [...(storage.read() as Iterable<string>)]; // ["a", "b"]
 * ```
 */
export function memoryStorage(lines: readonly string[] = []): ReplayStorage {
  let kept = lines.slice();
  return {
    read: () => kept.slice(),
    append: (added) => {
      for (const line of added) kept.push(line); // as arguments, 200,000 of them overflow the stack
    },
    replace: (replaced) => {
      kept = replaced.slice();
    },
  };
}
