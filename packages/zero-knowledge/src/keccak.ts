/**
 * SHA3-256 and SHAKE256 of many short messages at once: Keccak's permutation on two states in one WebAssembly loop, a state in each half of
 * the SIMD registers.
 *
 * A proof is a hundred million hashes of messages that fit into one block; hashing them one by one in JavaScript takes ten times
 * as long. The permutation is written down once, for vectors of two 64-bit lanes, by the little assembler below. Long and rare
 * messages go through `@noble/hashes`, which is also the twin in the tests.
 *
 * Source: FIPS 202, sections 3.2 and 6.1.
 */

const RATE = 136; // bytes of a block of SHA3-256

const unsigned = (value: number): number[] =>
  value < 128 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(Math.floor(value / 128))];
const simd = (code: number, ...rest: number[]): number[] => [0xfd, ...unsigned(code), ...rest];
const i32 = (value: number): number[] => {
  const bytes = [];
  let rest = value;
  while (rest >= 64) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  return [0x41, ...bytes, rest];
};
const get = (local: number): number[] => [0x20, ...unsigned(local)];
const set = (local: number): number[] => [0x21, ...unsigned(local)];
const XOR = simd(81);
const OR = simd(80);
const ANDNOT = simd(79); // a & ~b
const load = (offset: number): number[] => simd(0, 4, ...unsigned(offset));
const store = (offset: number): number[] => simd(11, 4, ...unsigned(offset));
const section = (id: number, content: number[]): number[] => [id, ...unsigned(content.length), ...content];

/** ρ: by how much lane x + 5y is turned, and π: where it goes; both from the walk (x, y) → (y, 2x + 3y). */
function offsets(): { turn: number[]; to: number[] } {
  const turn = new Array<number>(25).fill(0);
  const to = new Array<number>(25).fill(0);
  let [x, y] = [1, 0];
  for (let t = 0; t < 24; t++) {
    turn[x + 5 * y] = (((t + 1) * (t + 2)) / 2) % 64;
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  for (let i = 0; i < 25; i++) to[i] = Math.floor(i / 5) + 5 * ((2 * (i % 5) + 3 * Math.floor(i / 5)) % 5);
  return { turn, to };
}

/** ι: the 24 round constants, from the linear feedback shift register x⁸ + x⁶ + x⁵ + x⁴ + 1. */
function roundConstants(): bigint[] {
  let register = 1;
  return Array.from({ length: 24 }, () => {
    let constant = 0n;
    for (let j = 0; j < 7; j++) {
      if (register & 1) constant |= 1n << BigInt(2 ** j - 1);
      register = (register << 1) ^ (register & 0x80 ? 0x171 : 0);
    }
    return constant;
  });
}

/** The module: `f(states, end, constants)` permutes the pairs of states from one address to another, 400 bytes each. */
function assemble(): Uint8Array<ArrayBuffer> {
  // Locals: 0 states, 1 end, 2 constants, 3 its end, 4 round; 5 … 29 lanes A, 30 … 54 lanes B, 55 … 59 C, 60 scratch.
  const [A, B, C, D] = [5, 30, 55, 60];
  const { turn, to } = offsets();
  const rotate = (bits: number): number[] =>
    bits === 0
      ? []
      : [...set(D), ...get(D), ...i32(bits), ...simd(203), ...get(D), ...i32(64 - bits), ...simd(205), ...OR];
  const round: number[] = [];
  for (let x = 0; x < 5; x++) {
    round.push(...get(A + x));
    for (let y = 1; y < 5; y++) round.push(...get(A + x + 5 * y), ...XOR);
    round.push(...set(C + x));
  }
  for (let x = 0; x < 5; x++) {
    round.push(...get(C + ((x + 1) % 5)), ...rotate(1), ...get(C + ((x + 4) % 5)), ...XOR, ...set(B + x)); // θ's D in B for now
  }
  const mixed = [0, 1, 2, 3, 4].map((x) => B + x);
  for (let i = 0; i < 25; i++) round.push(...get(A + i), ...get(mixed[i % 5]), ...XOR, ...set(A + i));
  for (let i = 0; i < 25; i++) round.push(...get(A + i), ...rotate(turn[i]), ...set(B + to[i]));
  for (let i = 0; i < 25; i++) {
    const row = i - (i % 5);
    round.push(
      ...get(B + row + ((i + 2) % 5)),
      ...get(B + row + ((i + 1) % 5)),
      ...ANDNOT,
      ...get(B + i),
      ...XOR,
      ...set(A + i),
    );
  }
  round.push(...get(A), ...get(4), ...simd(10, 3, 0), ...XOR, ...set(A)); // ι: the constant in both halves
  const lanes = Array.from({ length: 25 }, (_, i) => i);
  const code = [
    0x03,
    0x40,
    ...lanes.flatMap((i) => [...get(0), ...load(16 * i), ...set(A + i)]),
    ...get(2),
    ...set(4),
    0x03,
    0x40,
    ...round,
    ...get(4),
    ...i32(8),
    0x6a,
    0x22,
    4,
    ...get(3),
    0x49,
    0x0d,
    0,
    0x0b,
    ...lanes.flatMap((i) => [...get(0), ...get(A + i), ...store(16 * i)]),
    ...get(0),
    ...i32(400),
    0x6a,
    0x22,
    0,
    ...get(1),
    0x49,
    0x0d,
    0,
    0x0b,
    0x0b,
  ];
  const body = [2, 1, 0x7f, 56, 0x7b, ...code];
  return Uint8Array.from([
    0x00,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    ...section(1, [1, 0x60, 4, 0x7f, 0x7f, 0x7f, 0x7f, 0]),
    ...section(2, [1, 1, 0x6d, 1, 0x6d, 0x02, 0x00, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, 1, 0x66, 0x00, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}

const CONSTANTS = 0;
const STATES = 256;

type Permute = (states: number, end: number, constants: number, constantsEnd: number) => void;

/** Hashes in batches. One for each caller: it holds the messages. */
export class BatchHasher {
  /** Messages at most. */
  readonly capacity: number;
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #permute: Permute;

  constructor(capacity: number) {
    this.capacity = capacity + (capacity % 2);
    const memory = new WebAssembly.Memory({ initial: Math.ceil((STATES + 200 * this.capacity) / 65536) });
    this.#words = new Uint32Array(memory.buffer);
    this.#bytes = new Uint8Array(memory.buffer);
    roundConstants().forEach((constant, i) => {
      new DataView(memory.buffer).setBigUint64(CONSTANTS + 8 * i, constant, true);
    });
    const instance = new WebAssembly.Instance(compile(), { m: { m: memory } });
    this.#permute = instance.exports.f as Permute;
  }

  /**
   * SHA3-256 of `count` messages of `words` 32-bit little-endian words each (at most 33), which lie one after the other in
   * `input`; the digests, 8 words each, go to `output`.
   */
  hash(input: Uint32Array, words: number, count: number, output: Uint32Array, outputAt: number = 0): void {
    this.#absorb(input, words, count, 0x06);
    this.#squeeze(8, count, output, outputAt);
  }

  /** The first 32 words of SHAKE256 of each message: as {@link hash}, with four times the output. */
  expand(input: Uint32Array, words: number, count: number, output: Uint32Array, outputAt: number = 0): void {
    this.#absorb(input, words, count, 0x1f);
    this.#squeeze(32, count, output, outputAt);
  }

  #absorb(input: Uint32Array, words: number, count: number, suffix: number): void {
    const states = this.#words;
    const pairs = (count + 1) >> 1;
    const base = STATES >> 2;
    states.fill(0, base, base + 100 * pairs);
    for (let i = 0; i < count; i++) {
      // Lane k of message i: 16 bytes for both states, this one's 8 first or second.
      const start = base + 100 * (i >> 1) + 2 * (i & 1);
      const from = i * words;
      let to = start;
      let w = 0;
      for (; w + 1 < words; w += 2, to += 4) {
        states[to] = input[from + w];
        states[to + 1] = input[from + w + 1];
      }
      if (w < words) states[to] = input[from + w];
      states[start + 4 * (words >> 1) + (words & 1)] = suffix;
      states[start + 4 * (RATE / 8 - 1) + 1] ^= 0x80000000;
    }
    this.#permute(STATES, STATES + 400 * pairs, CONSTANTS, CONSTANTS + 192);
  }

  #squeeze(words: number, count: number, output: Uint32Array, outputAt: number): void {
    const states = this.#words;
    for (let i = 0; i < count; i++) {
      const start = (STATES >> 2) + 100 * (i >> 1) + 2 * (i & 1);
      for (let w = 0, to = outputAt + words * i; w < 2 * words; w += 4, to += 2) {
        output[to] = states[start + w];
        output[to + 1] = states[start + w + 1];
      }
    }
  }

  /** Forgets the last messages: they may be secret. */
  clear(): void {
    this.#bytes.fill(0, STATES);
  }
}

let compiled: WebAssembly.Module | undefined;

function compile(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(assemble());
  return compiled;
}
