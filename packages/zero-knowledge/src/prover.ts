/**
 * The prover: commits to k randomly permuted colourings, and opens two vertices of each when the edges are known.
 */

import { Forest } from "./forest.ts";
import { checkGraph, type Graph, graphHash, isThreeColouring } from "./graph.ts";
import { type Commitment, challengedEdges, checkOutput, fiatShamirOutput, transcriptOf } from "./transcript.ts";

/** Options of {@link commit}. */
export interface CommitOptions {
  /** k, {@link roundsFor}. */
  rounds: number;
  /** Name of the beacon whose pulse will choose the edges. */
  beacon: string;
  /** Index of that pulse: at least 2 after the last one that is out when τ is registered. */
  targetPulse: number;
  /** 32 secret bytes. Default: fresh ones. Never use one twice. */
  secret?: Uint8Array;
}

/** A prover between commitment and opening. */
export interface Prover {
  /** What is committed to. */
  readonly commitment: Commitment;
  /** τ, 32 bytes: to be registered. */
  readonly transcript: Uint8Array;
  /**
   * The proof, once the target pulse is out. Only for one output: openings of two edges in the same rounds would show the
   * colouring.
   *
   * @param output The pulse's output.
   * @throws {RangeError} Not bytes, or fewer than 32.
   * @throws {Error} Another output than the first time.
   */
  open(output: Uint8Array): Promise<Uint8Array>;
}

/**
 * Commits to a three-colouring.
 *
 * @param graph The graph: the statement is that it has a proper three-colouring.
 * @param colouring The secret: 0, 1 or 2 for each vertex.
 * @param options Rounds and the pulse that will choose.
 * @throws {RangeError} A colouring that is not proper, or rounds, a pulse, a beacon's name or a secret that fit in no proof.
 *
 * @example
 * ```ts
 * const path = graph(3, [[0, 1], [1, 2]]);
 * const prover = await commit(path, [0, 1, 2], { rounds: roundsFor(2, 40), beacon: "example", targetPulse: 9 });
 * const log = register([], prover.transcript, 7); // pulse 7 is the last one that is out
 * const output = new Uint8Array(64).fill(1); // of pulse 9, when it comes
 * const proof = await prover.open(output);
 * verify(path, proof, { beacon: "example", pulse: { index: 9, output }, log, lambda: 40 }); // { valid: true }
 * ```
 */
export async function commit(graph: Graph, colouring: ArrayLike<number>, options: CommitOptions): Promise<Prover> {
  checkGraph(graph);
  if (!isThreeColouring(graph, colouring)) {
    throw new RangeError("Cannot prove a colouring: expected colours 0, 1, 2 that differ at the ends of every edge");
  }
  return commitToAnything(graph, colouring, options);
}

/** {@link commit} without looking at the colouring: what a cheating prover does. For tests and demonstrations. */
export async function commitToAnything(
  graph: Graph,
  colouring: ArrayLike<number>,
  { rounds, beacon, targetPulse, secret = randomSecret() }: CommitOptions,
): Promise<Prover> {
  if (!Number.isInteger(rounds) || rounds < 1 || rounds >= 2 ** 31) {
    throw new RangeError(`Cannot commit: rounds must be an integer from 1 to 2^31 - 1, found ${rounds}`);
  }
  if (secret.length !== 32)
    throw new RangeError(`Cannot commit: expected a secret of 32 bytes, found ${secret.length}`);
  if (!Number.isSafeInteger(targetPulse) || targetPulse < 0) {
    throw new RangeError(`Cannot commit: targetPulse must be an integer from 0, found ${targetPulse}`);
  }
  const name = typeof beacon === "string" ? new TextEncoder().encode(beacon).length : Number.NaN;
  if (!(name <= 255))
    throw new RangeError(`Cannot commit: beacon must be a name of at most 255 bytes, found ${beacon}`);
  const forest = new Forest(graph, colouring, rounds, secret);
  const root = await forest.grow();
  const commitment = { graphHash: graphHash(graph), rounds, root, beacon, targetPulse };
  const transcript = transcriptOf(commitment);
  let opened: Uint8Array | undefined;
  return {
    commitment,
    transcript,
    async open(output) {
      checkOutput(output);
      opened ??= output.slice();
      if (opened.length !== output.length || output.some((byte, i) => byte !== opened?.[i])) {
        throw new Error("Cannot open a commitment for a second output: with both proofs, the colouring could be seen");
      }
      const edges = challengedEdges(output, transcript, graph.edges.length / 2, rounds);
      return forest.open(edges, commitment);
    },
  };
}

/**
 * A proof by Fiat and Shamir's heuristic, which takes its edges from the hash of the commitment: **for comparison only**. Without
 * a beacon a cheat can make commitments until one has edges that suit him.
 */
export async function proveFiatShamir(
  graph: Graph,
  colouring: ArrayLike<number>,
  { rounds, secret }: Pick<CommitOptions, "rounds" | "secret">,
): Promise<Uint8Array> {
  const prover = await commit(graph, colouring, { rounds, secret, beacon: "", targetPulse: 0 });
  return prover.open(fiatShamirOutput(prover.transcript));
}

function randomSecret(): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(32));
}
