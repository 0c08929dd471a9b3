/**
 * A toy whose continuation probabilities are known: walks of `length` steps, each up with probability `up`, which are
 * right if they end at `goal`. As text, one "1" (up) or "0" (down) for each step.
 *
 * @module
 */

import { stream } from "@gradus/seeds";

export interface Walk {
  readonly length: number;
  readonly goal: number;
  readonly up: number;
}

const heightOf = (walk: string) => [...walk].filter((step) => step === "1").length;

/** Is the walk at its goal? */
export function arrives({ length, goal }: Walk, walk: string): boolean {
  return walk.length === length && heightOf(walk) === goal;
}

/** Every continuation of a prefix, with its probability. */
export function continuations({ length, up }: Walk, prefix: string): { walk: string; probability: number }[] {
  const left = length - prefix.length;
  return Array.from({ length: 2 ** left }, (_, bits) => {
    const walk = left > 0 ? bits.toString(2).padStart(left, "0") : "";
    const ups = heightOf(walk);
    return { walk, probability: up ** ups * (1 - up) ** (left - ups) };
  });
}

/** The probability that a prefix becomes right, by going through all its continuations. */
export function exhaustive(walk: Walk, prefix: string): number {
  return continuations(walk, prefix)
    .filter((each) => arrives(walk, prefix + each.walk))
    .reduce((sum, { probability }) => sum + probability, 0);
}

/** Samples continuations of a prefix. */
export function sampleWalks({ length, up }: Walk, prefix: string, count: number, seed: number): string[] {
  return Array.from({ length: count }, (_, sample) => {
    const random = stream(seed, { purpose: "walk", sample });
    return Array.from({ length: length - prefix.length }, () => Number(random.uniform() < up)).join("");
  });
}
