/**
 * The inner loops of the simulator in WebAssembly with SIMD. Amplitudes are interleaved complex float32 (re, im, re, im, …);
 * addresses and strides are in bytes. Each kernel's naive twin is in `kernels_test.ts`.
 */

import { assemble, type Code, I, loop, TYPE, when } from "./assembler.ts";

const { get, set, i32 } = I;
const { f32, v128 } = TYPE;
const int = TYPE.i32;

/** The kernels, bound to one memory. */
export interface Kernels {
  /** H on one qubit: pairs (a, b) at distance `stride` ≥ 16 become (a + b, a − b)/√2. */
  hadamard(start: number, end: number, stride: number): void;
  /** H on qubit 0: neighbours. */
  hadamardLowest(start: number, end: number): void;
  /** H on two qubits in one pass over memory, 16 ≤ `low` < `high`. */
  hadamardTwo(start: number, end: number, low: number, high: number): void;
  /**
   * p[first + i] = w[source + i · step mod modulus] for first ≤ first + i < end, and its share of ⟨w|p⟩: adds Σ Re w̄ₓpₓ and
   * Σ Im w̄ₓpₓ in blocks of 1024 to the doubles at `sum`. Beyond `end`, where it is odd, one more value is written to p.
   */
  permute(
    w: number,
    p: number,
    first: number,
    end: number,
    source: number,
    step: number,
    modulus: number,
    sum: number,
  ): void;
  /** w ← s w + (re + i im) p, `bytes` of it. */
  combine(w: number, p: number, bytes: number, s: number, re: number, im: number): void;
}

const SCALE = I.floats(new Array(4).fill(Math.SQRT1_2));
const butterfly = (a: number, b: number): number[] => [
  // a, b ← a + b, a − b, with a local in between
  ...get(a),
  ...get(b),
  ...I.vSub,
  ...get(a),
  ...get(b),
  ...I.vAdd,
  ...set(a),
  ...set(b),
];
const scaled = (local: number, scale: Code): number[] => [...get(local), ...scale, ...I.vMul];

const hadamard = {
  // 0 start, 1 end, 2 stride; 3 block, 4 i, 5 limit; 6 a, 7 b
  parameters: [int, int, int],
  locals: [int, int, int, v128, v128],
  code: loop(
    3,
    get(0),
    get(1),
    [...get(2), ...i32(1), ...I.shl],
    [
      ...get(3),
      ...get(2),
      ...I.add,
      ...set(5),
      ...loop(4, get(3), get(5), i32(16), [
        ...get(4),
        ...I.load,
        ...set(6),
        ...get(4),
        ...get(2),
        ...I.add,
        ...I.load,
        ...set(7),
        ...butterfly(6, 7),
        ...get(4),
        ...scaled(6, SCALE),
        ...I.store,
        ...get(4),
        ...get(2),
        ...I.add,
        ...scaled(7, SCALE),
        ...I.store,
      ]),
    ],
  ),
};

const hadamardLowest = {
  // 0 start, 1 end; 2 i; 3 a
  parameters: [int, int],
  locals: [int, v128],
  code: loop(2, get(0), get(1), i32(16), [
    ...get(2),
    ...get(2),
    ...I.load,
    ...set(3),
    ...get(3),
    ...get(3),
    ...I.shuffle([0, 1, 0, 1]),
    ...get(3),
    ...get(3),
    ...I.shuffle([2, 3, 2, 3]),
    ...I.floats([1, 1, -1, -1]),
    ...I.vMul,
    ...I.vAdd,
    ...SCALE,
    ...I.vMul,
    ...I.store,
  ]),
};

const HALF = I.floats([0.5, 0.5, 0.5, 0.5]);
const hadamardTwo = {
  // 0 start, 1 end, 2 low, 3 high; 4 outer, 5 middle, 6 i, 7 and 8 limits; 9 to 12 a, b, c, d
  parameters: [int, int, int, int],
  locals: [int, int, int, int, int, v128, v128, v128, v128],
  code: loop(
    4,
    get(0),
    get(1),
    [...get(3), ...i32(1), ...I.shl],
    [
      ...get(4),
      ...get(3),
      ...I.add,
      ...set(7),
      ...loop(
        5,
        get(4),
        get(7),
        [...get(2), ...i32(1), ...I.shl],
        [
          ...get(5),
          ...get(2),
          ...I.add,
          ...set(8),
          ...loop(6, get(5), get(8), i32(16), [
            ...get(6),
            ...I.load,
            ...set(9),
            ...get(6),
            ...get(2),
            ...I.add,
            ...I.load,
            ...set(10),
            ...get(6),
            ...get(3),
            ...I.add,
            ...I.load,
            ...set(11),
            ...get(6),
            ...get(2),
            ...I.add,
            ...get(3),
            ...I.add,
            ...I.load,
            ...set(12),
            ...butterfly(9, 10),
            ...butterfly(11, 12),
            ...butterfly(9, 11),
            ...butterfly(10, 12),
            ...get(6),
            ...scaled(9, HALF),
            ...I.store,
            ...get(6),
            ...get(2),
            ...I.add,
            ...scaled(10, HALF),
            ...I.store,
            ...get(6),
            ...get(3),
            ...I.add,
            ...scaled(11, HALF),
            ...I.store,
            ...get(6),
            ...get(2),
            ...I.add,
            ...get(3),
            ...I.add,
            ...scaled(12, HALF),
            ...I.store,
          ]),
        ],
      ),
    ],
  ),
};

// An index moves on by `step` modulo `modulus`. Without a branch: which way it goes cannot be predicted, and a wrong guess
// throws away the loads that were already under way, which costs more than all the rest.
const advance = (index: number, step: number, modulus: number, sum: number): number[] => [
  ...get(index),
  ...get(step),
  ...I.add,
  ...set(sum),
  ...get(sum),
  ...get(sum),
  ...get(modulus),
  ...I.sub,
  ...get(sum),
  ...get(modulus),
  ...I.lessUnsigned,
  ...I.select,
  ...set(index),
];
const address = (base: number, index: number): number[] => [...get(base), ...get(index), ...i32(3), ...I.shl, ...I.add];
// Two gathered values into v, |p⟩'s place, and their share of the scalar product; the last one of an odd number alone, with
// zeros beside it in u. (What is stored beyond it is the value that belongs there.)
const gathered = (loadOfW: Code): number[] => [
  ...address(0, 10),
  ...address(0, 9),
  ...I.loadLow,
  ...I.loadHigh,
  ...set(16),
  ...address(1, 8),
  ...get(16),
  ...I.store,
  ...address(0, 8),
  ...loadOfW,
  ...set(15),
  ...get(17),
  ...get(15),
  ...get(16),
  ...I.vMul,
  ...I.vAdd,
  ...set(17),
  ...get(18),
  ...get(15),
  ...get(16),
  ...get(16),
  ...I.shuffle([1, 0, 3, 2]),
  ...I.vMul,
  ...I.vAdd,
  ...set(18),
];
const permute = {
  // 0 w, 1 p, 2 first, 3 end, 4 source, 5 step, 6 modulus, 7 sum; 8 x, 9 and 10 source indices, 11 scratch, 12 double step,
  // 13 block, 14 limit; 15 u, 16 v, 17 Σ re, 18 Σ im
  parameters: [int, int, int, int, int, int, int, int],
  locals: [int, int, int, int, int, int, int, v128, v128, v128, v128],
  code: [
    ...get(4),
    ...set(9),
    ...get(4),
    ...set(10),
    ...advance(10, 5, 6, 11),
    ...get(5),
    ...set(12),
    ...advance(12, 5, 6, 11),
    ...loop(13, get(2), get(3), i32(1024), [
      ...I.zero,
      ...set(17),
      ...I.zero,
      ...set(18),
      ...get(13),
      ...i32(1024),
      ...I.add,
      ...set(14),
      // limit = min(block + 1024, end), its last bit apart
      ...get(14),
      ...get(3),
      ...get(14),
      ...get(3),
      ...I.lessUnsigned,
      ...I.select,
      ...set(14),
      ...get(13),
      ...set(8),
      ...when(
        [...get(14), ...get(13), ...I.sub, ...i32(1), ...I.shiftRight],
        loop(8, get(8), [...get(14), ...i32(1), ...I.sub], i32(2), [
          ...gathered(I.load),
          ...advance(9, 12, 6, 11),
          ...advance(10, 12, 6, 11),
        ]),
      ),
      ...when([...get(14), ...get(8), ...I.sub], gathered(I.loadLow)),
      ...accumulate(7, 0, 17, [1, 1, 1, 1]),
      ...accumulate(7, 8, 18, [1, -1, 1, -1]),
    ]),
  ],
};

/** Adds ± the lanes of a vector to the double at an address. */
function accumulate(base: number, offset: number, local: number, signs: readonly number[]): number[] {
  return [
    ...get(base),
    ...get(base),
    0x2b,
    3,
    offset,
    ...signs.flatMap((sign, lane) => [
      ...get(local),
      ...I.lane(lane),
      ...I.f64FromF32,
      ...(sign > 0 ? I.f64Add : I.f64Sub),
    ]),
    0x39,
    3,
    offset,
  ];
}

const combine = {
  // 0 w, 1 p, 2 bytes, 3 s, 4 re, 5 im; 6 i; 7 s, 8 re, 9 ±im, 10 p
  parameters: [int, int, int, f32, f32, f32],
  locals: [int, v128, v128, v128, v128],
  code: [
    ...get(3),
    ...I.splat,
    ...set(7),
    ...get(4),
    ...I.splat,
    ...set(8),
    ...get(5),
    ...I.splat,
    ...I.floats([-1, 1, -1, 1]),
    ...I.vMul,
    ...set(9),
    ...loop(6, i32(0), get(2), i32(16), [
      ...get(1),
      ...get(6),
      ...I.add,
      ...I.load,
      ...set(10),
      ...get(0),
      ...get(6),
      ...I.add,
      ...get(0),
      ...get(6),
      ...I.add,
      ...I.load,
      ...get(7),
      ...I.vMul,
      ...get(10),
      ...get(8),
      ...I.vMul,
      ...I.vAdd,
      ...get(10),
      ...get(10),
      ...I.shuffle([1, 0, 3, 2]),
      ...get(9),
      ...I.vMul,
      ...I.vAdd,
      ...I.store,
    ]),
  ],
};

let compiled: WebAssembly.Module | undefined;

/** Kernels that work on a memory. Compiled once. */
export function kernels(memory: WebAssembly.Memory): Kernels {
  compiled ??= new WebAssembly.Module(assemble({ hadamard, hadamardLowest, hadamardTwo, permute, combine }));
  return new WebAssembly.Instance(compiled, { m: { m: memory } }).exports as unknown as Kernels;
}
