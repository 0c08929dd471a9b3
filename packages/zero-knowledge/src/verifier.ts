/**
 * The verifier: order, edges, colours, hashes.
 */

import { checkGraph, type Graph, graphHash } from "./graph.ts";
import { BatchHasher } from "./keccak.ts";
import { type Opening, type ProofHeader, parseHeader, parseRounds } from "./proof.ts";
import { DELAY, findRegistration, type Registration } from "./registration.ts";
import { cheatingProbability } from "./rounds.ts";
import { challengedEdges, checkOutput, fiatShamirOutput, hashOfRounds, transcriptOf } from "./transcript.ts";
import { arity, DIGEST, LEAF, levelSizes, NodeHasher, siblingsOfEdges, writeLeaf } from "./tree.ts";

/** The verdict on a proof. */
export type ProofVerdict = { readonly valid: true } | { readonly valid: false; readonly reason: string };

/** What a verifier knows from elsewhere. */
export interface VerifyOptions {
  /** The beacon that is trusted, by the name that the proof uses. */
  beacon: string;
  /** The target pulse, verified by whoever knows the beacon. */
  pulse: { readonly index: number; readonly output: Uint8Array };
  /** The log in which the transcript was registered. */
  log: readonly Registration[];
  /** λ, bits of soundness that are asked for. Default 128. */
  lambda?: number;
}

const refuse = (reason: string): ProofVerdict => ({ valid: false, reason });

/**
 * Verifies that a graph has a three-colouring, without learning one.
 *
 * Checks, in this order: the format; that the proof has rounds enough for λ; that its beacon and pulse are those given; that its
 * transcript was registered at least two pulses before; then for each round the edge's two colours and the hashes up to the root.
 *
 * @throws {Error} A log whose chain of hashes is broken. Everything else about the proof is a verdict.
 * @throws {RangeError} A λ that is not positive, a graph that {@link graph} would not make, or a pulse's output that is not bytes,
 *   at least 32 of them: hexadecimal text has to be read first.
 *
 * @example
 * ```ts
 * const verdict = verify(graph(2, [[0, 1]]), new Uint8Array(9), {
 *   beacon: "example",
 *   pulse: { index: 9, output: new Uint8Array(64) },
 *   log: [],
 * });
 * verdict; // { valid: false, reason: "Cannot read a proof: expected at least 51 bytes, found 9" }
 * ```
 */
export function verify(graph: Graph, proof: Uint8Array, options: VerifyOptions): ProofVerdict {
  const { beacon, pulse, log, lambda = 128 } = options;
  checkOutput(pulse.output);
  return verifyWith(graph, proof, lambda, (header, transcript) => {
    if (header.beacon !== beacon)
      return refuse(`it relies on the beacon ${JSON.stringify(header.beacon)}, expected ${beacon}`);
    if (header.targetPulse !== pulse.index) {
      return refuse(`it answers to pulse ${header.targetPulse}, expected pulse ${pulse.index}`);
    }
    const registration = findRegistration(log, transcript);
    if (!registration) return refuse("its transcript is not in the log");
    if (pulse.index < registration.pulse + DELAY) {
      return refuse(`it was registered after pulse ${registration.pulse}: too late for pulse ${pulse.index}`);
    }
    return pulse.output;
  });
}

/**
 * Verifies a proof by {@link proveFiatShamir}: for comparison only.
 *
 * @throws {RangeError} A λ that is not positive, or a graph that {@link graph} would not make.
 */
export function verifyFiatShamir(
  graph: Graph,
  proof: Uint8Array,
  { lambda = 128 }: { lambda?: number } = {},
): ProofVerdict {
  return verifyWith(graph, proof, lambda, (header, transcript) =>
    header.beacon === "" && header.targetPulse === 0
      ? fiatShamirOutput(transcript)
      : refuse("it relies on a beacon, expected the Fiat-Shamir variant"),
  );
}

function verifyWith(
  graph: Graph,
  proof: Uint8Array,
  lambda: number,
  outputFor: (header: ProofHeader, transcript: Uint8Array) => Uint8Array | ProofVerdict,
): ProofVerdict {
  checkGraph(graph);
  if (!(lambda > 0)) throw new RangeError(`Cannot verify a proof: lambda must be positive, found ${lambda}`);
  let header: ProofHeader;
  try {
    header = parseHeader(proof);
  } catch (error) {
    return refuse((error as Error).message);
  }
  const count = graph.edges.length / 2;
  if (!(cheatingProbability(count, header.rounds) <= 2 ** -lambda)) {
    return refuse(`${header.rounds} rounds are too few for ${lambda} bits with ${count} edges`);
  }
  // A round has 66 bytes at least: no more are looked at than are there.
  if (proof.length < header.length + 66 * header.rounds) return refuse("it is shorter than its rounds");
  const hash = graphHash(graph);
  const transcript = transcriptOf({ ...header, graphHash: hash });
  const output = outputFor(header, transcript);
  if (!(output instanceof Uint8Array)) return output;
  const edges = challengedEdges(output, transcript, count, header.rounds);

  const roots = hashOfRounds();
  const rounds = new RoundVerifier(graph.vertices, new Uint32Array(hash.slice().buffer));
  const siblingsOf = siblingsOfEdges(graph);
  let round = 0;
  try {
    for (const opening of parseRounds(proof, header.length, graph, edges)) {
      const [a, b] = opening.colours;
      if (a > 2 || b > 2) return refuse(`round ${round + 1} opens a colour that is none of three`);
      if (a === b) return refuse(`round ${round + 1} opens an edge with the same colour at both ends`);
      const ends = [graph.edges[2 * edges[round]], graph.edges[2 * edges[round] + 1]] as const;
      roots.update(new Uint8Array(rounds.root(round, ends, opening, siblingsOf(edges[round])).slice().buffer));
      round++;
    }
  } catch (error) {
    return refuse((error as Error).message);
  }
  const root = roots.digest();
  return root.every((byte, i) => byte === header.root[i])
    ? { valid: true }
    : refuse("its openings do not hash to its root");
}

let pair: BatchHasher | undefined;

/** All verifications share one: nothing of it outlives a call. */
function pairHasher(): BatchHasher {
  pair ??= new BatchHasher(2);
  return pair;
}

/** Computes a round's root from two opened leaves. */
class RoundVerifier {
  readonly #hash: Uint32Array;
  readonly #levels: Uint32Array[];
  readonly #hasher: BatchHasher = pairHasher();
  readonly #nodes: NodeHasher = new NodeHasher(this.#hasher);
  readonly #messages: Uint32Array = new Uint32Array(2 * LEAF);

  constructor(leaves: number, hash: Uint32Array) {
    this.#hash = hash;
    this.#levels = levelSizes(leaves).map((size) => new Uint32Array(size * DIGEST));
  }

  root(round: number, ends: readonly [number, number], opening: Opening, siblingsOfEdge: number[][]): Uint32Array {
    const levels = this.#levels;
    for (const i of [0, 1]) {
      writeLeaf(this.#messages, i * LEAF, this.#hash, round, ends[i], opening.colours[i], opening.salts[i], 0);
    }
    const digests = new Uint32Array(2 * DIGEST);
    this.#hasher.hash(this.#messages, LEAF, 2, digests);
    for (const i of [0, 1]) levels[0].set(digests.subarray(i * DIGEST, (i + 1) * DIGEST), ends[i] * DIGEST);
    let known: readonly number[] = ends;
    siblingsOfEdge.forEach((places, level) => {
      places.forEach((place, i) => {
        levels[level].set(opening.siblings[level][i], place * DIGEST);
      });
      known = [...new Set(known.map((place) => Math.floor(place / arity(level + 1))))];
      for (const place of known) this.#nodes.hash(level + 1, levels[level], levels[level + 1], place, 1);
    });
    return levels[levels.length - 1];
  }
}
