/**
 * An endless supply of prompts from a finite list.
 *
 * @module
 */

import { permutation } from "@gradus/seeds";
import { show } from "../check.ts";

/** Where prompts come from: any index from 0 on has one. */
export interface PromptSource<P> {
  at(index: number): P | undefined | Promise<P | undefined>;
}

/**
 * Goes through `list` again and again, each time in another order: index i is in epoch ⌊i / n⌋. The order depends on the
 * seed alone, so a resumed run goes on where it was.
 *
 * @throws {RangeError} The list is empty.
 * @throws {TypeError} It is no list.
 *
 * @example
 * ```ts
 * const source = promptSource(["a", "b", "c"], 7);
 * [0, 1, 2].map((i) => source.at(i)).sort(); // ["a", "b", "c"], and so are 3, 4, 5
 * ```
 */
export function promptSource<P>(list: readonly P[], seed: number | string): PromptSource<P> {
  if (!Array.isArray(list)) {
    throw new TypeError(`Cannot make a prompt source: list must be an array of prompts, found ${show(list)}`);
  }
  if (list.length === 0) throw new RangeError("Cannot make a prompt source: the list is empty");
  return {
    at: (index) => {
      const step = Math.floor(index / list.length);
      return list[permutation(list.length, seed, { purpose: "prompts", step }).at(index % list.length)];
    },
  };
}
