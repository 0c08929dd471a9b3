import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "./half.ts";

const all = Uint16Array.from({ length: 65536 }, (_, i) => i);

/** The value of a bit pattern, by the definition: (−1)^sign · 2^(exponent − bias) · 1.fraction */
function naiveValue(bits: number, exponentBits: number, fractionBits: number): number {
  const sign = bits >>> 15 ? -1 : 1;
  const exponent = (bits >>> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * 2 ** (1 - bias) * fraction : sign * 2 ** (exponent - bias) * (1 + fraction);
}

/** The nearest pattern by searching the ascending table of all of them, ties to the even pattern. */
function naiveNarrow(x: number, exponentBits: number, fractionBits: number): number {
  const sign = Object.is(x, -0) || x < 0 ? 0x8000 : 0;
  const infinity = (2 ** exponentBits - 1) << fractionBits;
  // The step past the largest number, by which rounding to infinity is decided.
  const value = (bits: number): number =>
    bits === infinity ? 2 ** (2 ** (exponentBits - 1)) : naiveValue(bits, exponentBits, fractionBits);
  const magnitude = Math.abs(x);
  let low = 0;
  let high = infinity;
  if (magnitude >= value(high)) return sign | infinity;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (value(middle) <= magnitude) low = middle;
    else high = middle;
  }
  const below = magnitude - value(low);
  const above = value(high) - magnitude;
  return sign | (below < above || (below === above && low % 2 === 0) ? low : high);
}

const formats: {
  name: string;
  widen: (source: Uint16Array) => Float32Array;
  narrow: (source: Float32Array) => Uint16Array;
  layout: [exponentBits: number, fractionBits: number];
}[] = [
  { name: "float16", widen: float16ToFloat32, narrow: float32ToFloat16, layout: [5, 10] },
  { name: "bfloat16", widen: bfloat16ToFloat32, narrow: float32ToBfloat16, layout: [8, 7] },
];

for (const { name, widen, narrow, layout } of formats) {
  test(`${name}: every one of the 65,536 patterns widens to its value`, () => {
    const values = widen(all);
    for (let i = 0; i < 65536; i++) {
      const expected = naiveValue(i, ...layout);
      if (!Object.is(values[i], expected)) assert.fail(`0x${i.toString(16)}: ${values[i]}, expected ${expected}`);
    }
  });

  test(`${name}: every pattern survives the round trip, NaN as a quiet NaN of the same sign and payload`, () => {
    const quiet = 2 ** (layout[1] - 1);
    const back = narrow(widen(all));
    for (let i = 0; i < 65536; i++) {
      const expected = Number.isNaN(naiveValue(i, ...layout)) ? i | quiet : i;
      if (back[i] !== expected) assert.fail(`0x${i.toString(16)} came back as 0x${back[i].toString(16)}`);
    }
  });

  test(`${name}: the middle between neighbours goes to the even one, a float32 beside it to its side`, () => {
    const infinity = (2 ** layout[0] - 1) << layout[1];
    const step = Float32Array.of(0);
    const bits = new Int32Array(step.buffer);
    for (let i = 0; i < infinity; i++) {
      const upper = i + 1 === infinity ? 2 ** (2 ** (layout[0] - 1)) : naiveValue(i + 1, ...layout);
      step[0] = (naiveValue(i, ...layout) + upper) / 2;
      const middle = bits[0];
      const around = new Float32Array(3);
      new Int32Array(around.buffer).set([middle - 1, middle, middle + 1]);
      const expected = [i, i % 2 === 0 ? i : i + 1, i + 1];
      const found = narrow(around);
      if (String([...found]) !== String(expected)) assert.fail(`around pattern ${i}: ${found}, expected ${expected}`);
    }
  });

  test(`${name}: narrowing any float32 equals the search for the nearest`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (pattern) => {
        const x = new Float32Array(Uint32Array.of(pattern).buffer);
        const [found] = narrow(x);
        if (Number.isNaN(x[0])) assert.ok(Number.isNaN(naiveValue(found, ...layout)));
        else assert.equal(found, naiveNarrow(x[0], ...layout));
      }),
      { numRuns: 20_000 },
    );
  });
}

const { Float16Array: Native } = globalThis as unknown as {
  Float16Array?: new (x: Float32Array) => { buffer: ArrayBuffer };
};

test("float16: narrowing equals the runtime's own Float16Array", {
  skip: Native ? false : "no Float16Array here",
}, () => {
  const x = new Float32Array(1 << 16);
  const bits = new Uint32Array(x.buffer);
  for (let round = 0; round < 16; round++) {
    for (let i = 0; i < x.length; i++) bits[i] = Math.imul(i + round * x.length, 0x9e3779b1);
    const expected = new Uint16Array(new Native!(x).buffer);
    const found = float32ToFloat16(x);
    for (let i = 0; i < x.length; i++) {
      if (found[i] !== expected[i] && !Number.isNaN(x[i])) assert.fail(`${x[i]}: ${found[i]}, native ${expected[i]}`);
    }
  }
});

test("conversions honour a view's offset", () => {
  const x = new Float32Array([9, 1, -2, 9]).subarray(1, 3);
  assert.deepEqual([...bfloat16ToFloat32(float32ToBfloat16(x))], [1, -2]);
  assert.deepEqual([...float16ToFloat32(float32ToFloat16(x), new Float32Array(4).subarray(1, 3))], [1, -2]);
});
