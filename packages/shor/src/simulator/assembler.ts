/**
 * A WebAssembly assembler, as small as the kernels need: functions of numbers with nested counting loops and SIMD.
 *
 * The kernels are written in it so that they can be read and changed here, and no binary has to be trusted. JavaScript has no
 * SIMD and converts every float32 to a double and back; the same loops in it take four to ten times as long (docs/LOG.md).
 */

/** Bytes of code. */
export type Code = readonly number[];

const leb = (value: number): number[] => {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    const last = rest === 0 || rest === -1;
    bytes.push(rest & 0x7f);
    if (last && (rest === 0) === ((bytes.at(-1)! & 0x40) === 0)) break;
  }
  return bytes.map((byte, i) => (i < bytes.length - 1 ? byte | 0x80 : byte));
};
const unsigned = (value: number): number[] =>
  value < 128 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(Math.floor(value / 128))];
const simd = (code: number, ...rest: number[]): number[] => [0xfd, ...unsigned(code), ...rest];
const vector = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()];
const section = (id: number, content: number[]): number[] => [id, ...unsigned(content.length), ...content];
const name = (text: string): number[] => vector([...text].map((character) => [character.charCodeAt(0)]));

/** Types of values. */
export const TYPE = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;

/** Instructions: bytes, or functions from immediate operands to bytes. */
export interface Instructions {
  readonly get: (local: number) => number[];
  readonly set: (local: number) => number[];
  readonly i32: (value: number) => number[];
  readonly add: readonly number[];
  readonly sub: readonly number[];
  readonly mul: readonly number[];
  readonly shl: readonly number[];
  readonly shiftRight: readonly number[];
  readonly lessUnsigned: readonly number[];
  readonly select: readonly number[];
  readonly f64Add: readonly number[];
  readonly f64Sub: readonly number[];
  readonly f64FromF32: readonly number[];
  readonly load: readonly number[];
  readonly store: readonly number[];
  readonly loadLow: readonly number[];
  readonly loadHigh: readonly number[];
  readonly splat: readonly number[];
  readonly vAdd: readonly number[];
  readonly vSub: readonly number[];
  readonly vMul: readonly number[];
  readonly zero: readonly number[];
  readonly shuffle: (lanes: readonly number[]) => number[];
  readonly lane: (index: number) => number[];
  readonly floats: (values: readonly number[]) => number[];
}

/** Instructions, operands before them on the stack as usual. */
export const I: Instructions = {
  get: (local: number): number[] => [0x20, ...unsigned(local)],
  set: (local: number): number[] => [0x21, ...unsigned(local)],
  i32: (value: number): number[] => [0x41, ...leb(value | 0)],
  add: [0x6a],
  sub: [0x6b],
  mul: [0x6c],
  shl: [0x74],
  shiftRight: [0x76],
  lessUnsigned: [0x49],
  select: [0x1b],
  f64Add: [0xa0],
  f64Sub: [0xa1],
  f64FromF32: [0xbb],
  load: simd(0, 4, 0),
  store: simd(11, 4, 0),
  /** Loads 8 bytes into the lower half, zeros above. */
  loadLow: simd(93, 3, 0),
  /** Address and vector → the vector with its upper half loaded. */
  loadHigh: simd(87, 3, 0, 1),
  splat: simd(19),
  vAdd: simd(228),
  vSub: simd(229),
  vMul: simd(230),
  zero: simd(12, ...new Array(16).fill(0)),
  /** Two vectors → four lanes chosen among their eight. */
  shuffle: (lanes: readonly number[]): number[] =>
    simd(13, ...lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte))),
  lane: (index: number): number[] => simd(31, index),
  floats: (values: readonly number[]): number[] => simd(12, ...new Uint8Array(Float32Array.from(values).buffer)),
};

/** `for (local = from; local < to; local += step) body`, unsigned, at least once; `to` and `step` are code. */
export function loop(local: number, from: Code, to: Code, step: Code, body: Code): number[] {
  return [
    ...from,
    ...I.set(local),
    0x03,
    0x40,
    ...body,
    ...I.get(local),
    ...step,
    ...I.add,
    0x22,
    ...unsigned(local),
    ...to,
    ...I.lessUnsigned,
    0x0d,
    0,
    0x0b,
  ];
}

/** `if (condition) body`, for code that leaves an integer. */
export function when(condition: Code, body: Code): number[] {
  return [...condition, 0x04, 0x40, ...body, 0x0b];
}

/** A function: types of parameters, results and further locals, and code. Locals are numbered parameters first. */
export interface WasmFunction {
  readonly parameters: readonly number[];
  readonly results?: readonly number[];
  readonly locals?: readonly number[];
  readonly code: Code;
}

/** A module that imports its memory as `m.m` and exports the functions by their names. */
export function assemble(functions: Record<string, WasmFunction>): Uint8Array<ArrayBuffer> {
  const list = Object.values(functions);
  const types = list.map(({ parameters, results = [] }) => [
    0x60,
    ...vector(parameters.map((type) => [type])),
    ...vector(results.map((type) => [type])),
  ]);
  const bodies = list.map(({ locals = [], code }) => {
    const body = [...vector(locals.map((type) => [1, type])), ...code, 0x0b];
    return [...unsigned(body.length), ...body];
  });
  return Uint8Array.from([
    0x00,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    ...section(1, vector(types)),
    ...section(2, vector([[...name("m"), ...name("m"), 0x02, 0x00, 1]])),
    ...section(3, vector(list.map((_, i) => unsigned(i)))),
    ...section(7, vector(Object.keys(functions).map((key, i) => [...name(key), 0x00, ...unsigned(i)]))),
    ...section(10, vector(bodies)),
  ]);
}
