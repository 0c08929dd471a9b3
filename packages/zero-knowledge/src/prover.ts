/**
 * The prover: commits to k randomly permuted colourings, and opens two vertices of each when the edges are known.
 *
 * Salts and permutations are SHAKE256 of a secret key, the round and a number, four salts to a block. So nothing but the key and one
 * level of every tree has to be kept between the two steps, 32 bytes for each 16 vertices of each round, and an opening computes no
 * more salts than it needs. (WebCrypto's AES-CTR took longer: it returns each megabyte in memory that nobody has touched before.)
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
  const forest = new Forest(graph, colouring, rounds, secret);
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

/** Lets others have the thread: a proof may take a minute. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Words of a block of SHAKE256: four salts. */
const BLOCK = 4 * DIGEST;
/** Words of a block's message: secret 8, domain 2, round, block. */
const SEED = 12;
const DOMAIN = [0x64617267, 0x31737375]; // "gradus", then "s1" as in tree.ts
/** Rounds between two pauses. */
const STRETCH = 256;

/** The trees of all rounds. */
class Forest {
  readonly #graph: Graph;
  readonly #colouring: ArrayLike<number>;
  readonly #rounds: number;
  readonly #hash: Uint32Array;
  readonly #sizes: number[];
  readonly #kept: number;
  readonly #nodes: Uint32Array;
  readonly #levels: Uint32Array[];
  readonly #hasher: BatchHasher;
  readonly #nodeHasher: NodeHasher;
  readonly #messages: Uint32Array;
  /** Messages of {@link SEED} words. */
  readonly #seeds: Uint32Array;
  /** Blocks of one round: the first for the permutation, then one for four vertices. */
  readonly #blocks: Uint32Array;

  constructor(graph: Graph, colouring: ArrayLike<number>, rounds: number, secret: Uint8Array) {
    const n = graph.vertices;
    this.#graph = graph;
    this.#colouring = colouring;
    this.#rounds = rounds;
    this.#hash = new Uint32Array(graphHash(graph).slice().buffer);
    this.#sizes = levelSizes(n);
    this.#kept = Math.min(KEPT, this.#sizes.length - 1);
    this.#nodes = new Uint32Array(rounds * this.#sizes[this.#kept] * DIGEST);
    this.#levels = this.#sizes.map((size) => new Uint32Array(size * DIGEST));
    this.#hasher = new BatchHasher(n);
    this.#nodeHasher = new NodeHasher(this.#hasher);
    this.#messages = new Uint32Array(n * LEAF);
    const blocks = 1 + Math.ceil(n / 4);
    this.#blocks = new Uint32Array(BLOCK * blocks);
    this.#seeds = new Uint32Array(SEED * blocks);
    const key = new Uint32Array(secret.slice().buffer);
    for (let i = 0; i < blocks; i++) this.#seeds.set([...key, ...DOMAIN], SEED * i);
  }

  /** Hashes everything once; returns the root. */
  async grow(): Promise<Uint8Array> {
    const roots = sha3_256.create().update(new TextEncoder().encode("gradus rounds 1"));
    const kept = this.#levels[this.#kept];
    for (let round = 0; round < this.#rounds; round++) {
      if (round % STRETCH === STRETCH - 1) await pause();
      this.#draw(round, 0, this.#blocks.length / BLOCK);
      this.#leaves(round, 0, this.#graph.vertices);
      for (let level = 1; level < this.#sizes.length; level++) this.#level(level, 0, this.#sizes[level]);
      this.#nodes.set(kept, round * kept.length);
      roots.update(new Uint8Array(this.#levels[this.#sizes.length - 1].buffer));
    }
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
    for (let round = 0; round < this.#rounds; round++) {
      if (round % STRETCH === STRETCH - 1) await pause();
      const [a, b] = [this.#graph.edges[2 * edges[round]], this.#graph.edges[2 * edges[round] + 1]];
      this.#draw(round, 0, 1);
      this.#regrow(round, a);
      this.#regrow(round, b);
      kept.set(this.#nodes.subarray(round * kept.length, (round + 1) * kept.length));
      for (let level = this.#kept + 1; level < this.#sizes.length; level++) this.#level(level, 0, this.#sizes[level]);
      const colours = this.#permutation();
      writer.colours(colours[this.#colouring[a]], colours[this.#colouring[b]]);
      writer.digest(this.#blocks, BLOCK + DIGEST * a);
      writer.digest(this.#blocks, BLOCK + DIGEST * b);
      siblingsOf(edges[round]).forEach((places, level) => {
        for (const place of places) writer.digest(this.#levels[level], place * DIGEST);
      });
    }
    this.#hasher.clear();
    return writer.bytes;
  }

  /** Blocks of a round, `count` of them from `first` on. */
  #draw(round: number, first: number, count: number): void {
    const seeds = this.#seeds;
    for (let i = 0; i < count; i++) {
      seeds[SEED * i + 10] = round;
      seeds[SEED * i + 11] = first + i;
    }
    this.#hasher.expand(seeds, SEED, count, this.#blocks, BLOCK * first);
  }

  /** The part of the tree below the kept node over a vertex. */
  #regrow(round: number, vertex: number): void {
    const below = this.#kept === 0 ? 1 : 4 * 2 ** (this.#kept - 1);
    const node = Math.floor(vertex / below);
    const first = node * below;
    const count = Math.min(below, this.#graph.vertices - first);
    this.#draw(round, 1 + Math.floor(first / 4), Math.ceil(count / 4));
    this.#leaves(round, first, count);
    for (let level = 1, width = below / 4; level < this.#kept; level++, width /= 2) {
      const from = node * width;
      this.#level(level, from, Math.min(width, this.#sizes[level] - from));
    }
  }

  #leaves(round: number, first: number, count: number): void {
    const colours = this.#permutation();
    for (let i = 0; i < count; i++) {
      const vertex = first + i;
      const colour = colours[this.#colouring[vertex]];
      writeLeaf(this.#messages, i * LEAF, this.#hash, round, vertex, colour, this.#blocks, BLOCK + DIGEST * vertex);
    }
    this.#hasher.hash(this.#messages, LEAF, count, this.#levels[0], first * DIGEST);
  }

  #level(level: number, first: number, count: number): void {
    this.#nodeHasher.hash(level, this.#levels[level - 1], this.#levels[level], first, count);
  }

  /** One of the six permutations of the colours: the first word that does not favour any of them. */
  #permutation(): readonly number[] {
    const limit = Math.floor(2 ** 32 / 6) * 6;
    const words = this.#blocks;
    for (let i = 0; i < BLOCK; i++) if (words[i] < limit) return PERMUTATIONS[words[i] % 6];
    return PERMUTATIONS[0]; // once in 2^960 rounds
  }
}
