import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Stream, stream } from "./stream.ts";

const open = (sample = 0): Stream => stream(42, { purpose: "test", step: 1, prompt: 2, sample });

/** Each way to draw. */
const draws: Record<string, (random: Stream) => unknown> = {
  uint32: (random) => random.uint32(),
  uniform: (random) => random.uniform(),
  uniformFloat32: (random) => random.uniformFloat32(),
  integer: (random) => random.integer(-5, 1000),
  wide: (random) => random.integer(0, 2 ** 53 - 1),
  normal: (random) => random.normal(1, 2),
  fillUniform32: (random) => [...random.fillUniform(new Float32Array(7))],
  fillUniform64: (random) => [...random.fillUniform(new Float64Array(5))],
  fillNormal: (random) => [...random.fillNormal(new Float32Array(3), 0, 0.02)],
  categorical: (random) => random.categorical(new Float32Array([0, 1, 2, 3])),
  fromProbabilities: (random) => random.categoricalFromProbabilities([1, 2, 3, 4]),
  shuffle: (random) => random.shuffle([1, 2, 3, 4, 5]),
};
const drawName = fc.constantFrom(...Object.keys(draws));

test("a stream set to a saved position goes on as the one that was saved, whatever was drawn before", () => {
  fc.assert(
    fc.property(fc.array(drawName), fc.array(drawName, { minLength: 1 }), (before, after) => {
      const first = open();
      for (const name of before) draws[name](first);
      const resumed = open();
      resumed.position = first.position;
      assert.equal(resumed.position, first.position);
      for (const name of after) assert.deepEqual(draws[name](resumed), draws[name](first));
      assert.equal(resumed.position, first.position);
    }),
  );
});

test("skip(n) equals drawing n words, and goes back", () => {
  fc.assert(
    fc.property(fc.nat(40), fc.nat(40), (start, n) => {
      const drawn = open().skip(start);
      for (let i = 0; i < n; i++) drawn.uint32();
      const skipped = open().skip(start).skip(n);
      assert.equal(skipped.position, start + n);
      assert.equal(skipped.uint32(), drawn.uint32());
      assert.equal(skipped.skip(-n - 1).position, start);
      assert.equal(skipped.uint32(), open().skip(start).uint32());
    }),
  );
});

test("the stream ends after 2^34 words and says so", () => {
  const random = open();
  random.position = 2 ** 34 - 5;
  for (let i = 0; i < 5; i++) random.uint32();
  assert.equal(random.position, 2 ** 34);
  assert.throws(() => random.uint32(), { name: "RangeError", message: /2\^34 words/ });
  assert.throws(() => random.fillUniform(new Float32Array(4)), { name: "RangeError", message: /2\^34 words/ });
  for (const position of [-1, 0.5, 2 ** 34 + 1, Number.NaN]) {
    assert.throws(() => {
      random.position = position;
    }, RangeError);
  }
  assert.throws(() => open().skip(-1), RangeError);
});

test("filling equals drawing one by one, at any offset and across pieces", () => {
  fc.assert(
    fc.property(fc.nat(9), fc.constantFrom(0, 1, 2, 3, 5, 511, 512, 513, 1023, 1024, 1025, 2600), (offset, length) => {
      const same = <T extends Float32Array | Float64Array>(
        fill: (random: Stream, array: T) => T,
        one: (random: Stream) => number,
        array: T,
      ) => {
        const bulk = open().skip(offset);
        const single = open().skip(offset);
        const filled = fill(bulk, array);
        assert.equal(filled, array);
        assert.deepEqual(
          filled,
          array.map(() => one(single)),
        );
        assert.equal(bulk.position, single.position);
        assert.equal(bulk.uint32(), single.uint32());
      };
      same(
        (random, array) => random.fillUniform(array),
        (random) => random.uniformFloat32(),
        new Float32Array(length),
      );
      same(
        (random, array) => random.fillUniform(array),
        (random) => random.uniform(),
        new Float64Array(length),
      );
      same(
        (random, array) => random.fillNormal(array, 3, 0.5),
        (random) => random.normal(3, 0.5),
        new Float32Array(length),
      );
      same(
        (random, array) => random.fillNormal(array),
        (random) => random.normal(),
        new Float64Array(length),
      );
    }),
    { numRuns: 60 },
  );
});

test("integers stay in their interval, for intervals of every width", () => {
  const bound = fc.oneof(fc.integer({ min: -10, max: 10 }), fc.maxSafeInteger());
  fc.assert(
    fc.property(bound, bound, fc.nat(1000), (a, b, sample) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      fc.pre(low < high && high - low <= 2 ** 53);
      const value = open(sample).integer(low, high);
      assert.ok(Number.isSafeInteger(value) && value >= low && value < high, `${value} outside [${low}, ${high})`);
    }),
  );
});

test("integer refuses empty, fractional and too wide intervals", () => {
  for (const [low, high] of [
    [1, 1],
    [2, 1],
    [0, 1.5],
    [0.5, 2],
    [0, Number.NaN],
    [0, 2 ** 53 + 2],
    [-(2 ** 53) + 1, 2 ** 53 - 1],
  ]) {
    assert.throws(() => open().integer(low, high), { name: "RangeError", message: /low and high/ });
  }
});

test("categorical equals the plain Gumbel-max with Math.log, pruned or not", () => {
  const logit = fc.oneof(fc.double({ min: -30, max: 30, noNaN: true }), fc.constant(Number.NEGATIVE_INFINITY));
  fc.assert(
    fc.property(fc.array(logit, { minLength: 1, maxLength: 1500 }), fc.nat(), (values, sample) => {
      const logits = Float64Array.from(values);
      fc.pre(logits.some((value) => value > Number.NEGATIVE_INFINITY));
      const random = open(sample);
      const index = random.categorical(logits);
      assert.equal(random.position, 2 * logits.length);
      const naive = open(sample);
      const scores = logits.map((value) => {
        const a = naive.uint32() >>> 6;
        const b = naive.uint32() >>> 6;
        return value - Math.log(-Math.log((a * 2 ** 26 + b + 0.5) / 2 ** 52));
      });
      assert.equal(index, scores.indexOf(Math.max(...scores)));
    }),
    { numRuns: 300 },
  );
});

test("masking logits never drawn leaves the draw as it was", () => {
  const logits = open().fillNormal(new Float32Array(100));
  for (let sample = 0; sample < 50; sample++) {
    const drawn = open(sample).categorical(logits);
    const masked = logits.map((value, i) => (i === drawn || i % 3 === 0 ? value : Number.NEGATIVE_INFINITY));
    assert.equal(open(sample).categorical(masked), drawn);
  }
});

test("categories that cannot be drawn are refused by name and place", () => {
  const refused = (values: number[], message: RegExp) =>
    assert.throws(() => open().categorical(new Float32Array(values)), { name: "RangeError", message });
  refused([0, Number.NaN], /got NaN at index 1/);
  refused([0, 1, Number.POSITIVE_INFINITY], /got Infinity at index 2/);
  refused([], /none of the 0 logits/);
  refused([Number.NEGATIVE_INFINITY], /none of the 1 logits/);
  const unlikely = (values: number[], message: RegExp) =>
    assert.throws(() => open().categoricalFromProbabilities(values), { name: "RangeError", message });
  unlikely([0.5, -0.1], /got -0.1 at index 1/);
  unlikely([Number.NaN], /got NaN at index 0/);
  unlikely([0, 0], /positive, finite sum, got 0/);
  unlikely([], /positive, finite sum, got 0/);
  unlikely([1e308, 1e308], /positive, finite sum, got Infinity/);
});

test("categoricalFromProbabilities never draws an impossible category, not even at the ends", () => {
  for (let sample = 0; sample < 2000; sample++) {
    assert.equal(open(sample).categoricalFromProbabilities([0, 0, 1e-300, 0]), 2);
  }
});

test("arrays and spreads that make no sense are refused", () => {
  for (const array of [new Int32Array(3), [1, 2, 3], undefined]) {
    assert.throws(() => open().fillUniform(array as unknown as Float32Array), {
      name: "TypeError",
      message: /Float32Array/,
    });
    assert.throws(() => open().fillNormal(array as unknown as Float32Array), {
      name: "TypeError",
      message: /Float32Array/,
    });
  }
  for (const [mean, std] of [
    [0, -1],
    [Number.NaN, 1],
    [0, Number.POSITIVE_INFINITY],
  ]) {
    assert.throws(() => open().normal(mean, std), {
      name: "RangeError",
      message: new RegExp(`got ${mean} and ${std}$`),
    });
    assert.throws(() => open().fillNormal(new Float32Array(1), mean, std), RangeError);
  }
});

test("shuffle keeps the elements and returns the array it was given", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (values) => {
      const array = [...values];
      assert.equal(open().shuffle(array), array);
      assert.deepEqual(
        array.sort((a, b) => a - b),
        values.sort((a, b) => a - b),
      );
    }),
  );
});

// Changing any of these breaks every saved run.
const golden = {
  uint32: [2438975631, 3376783828, 3975428835],
  uniform: [0.528425700868621, 0.267015196464662],
  uniformFloat32: 0.6070661544799805,
  integer: [2, -110, 7720628256297165],
  normal: [-1.0691228020309618, 0.6411321287456606, 6.408182729355023],
  fillNormal: [-0.0027618634048849344, -0.0160643570125103, -0.004015996120870113],
  categorical: 2,
  categoricalFromProbabilities: 0,
  shuffle: [7, 6, 1, 5, 0, 4, 3, 2],
  position: 43,
  string: 1848714937,
  bigint: 4160316077,
};
const goldenSum = 641.915911572902;

test("gives these numbers on every engine", () => {
  const random = stream(42, { purpose: "golden", step: 1, prompt: 2, sample: 3 });
  const found = {
    uint32: [random.uint32(), random.uint32(), random.uint32()],
    uniform: [random.uniform(), random.uniform()],
    uniformFloat32: random.uniformFloat32(),
    integer: [random.integer(0, 10), random.integer(-1000, 1000), random.integer(0, 2 ** 53 - 1)],
    normal: [random.normal(), random.normal(), random.normal(10, 3)],
    fillNormal: [...random.fillNormal(new Float32Array(3), 0, 0.02)],
    categorical: random.categorical(new Float32Array([0, 0.5, 1, 1.5, 2])),
    categoricalFromProbabilities: random.categoricalFromProbabilities([0.1, 0.2, 0.3, 0.4]),
    shuffle: random.shuffle([0, 1, 2, 3, 4, 5, 6, 7]),
    position: random.position,
    string: stream("a run", { purpose: "golden" }).uint32(),
    bigint: stream(2n ** 64n - 1n, { purpose: "golden" }).uint32(),
  };
  assert.deepEqual(found, golden);
});

test("a hundred thousand normals add up to this on every engine, to the last bit", () => {
  const values = stream(42, { purpose: "golden" }).fillNormal(new Float64Array(100_000));
  assert.equal(
    values.reduce((sum, value) => sum + value, 0),
    goldenSum,
  );
});
