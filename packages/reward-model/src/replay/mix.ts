/**
 * How much history a training set gets, and which.
 *
 * @module
 */

import { permutation, type Root } from "@gradus/seeds";

/** What rounds have taken so far. */
export interface Taken {
  readonly fresh: number;
  readonly history: number;
}

/**
 * Examples of history for the next round, such that over all rounds together their share is `share` to the nearest
 * example: `h = round(F · share / (1 − share)) − H`, with F the fresh examples of all rounds, this one included, and H
 * the historical ones of those before. Halves are rounded up.
 *
 * @example
 * ```ts
 * historyNeeded(4, 0.1); // 0: 4/9 of an example
 * historyNeeded(4, 0.1, { fresh: 4, history: 0 }); // 1: 8/9 of an example
 * ```
 */
export function historyNeeded(fresh: number, share: number, before: Taken = { fresh: 0, history: 0 }): number {
  // The nearest integer to a quotient whose rounding errors are far below 1/2, but for exact halves.
  const ideal = ((before.fresh + fresh) * share) / (1 - share);
  return Math.max(0, Math.floor(ideal + 0.5 + 1e-9) - before.history);
}

/**
 * Draws `count` of `candidates` without replacement.
 *
 * `"uniform"`: every set is equally likely. `"stratified"`: as many from each iteration as from any other, as far as it
 * has them; what cannot be divided goes to the latest iterations, one each.
 *
 * @returns Indices of candidates, rising.
 */
export function drawHistory(
  iterations: readonly number[],
  count: number,
  by: "uniform" | "stratified",
  seed: Root,
  round: number,
): number[] {
  const pick = (indices: readonly number[], wanted: number, stratum: number) => {
    const order = permutation(indices.length, seed, { purpose: "replay mix", step: round, prompt: stratum });
    return Array.from({ length: wanted }, (_, i) => indices[order.at(i)]);
  };
  if (by === "uniform") return pick([...iterations.keys()], count, 0).sort((a, b) => a - b);
  const strata = new Map<number, number[]>();
  iterations.forEach((iteration, i) => {
    strata.set(iteration, [...(strata.get(iteration) ?? []), i]);
  });
  const latestFirst = [...strata].sort(([a], [b]) => b - a);
  const quotas = shareOut(
    count,
    latestFirst.map(([, members]) => members.length),
  );
  return latestFirst
    .flatMap(([iteration, members], s) => pick(members, quotas[s], iteration + 1))
    .sort((a, b) => a - b);
}

/** Divides `count` as evenly as `sizes` allow; the remainder goes to the first ones. */
export function shareOut(count: number, sizes: readonly number[]): number[] {
  const quotas = sizes.map(() => 0);
  let left = Math.min(
    count,
    sizes.reduce((a, b) => a + b, 0),
  );
  while (left > 0) {
    const open = sizes.flatMap((size, s) => (quotas[s] < size ? [s] : []));
    const each = Math.floor(left / open.length);
    for (const s of each === 0 ? open.slice(0, left) : open) {
      const added = Math.min(Math.max(1, each), sizes[s] - quotas[s]);
      quotas[s] += added;
      left -= added;
    }
  }
  return quotas;
}
