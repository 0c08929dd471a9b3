/**
 * The trees of all rounds: a randomly permuted colouring in each, under one root.
 *
 * Salts and permutations are SHAKE256 of a secret key, the round and a number, four salts to a block. So nothing but the key and one
 * level of every tree has to be kept between the two steps, 32 bytes for each 16 vertices of each round, and an opening computes no
 * more salts than it needs. (WebCrypto's AES-CTR took longer: it returns each megabyte in memory that nobody has touched before.)
 */

import { type Graph, graphHash } from "./graph.ts";
import { BatchHasher } from "./keccak.ts";
import { ProofWriter } from "./proof.ts";
import { type Commitment, hashOfRounds } from "./transcript.ts";
import { DIGEST, LEAF, levelSizes, NodeHasher, siblingsOfEdges, writeLeaf } from "./tree.ts";

/** The level that is kept: its nodes are over 4 · 2 · 2 = 16 leaves. */
const KEPT = 3;
const PERMUTATIONS = ["012", "021", "102", "120", "201", "210"].map((text) => [...text].map(Number));

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
export class Forest {
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
    this.rekey(secret);
  }

  /** Takes another secret for what is drawn from now on. */
  rekey(secret: Uint8Array): void {
    const start = [...new Uint32Array(secret.slice().buffer), ...DOMAIN];
    for (let at = 0; at < this.#seeds.length; at += SEED) this.#seeds.set(start, at);
  }

  /** Hashes everything once; returns the root. */
  async grow(): Promise<Uint8Array> {
    const roots = hashOfRounds();
    for (let round = 0; round < this.#rounds; round++) {
      if (round % STRETCH === STRETCH - 1) await pause();
      roots.update(this.plant(round));
    }
    return roots.digest();
  }

  /** Hashes one round's tree; returns its root. */
  plant(round: number): Uint8Array {
    const kept = this.#levels[this.#kept];
    this.#draw(round, 0, this.#blocks.length / BLOCK);
    this.#leaves(round, 0, this.#graph.vertices);
    for (let level = 1; level < this.#sizes.length; level++) this.#level(level, 0, this.#sizes[level]);
    this.#nodes.set(kept, round * kept.length);
    return new Uint8Array(this.#levels[this.#sizes.length - 1].buffer);
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
