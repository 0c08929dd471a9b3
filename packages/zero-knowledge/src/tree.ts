/**
 * The commitments of one round as a tree of hashes: four leaves to a node at the bottom, two children to a node above.
 *
 *     leaf = SHA3-256(domain ‖ graph hash ‖ round ‖ vertex ‖ colour ‖ salt)      a salt of 32 bytes hides the colour
 *     node = SHA3-256(domain ‖ children), zeros where there is no child
 *
 * With nodes of four the prover hashes a quarter less than with pairs alone, and openings hardly grow. All arithmetic is on
 * 32-bit words; digests have 8.
 */

import type { Graph } from "./graph.ts";
import type { BatchHasher } from "./keccak.ts";

/** Words of a digest. */
export const DIGEST = 8;
/** Words of a leaf's message: domain 2, graph hash 8, round, vertex, colour, salt 8. */
export const LEAF = 21;
const BOTTOM = 4;
const DOMAIN = { leaf: [0x64617267, 0x316c7375], node: 0x316e7375 } as const; // "gradusl1", "usn1"

/** How many digests each level has, the leaves first and the root, 1, last. */
export function levelSizes(leaves: number): number[] {
  const sizes = [leaves, Math.ceil(leaves / BOTTOM)];
  while (sizes[sizes.length - 1] > 1) sizes.push(Math.ceil(sizes[sizes.length - 1] / 2));
  return sizes;
}

/** Children of a node on a level above the leaves. */
export function arity(level: number): number {
  return level === 1 ? BOTTOM : 2;
}

/** The message that a leaf is the hash of; its salt is the 8 words of `salts` from `saltAt` on. */
export function writeLeaf(
  target: Uint32Array,
  at: number,
  graphHash: Uint32Array,
  round: number,
  vertex: number,
  colour: number,
  salts: Uint32Array,
  saltAt: number,
): void {
  target[at] = DOMAIN.leaf[0];
  target[at + 1] = DOMAIN.leaf[1];
  target[at + 10] = round;
  target[at + 11] = vertex;
  target[at + 12] = colour;
  // Word by word: `set` of a subarray costs more than the hash.
  for (let w = 0; w < DIGEST; w++) {
    target[at + 2 + w] = graphHash[w];
    target[at + 13 + w] = salts[saltAt + w];
  }
}

/** Computes nodes of a level from their children: those from `first` on, `count` of them. */
export class NodeHasher {
  readonly #hasher: BatchHasher;
  readonly #messages: Uint32Array;

  constructor(hasher: BatchHasher) {
    this.#hasher = hasher;
    this.#messages = new Uint32Array(hasher.capacity * (BOTTOM * DIGEST + 1));
  }

  /** `children` are the digests of the level below, `target` those of `level`. */
  hash(level: number, children: Uint32Array, target: Uint32Array, first: number, count: number): void {
    const width = arity(level) * DIGEST;
    const messages = this.#messages;
    for (let i = 0; i < count; i++) {
      const at = i * (width + 1);
      messages[at] = DOMAIN.node;
      const from = (first + i) * width;
      for (let w = 0; w < width; w++) messages[at + 1 + w] = from + w < children.length ? children[from + w] : 0;
    }
    this.#hasher.hash(messages, width + 1, count, target, first * DIGEST);
  }
}

/**
 * Which digests prove two leaves: for each level but the root's, the nodes that a verifier cannot compute, in ascending order.
 * (Places beyond the end of a level are zeros and not sent.)
 */
export function siblings(leaves: number, first: number, second: number): number[][] {
  const sizes = levelSizes(leaves);
  let known = [...new Set([first, second])].sort((a, b) => a - b);
  return sizes.slice(0, -1).map((size, level) => {
    const width = arity(level + 1);
    const parents = [...new Set(known.map((place) => Math.floor(place / width)))];
    const needed = parents
      .flatMap((parent) => Array.from({ length: width }, (_, i) => parent * width + i))
      .filter((place) => place < size && !known.includes(place));
    known = parents;
    return needed;
  });
}

/** {@link siblings} of the ends of an edge, each worked out once: a proof has many rounds for each edge. */
export function siblingsOfEdges({ vertices, edges }: Graph): (edge: number) => number[][] {
  const known: number[][][] = [];
  return (edge) => {
    known[edge] ??= siblings(vertices, edges[2 * edge], edges[2 * edge + 1]);
    return known[edge];
  };
}
