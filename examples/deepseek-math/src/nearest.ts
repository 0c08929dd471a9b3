/**
 * The word that somebody probably meant.
 *
 * @module
 */

/**
 * `, did you mean "x"?` for the candidate that is at most two edits away, else nothing.
 *
 * @example
 * ```ts
 * suggestion("--sed", ["--seed", "--out"]); // ", did you mean --seed?"
 * ```
 */
export function suggestion(word: string, candidates: readonly string[]): string {
  if (candidates.length === 0) return "";
  const [best, distance] = candidates
    .map((candidate) => [candidate, editDistance(word, candidate)] as const)
    .reduce((a, b) => (b[1] < a[1] ? b : a));
  return distance <= 2 ? `, did you mean ${best}?` : "";
}

/** Levenshtein distance: insertions, deletions and substitutions of one character. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}
