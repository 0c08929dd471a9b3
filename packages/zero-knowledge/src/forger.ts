/**
 * A cheat's program: a Fiat-Shamir proof of what is not true. **For tests and demonstrations; it is the reason for the beacon.**
 *
 * Fiat and Shamir take the edges from a hash of the commitment, so whoever dislikes them makes another commitment and looks again.
 * All rounds but the last are committed to once; a try costs one small tree and four hashes. With a colouring that is wrong at one
 * edge of |E|, it succeeds with chance (1 − 1/|E|)^k: for K4 and k = 64, one of 117,000.
 *
 * @module
 */

import { Forest } from "./forest.ts";
import { type Graph, graphHash } from "./graph.ts";
import { challengedEdges, fiatShamirOutput, hashOfRounds, transcriptOf } from "./transcript.ts";
import { siblingsOfEdges } from "./tree.ts";

/** What a cheat got. */
export interface Forgery {
  /** Commitments tried. */
  readonly tries: number;
  /** A proof that verifies; undefined if there was no luck. */
  readonly proof: Uint8Array | undefined;
}

/**
 * Tries commitments to a colouring that is not proper until one's edges are all coloured differently.
 *
 * @param graph The graph.
 * @param colouring Wrong at few edges.
 * @param rounds k.
 * @param tries At most.
 * @param secret 32 bytes.
 */
export async function forgeFiatShamir(
  graph: Graph,
  colouring: ArrayLike<number>,
  rounds: number,
  tries: number,
  secret: Uint8Array,
): Promise<Forgery> {
  const { edges } = graph;
  const last = rounds - 1;
  const [first, other] = [0, 1].map(() => new Forest(graph, colouring, rounds, secret));
  const before = hashOfRounds();
  for (let round = 0; round < last; round++) before.update(first.plant(round));
  const fixed = { graphHash: graphHash(graph), rounds, beacon: "", targetPulse: 0 };
  const guess = secret.slice();
  for (let tried = 1; tried <= tries; tried++) {
    new DataView(guess.buffer).setUint32(0, tried);
    other.rekey(guess);
    const commitment = { ...fixed, root: before.clone().update(other.plant(last)).digest() };
    const transcript = transcriptOf(commitment);
    const challenged = challengedEdges(fiatShamirOutput(transcript), transcript, edges.length / 2, rounds);
    if (challenged.some((edge) => colouring[edges[2 * edge]] === colouring[edges[2 * edge + 1]])) continue;
    // Both forests open everything; the last round is the other one's.
    const proof = await first.open(challenged, commitment);
    const digests = siblingsOfEdges(graph)(challenged[last]).reduce((sum, level) => sum + level.length, 0);
    const from = proof.length - 66 - 32 * digests;
    proof.set((await other.open(challenged, commitment)).subarray(from), from);
    return { tries: tried, proof };
  }
  return { tries, proof: undefined };
}
