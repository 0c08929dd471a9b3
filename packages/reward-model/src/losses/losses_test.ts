import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { naiveBradleyTerry, naiveCrossEntropy, naiveStepCrossEntropy } from "../testing/naive_losses.ts";
import { binaryCrossEntropy } from "./binary_cross_entropy.ts";
import { bradleyTerry, rightWrongPairs } from "./bradley_terry.ts";
import type { Loss } from "./loss.ts";
import { stepCrossEntropy } from "./step_cross_entropy.ts";

const real = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const close = (a: number, b: number, tolerance = 1e-9) =>
  assert.ok(Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b)), `${a}, expected ${b}`);

/** Coefficients against central differences in float64. */
function assertGradient(lossAt: (scores: Float64Array) => Loss<unknown>, scores: Float64Array): void {
  const { coefficients } = lossAt(scores);
  const h = 1e-5;
  scores.forEach((score, i) => {
    const [up, down] = [score + h, score - h].map((value) => lossAt(scores.with(i, value)).loss);
    close(coefficients[i], (up - down) / (2 * h), 1e-7);
  });
}

/** Ragged groups of solutions, and pairs among them, empty ones included. */
const pairBatches = fc.array(real(-6, 6), { maxLength: 9 }).chain((scores) =>
  fc.record({
    scores: fc.constant(scores),
    pairs: scores.length
      ? fc.array(fc.tuple(fc.nat(scores.length - 1), fc.nat(scores.length - 1)), { maxLength: 8 })
      : fc.constant([] as [number, number][]),
    centering: fc.constantFrom(0, 0.01, 0.3),
    margin: real(-1, 3),
  }),
);
const labelled = fc.array(fc.tuple(real(-6, 6), fc.oneof(fc.constantFrom(0, 1), real(0, 1))), { maxLength: 8 });
const solutions = fc.array(labelled, { maxLength: 5 });
const aggregations = fc.constantFrom("step" as const, "solution" as const, "sum" as const);

function flat(list: readonly (readonly (readonly [number, number])[])[]) {
  const segments = [0];
  for (const steps of list) segments.push(segments[segments.length - 1] + steps.length);
  const scores = Float64Array.from(list.flat(), ([score]) => score);
  return { scores, labels: list.flat().map(([, label]) => label), segments };
}

test("Bradley–Terry is its definition, and its coefficients are its derivative", () => {
  fc.assert(
    fc.property(pairBatches, ({ scores, pairs, centering, margin }) => {
      const margins = pairs.map((_, k) => margin + k / 4);
      const lossAt = (at: ArrayLike<number>) =>
        bradleyTerry({ scores: Float64Array.from(at), pairs: pairs.flat(), margins }, { centering });
      close(lossAt(scores).loss, naiveBradleyTerry(scores, pairs, margins, centering));
      assertGradient(lossAt, Float64Array.from(scores));
    }),
  );
});

test("pointwise cross-entropy is its definition, and its coefficients are its derivative", () => {
  fc.assert(
    fc.property(labelled, (list) => {
      const { scores, labels } = flat([list]);
      const lossAt = (at: Float64Array) => binaryCrossEntropy({ scores: at, labels });
      close(lossAt(scores).loss, naiveCrossEntropy([...scores], labels));
      assertGradient(lossAt, scores);
    }),
  );
});

test("step cross-entropy is its definition, for every aggregation and with empty solutions", () => {
  fc.assert(
    fc.property(solutions, aggregations, (list, aggregation) => {
      const { scores, labels, segments } = flat(list);
      const lossAt = (at: Float64Array) => stepCrossEntropy({ scores: at, labels, segments }, { aggregation });
      close(lossAt(scores).loss, naiveStepCrossEntropy(list, aggregation));
      assertGradient(lossAt, scores);
    }),
  );
});

test("splitting a batch changes neither loss nor coefficients nor metrics", () => {
  /** Sums of the parts' numbers, and their coefficients end to end. */
  const join = (parts: readonly Loss<object>[]) => ({
    loss: parts.reduce((sum, { loss }) => sum + loss, 0),
    coefficients: parts.flatMap(({ coefficients }) => [...coefficients]),
    metrics: parts.reduce<Record<string, number>>((sums, { metrics }) => {
      for (const [name, value] of Object.entries(metrics)) sums[name] = (sums[name] ?? 0) + value;
      return sums;
    }, {}),
  });
  const same = (whole: Loss<object>, parts: readonly Loss<object>[]) => {
    const joined = join(parts);
    close(joined.loss, whole.loss);
    assert.deepEqual(joined.coefficients, [...whole.coefficients]);
    for (const [name, value] of Object.entries(whole.metrics)) close(joined.metrics[name], value as number);
  };
  fc.assert(
    fc.property(solutions, fc.nat(5), aggregations, (list, at, aggregation) => {
      const total = { solutions: list.length, steps: list.flat().length };
      const halves = [list.slice(0, at), list.slice(at)].map(flat);
      const step = (batch: ReturnType<typeof flat>) => stepCrossEntropy(batch, { aggregation, total });
      same(step(flat(list)), halves.map(step));
      const point = ({ scores, labels }: ReturnType<typeof flat>) =>
        binaryCrossEntropy({ scores, labels }, { total: { solutions: total.steps } });
      same(point(flat(list)), halves.map(point));
      const even = ({ scores }: ReturnType<typeof flat>) => scores.subarray(0, scores.length & ~1);
      const pairs = halves.reduce((sum, half) => sum + even(half).length / 2, 0);
      const pair = (scores: Float64Array) => bradleyTerry({ scores }, { centering: 0.1, total: { pairs } });
      same(
        pair(Float64Array.from(halves.flatMap((half) => [...even(half)]))),
        halves.map((half) => pair(even(half))),
      );
    }),
  );
});

test("scores far out neither overflow nor lose their gradient", () => {
  const far = [-1000, 1000];
  assert.deepEqual([...bradleyTerry({ scores: far }).coefficients], [-1, 1]);
  assert.equal(bradleyTerry({ scores: far }).loss, 2000);
  const { loss, coefficients } = binaryCrossEntropy({ scores: far, labels: [1, 1] });
  assert.deepEqual([loss, ...coefficients], [500, -0.5, 0]);
  assert.ok(binaryCrossEntropy({ scores: [-700], labels: [0] }).coefficients[0] >= 0);
});

test("nothing, and labels that are all equal, have finite losses and no NaN", () => {
  const empty = [
    bradleyTerry({ scores: [] }),
    bradleyTerry({ scores: [1, 2], pairs: [] }),
    binaryCrossEntropy({ scores: [], labels: [] }),
    stepCrossEntropy({ scores: [], labels: [], segments: [0, 0, 0] }, { aggregation: "solution" }),
  ];
  for (const { loss, coefficients, metrics } of empty) {
    assert.equal(loss, 0);
    assert.ok(coefficients.every((each) => each === 0));
    for (const value of Object.values(metrics)) assert.ok(Number.isFinite(value));
  }
  const allRight = binaryCrossEntropy({ scores: [0.3, -2], labels: [1, 1] });
  assert.ok(Number.isFinite(allRight.loss) && allRight.coefficients.every((each) => each < 0));
});

test("a margin asks for a wider lead, centring pulls a pair's scores to a sum of 0", () => {
  const scores = [2, 0];
  const [plain, wide] = [{ scores }, { scores, margins: [2] }].map((batch) => bradleyTerry(batch));
  close(wide.loss, Math.log(2));
  assert.ok(wide.coefficients[0] < plain.coefficients[0]);
  const { coefficients } = bradleyTerry({ scores }, { centering: 1 });
  assert.ok(coefficients[0] > 0 && coefficients[1] > 0);
});

test("pairs are all of a right with a wrong solution of one problem", () => {
  assert.deepEqual([...rightWrongPairs([1, 0, 0.5, 0, 1], [7, 7, 7, 8, 9])], [0, 1, 2, 1]);
  assert.equal(rightWrongPairs([1, 1], ["a", "a"]).length, 0);
  assert.throws(() => rightWrongPairs([1], []), /RangeError: .*a problem for each of 1 labels, found 0/);
});

test("errors name the argument, what was expected and what was found", () => {
  const refused: [() => unknown, RegExp][] = [
    [
      () => bradleyTerry({ scores: [1, NaN] }),
      /RangeError: Cannot compute bradleyTerry: scores\[1\] must be finite, f.* NaN/,
    ],
    [() => bradleyTerry({ scores: [1] }), /RangeError: .*scores must have an even number of entries, found 1/],
    [() => bradleyTerry({ scores: [1], pairs: [0, 1] }), /RangeError: .*pairs\[1\] must be an index of the 1 scores/],
    [
      () => bradleyTerry({ scores: [1], pairs: [0] }),
      /RangeError: .*pairs must have an even number of entries, found 1/,
    ],
    [() => bradleyTerry({ scores: [1, 2], margins: [] }), /RangeError: .*margins must have 1 entries, found 0/],
    [() => bradleyTerry({ scores: [] }, { centering: -1 }), /RangeError: .*centering must be .* found -1/],
    [() => bradleyTerry({ scores: [] }, { centring: 1 } as object), /TypeError: .*no option "centring"/],
    [() => binaryCrossEntropy({ scores: [1], labels: [2] }), /RangeError: .*labels\[0\] must be from 0 to 1, found 2/],
    [() => binaryCrossEntropy({ scores: [1], labels: [] }), /RangeError: .*labels must have 1 entries, found 0/],
    [
      () => binaryCrossEntropy({ scores: ["1"] as unknown as number[], labels: [1] }),
      /TypeError: .*scores\[0\] must be finite, found "1"/,
    ],
    [
      () => stepCrossEntropy({ scores: [1], labels: [1], segments: [0, 2] }),
      /RangeError: .*segments must run from 0 to 1, found 0 to 2/,
    ],
    [
      () => stepCrossEntropy({ scores: [1], labels: [1], segments: [0, 1, 0, 1] }),
      /RangeError: .*segments must not fall, found 1 then 0/,
    ],
    [
      () => stepCrossEntropy({ scores: [], labels: [], segments: [0] }, { aggregation: "mean" as "step" }),
      /RangeError: .*aggregation must be one of "step", "solution", "sum", found "mean"/,
    ],
  ];
  for (const [call, message] of refused) assert.throws(call, message);
});
