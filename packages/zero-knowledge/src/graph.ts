/**
 * Graphs and colourings: what is proved.
 */

import { stream } from "@gradus/seeds";
import { sha3_256 } from "@noble/hashes/sha3.js";

/** An undirected graph without loops and double edges. */
export interface Graph {
  /** Number of vertices, numbered from 0. */
  readonly vertices: number;
  /** Pairs of vertices, the smaller one first, in ascending order: 2 numbers for each edge. */
  readonly edges: Uint32Array;
}

/**
 * Makes a graph of a list of edges, in any order and direction, repeated ones merged.
 *
 * @param vertices A positive integer up to 2^26, so that pairs of them are exact numbers.
 * @param pairs Edges.
 * @throws {RangeError} A vertex out of range, a loop, or no edge at all.
 *
 * @example
 * ```ts
 * graph(3, [[0, 1], [2, 1]]).edges; // Uint32Array [0, 1, 1, 2]
 * ```
 */
export function graph(vertices: number, pairs: Iterable<readonly [number, number]>): Graph {
  const refuse = (what: string) => new RangeError(`Cannot make a graph: ${what}`);
  if (!Number.isInteger(vertices) || vertices < 1 || vertices > 2 ** 26) {
    throw refuse(`vertices must be an integer from 1 to 2^26, found ${vertices}`);
  }
  const keys = new Set<number>();
  for (const [a, b] of pairs) {
    for (const vertex of [a, b]) {
      if (!Number.isInteger(vertex) || vertex < 0 || vertex >= vertices) {
        throw refuse(`expected vertices from 0 to ${vertices - 1}, found ${vertex}`);
      }
    }
    if (a === b) throw refuse(`vertex ${a} has an edge to itself`);
    keys.add(Math.min(a, b) * vertices + Math.max(a, b));
  }
  if (keys.size === 0) throw refuse("expected at least one edge, found none");
  const sorted = [...keys].sort((a, b) => a - b);
  return { vertices, edges: Uint32Array.from(sorted.flatMap((key) => [Math.floor(key / vertices), key % vertices])) };
}

/** Refuses an object that {@link graph} would not make. @throws {RangeError} Says what is wrong. */
export function checkGraph({ vertices, edges }: Graph): void {
  const refuse = (what: string) => new RangeError(`Cannot use a graph: ${what}; make it with graph()`);
  if (!(edges instanceof Uint32Array) || edges.length === 0 || edges.length % 2) {
    throw refuse("its edges must be pairs in a Uint32Array, at least one");
  }
  for (let i = 0, before = -1; i < edges.length; i += 2) {
    const [a, b] = [edges[i], edges[i + 1]];
    if (!(a < b && b < vertices)) throw refuse(`edge ${i / 2} joins ${a} and ${b} of ${vertices} vertices`);
    const key = a * vertices + b;
    if (key <= before) throw refuse(`edge ${i / 2} is not after the one before`);
    before = key;
  }
}

/** Number of edges. */
export function edgeCount({ edges }: Graph): number {
  return edges.length / 2;
}

/** SHA3-256 of the graph, in the form that {@link graph} gives it. */
export function graphHash({ vertices, edges }: Graph): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * edges.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, vertices);
  edges.forEach((vertex, i) => {
    view.setUint32(4 + 4 * i, vertex);
  });
  return sha3_256.create().update(new TextEncoder().encode("gradus graph 1")).update(bytes).digest();
}

/**
 * Whether a colouring is proper: one of 0, 1, 2 for each vertex, different ones at the ends of every edge.
 *
 * @example
 * ```ts
 * isThreeColouring(graph(3, [[0, 1], [1, 2]]), [0, 1, 0]); // true
 * ```
 */
export function isThreeColouring({ vertices, edges }: Graph, colouring: ArrayLike<number>): boolean {
  if (colouring.length !== vertices) return false;
  for (let v = 0; v < vertices; v++) if (![0, 1, 2].includes(colouring[v])) return false;
  for (let i = 0; i < edges.length; i += 2) if (colouring[edges[i]] === colouring[edges[i + 1]]) return false;
  return true;
}

/**
 * A random graph with a hidden three-colouring: vertices get colours, and random edges between different ones are drawn.
 *
 * @param vertices At least 3.
 * @param edges How many.
 * @param seed Root of the random choices.
 * @throws {RangeError} More edges than there can be.
 *
 * @example
 * ```ts
 * const { graph, colouring } = plantedGraph(588, 1097, 1);
 * isThreeColouring(graph, colouring); // true
 * ```
 */
export function plantedGraph(
  vertices: number,
  edges: number,
  seed: number | string,
): { graph: Graph; colouring: Uint8Array } {
  const random = stream(seed, { purpose: "planted graph" });
  const order = random.shuffle(Array.from({ length: vertices }, (_, i) => i));
  const colouring = new Uint8Array(vertices);
  order.forEach((vertex, i) => {
    colouring[vertex] = i % 3;
  });
  const sizes = [0, 1, 2].map((colour) => colouring.filter((other) => other === colour).length);
  const most = sizes[0] * sizes[1] + sizes[0] * sizes[2] + sizes[1] * sizes[2];
  if (!(edges >= 1 && edges <= most / 2)) {
    throw new RangeError(`Cannot plant a graph: expected 1 to ${Math.floor(most / 2)} edges, found ${edges}`);
  }
  const pairs = new Map<number, [number, number]>();
  while (pairs.size < edges) {
    const [a, b] = [random.integer(0, vertices), random.integer(0, vertices)];
    if (colouring[a] !== colouring[b]) pairs.set(Math.min(a, b) * vertices + Math.max(a, b), [a, b]);
  }
  return { graph: graph(vertices, pairs.values()), colouring };
}
