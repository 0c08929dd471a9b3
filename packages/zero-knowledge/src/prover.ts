/**
 * The prover: commits to k randomly permuted colourings, and opens two vertices of each when the edges are known.
 *
 * Salts and permutations come from a secret key by AES-CTR, so nothing but the key and one level of every tree has to be kept
 * between the two steps: 32 bytes for each 16 vertices of each round.
 */

import { sha3_256 } from "@noble/hashes/sha3.js";
import { type Graph, graphHash, isThreeColouring } from "./graph.ts";
import { BatchHasher } from "./keccak.ts";
import { ProofWriter } from "./proof.ts";
import { type Commitment, challengedEdges, fiatShamirOutput, transcriptOf } from "./transcript.ts";
import { DIGEST, LEAF, levelSizes, NodeHasher, siblingsOfEdges, writeLeaf } from "./tree.ts";

/** The level that is kept: its nodes are over 4 · 2 · 2 = 16 leaves. */
const KEPT = 3;
const PERMUTATIONS = ["012", "021", "102", "120", "201", "210"].map((text) => [...text].map(Number));

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
   * The proof, once the target pulse is out.
   *
   * @param output The pulse's output.
   */
  open(output: Uint8Array): Promise<Uint8Array>;
}

/**
 * Commits to a three-colouring.
 *
 * @param graph The graph: the statement is that it has a proper three-colouring.
 * @param colouring The secret: 0, 1 or 2 for each vertex.
 * @param options Rounds and the pulse that will choose.
 * @throws {RangeError} A colouring that is not proper.
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
  const forest = new Forest(graph, colouring, rounds, await importSecret(secret));
  const root = await forest.grow();
  const commitment = { graphHash: graphHash(graph), rounds, root, beacon, targetPulse };
  const transcript = transcriptOf(commitment);
  return {
    commitment,
    transcript,
    async open(output) {
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

function importSecret(secret: Uint8Array): Promise<CryptoKey> {
  return globalThis.crypto.subtle.importKey("raw", secret as BufferSource, "AES-CTR", false, ["encrypt"]);
}

/** The trees of all rounds. */
class Forest {
  readonly #graph: Graph;
  readonly #colouring: ArrayLike<number>;
  readonly #rounds: number;
  readonly #key: CryptoKey;
  readonly #hash: Uint32Array;
  readonly #sizes: number[];
  readonly #kept: number;
  readonly #nodes: Uint32Array;
  readonly #levels: Uint32Array[];
  readonly #hasher: BatchHasher;
  readonly #nodeHasher: NodeHasher;
  readonly #messages: Uint32Array;
  /** Words of AES-CTR's key stream for a round: 8 for the permutation, then 8 for each vertex's salt. */
  readonly #perRound: number;

  constructor(graph: Graph, colouring: ArrayLike<number>, rounds: number, key: CryptoKey) {
    const n = graph.vertices;
    this.#graph = graph;
    this.#colouring = colouring;
    this.#rounds = rounds;
    this.#key = key;
    this.#hash = new Uint32Array(graphHash(graph).slice().buffer);
    this.#sizes = levelSizes(n);
    this.#kept = Math.min(KEPT, this.#sizes.length - 1);
    this.#nodes = new Uint32Array(rounds * this.#sizes[this.#kept] * DIGEST);
    this.#levels = this.#sizes.map((size) => new Uint32Array(size * DIGEST));
    this.#hasher = new BatchHasher(n);
    this.#nodeHasher = new NodeHasher(this.#hasher);
    this.#messages = new Uint32Array(n * LEAF);
    this.#perRound = DIGEST * (n + 1);
  }

  /** Hashes everything once; returns the root. */
  async grow(): Promise<Uint8Array> {
    const roots = sha3_256.create().update(new TextEncoder().encode("gradus rounds 1"));
    const kept = this.#levels[this.#kept];
    await this.#eachRound((round, stream) => {
      this.#leaves(round, stream, 0, this.#graph.vertices);
      for (let level = 1; level < this.#sizes.length; level++) this.#level(level, 0, this.#sizes[level]);
      this.#nodes.set(kept, round * kept.length);
      roots.update(new Uint8Array(this.#levels[this.#sizes.length - 1].buffer));
    });
    return roots.digest();
  }

  /** Opens both ends of an edge in each round. */
  async open(edges: Uint32Array, commitment: Commitment): Promise<Uint8Array> {
    const siblingsOf = siblingsOfEdges(this.#graph);
    const digests = edges.reduce(
      (sum, edge) => sum + siblingsOf(edge).reduce((all, level) => all + level.length, 0),
      0,
    );
    const writer = new ProofWriter(commitment, digests);
    const kept = this.#levels[this.#kept];
    await this.#eachRound((round, stream) => {
      const [a, b] = [this.#graph.edges[2 * edges[round]], this.#graph.edges[2 * edges[round] + 1]];
      this.#regrow(round, stream, a);
      this.#regrow(round, stream, b);
      kept.set(this.#nodes.subarray(round * kept.length, (round + 1) * kept.length));
      for (let level = this.#kept + 1; level < this.#sizes.length; level++) this.#level(level, 0, this.#sizes[level]);
      const colours = this.#permutation(stream);
      writer.colours(colours[this.#colouring[a]], colours[this.#colouring[b]]);
      writer.digest(stream, DIGEST * (a + 1));
      writer.digest(stream, DIGEST * (b + 1));
      siblingsOf(edges[round]).forEach((places, level) => {
        for (const place of places) writer.digest(this.#levels[level], place * DIGEST);
      });
    });
    this.#hasher.clear();
    return writer.bytes;
  }

  /** The part of the tree below the kept node over a vertex. */
  #regrow(round: number, stream: Uint32Array, vertex: number): void {
    const below = this.#kept === 0 ? 1 : 4 * 2 ** (this.#kept - 1);
    const node = Math.floor(vertex / below);
    const first = node * below;
    this.#leaves(round, stream, first, Math.min(below, this.#graph.vertices - first));
    for (let level = 1, width = below / 4; level < this.#kept; level++, width /= 2) {
      const from = node * width;
      this.#level(level, from, Math.min(width, this.#sizes[level] - from));
    }
  }

  #leaves(round: number, stream: Uint32Array, first: number, count: number): void {
    const colours = this.#permutation(stream);
    for (let i = 0; i < count; i++) {
      const vertex = first + i;
      const colour = colours[this.#colouring[vertex]];
      writeLeaf(this.#messages, i * LEAF, this.#hash, round, vertex, colour, stream, DIGEST * (vertex + 1));
    }
    this.#hasher.hash(this.#messages, LEAF, count, this.#levels[0], first * DIGEST);
  }

  #level(level: number, first: number, count: number): void {
    this.#nodeHasher.hash(level, this.#levels[level - 1], this.#levels[level], first, count);
  }

  /** One of the six permutations of the colours: the first word that does not favour any of them. */
  #permutation(stream: Uint32Array): readonly number[] {
    const limit = Math.floor(2 ** 32 / 6) * 6;
    for (let i = 0; i < DIGEST; i++) if (stream[i] < limit) return PERMUTATIONS[stream[i] % 6];
    return PERMUTATIONS[0]; // once in 2^240 rounds
  }

  /** Calls back for every round with its key stream, which is made for many at a time. */
  async #eachRound(visit: (round: number, stream: Uint32Array) => void): Promise<void> {
    const batch = Math.max(1, Math.floor(2 ** 18 / this.#perRound));
    const blocks = this.#perRound / 4; // of 16 bytes
    for (let first = 0; first < this.#rounds; first += batch) {
      const count = Math.min(batch, this.#rounds - first);
      const counter = new Uint8Array(16);
      new DataView(counter.buffer).setBigUint64(8, BigInt(first) * BigInt(blocks));
      const zeros = new Uint8Array(count * this.#perRound * 4);
      const words = new Uint32Array(
        await globalThis.crypto.subtle.encrypt({ name: "AES-CTR", counter, length: 64 }, this.#key, zeros),
      );
      for (let i = 0; i < count; i++) visit(first + i, words.subarray(i * this.#perRound, (i + 1) * this.#perRound));
    }
  }
}
