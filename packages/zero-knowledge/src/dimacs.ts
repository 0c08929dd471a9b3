/** Graphs in DIMACS's `.col` format: `c` comments, `p edge V E`, `e u v` with vertices from 1. */

import { edgeCount, type Graph, graph } from "./graph.ts";

/**
 * Reads a `.col` file. Edges that stand there twice, in one direction or in both, are merged, as benchmark files ask for; E may
 * count the lines or what is left of them.
 *
 * @throws {SyntaxError} A line that is none of the three kinds, no `p` line before the first edge (names the line), or fewer or more
 *   edges than E: a file that was cut short is another graph.
 *
 * @example
 * ```ts
 * parseDimacs("c a path\np edge 3 2\ne 1 2\ne 2 3\n").vertices; // 3
 * ```
 */
export function parseDimacs(text: string): Graph {
  let vertices: number | undefined;
  let declared = 0;
  const pairs: [number, number][] = [];
  text.split(/\r?\n/).forEach((line, i) => {
    const refuse = (what: string) => new SyntaxError(`Cannot read line ${i + 1} of a .col file: ${what}`);
    const words = line.trim().split(/\s+/);
    if (words[0] === "" || words[0] === "c") return;
    const numbers = words.slice(-2).map((word) => (/^\d{1,9}$/.test(word) ? Number(word) : Number.NaN));
    if (words[0] === "p" && words.length === 4 && !numbers.some(Number.isNaN)) {
      if (vertices !== undefined) throw refuse("a second p line");
      [vertices, declared] = numbers;
    } else if (words[0] === "e" && words.length === 3 && !numbers.some(Number.isNaN)) {
      if (vertices === undefined) throw refuse("an edge before the p line");
      if (numbers.some((vertex) => vertex < 1 || vertex > vertices!))
        throw refuse(`no vertex from 1 to ${vertices}: ${line}`);
      pairs.push([numbers[0] - 1, numbers[1] - 1]);
    } else throw refuse(`expected c, p edge V E or e u v, found ${JSON.stringify(line.slice(0, 60))}`);
  });
  if (vertices === undefined) throw new SyntaxError("Cannot read a .col file: expected a p line, found none");
  const value = graph(vertices, pairs);
  if (declared !== pairs.length && declared !== edgeCount(value)) {
    throw new SyntaxError(`Cannot read a .col file: expected ${declared} edges, found ${pairs.length}`);
  }
  return value;
}

/** Writes a `.col` file. */
export function formatDimacs(value: Graph): string {
  const lines = [`p edge ${value.vertices} ${edgeCount(value)}`];
  for (let i = 0; i < value.edges.length; i += 2) lines.push(`e ${value.edges[i] + 1} ${value.edges[i + 1] + 1}`);
  return `${lines.join("\n")}\n`;
}
