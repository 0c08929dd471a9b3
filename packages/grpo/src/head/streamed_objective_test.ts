import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { grpo } from "../objectives/grpo.ts";
import { real } from "../testing/batches.ts";
import { linearHead } from "./linear_head.ts";
import { type Head, streamedObjective } from "./streamed_objective.ts";

const [WIDTH, VOCABULARY] = [3, 5];
const numbers = (length: number) => fc.array(real(-1, 1), { minLength: length, maxLength: length });
const token = fc.record({
  hidden: numbers(WIDTH),
  target: fc.nat(VOCABULARY - 1),
  trained: fc.boolean(),
  gap: real(-0.3, 0.3),
});
const tokens = fc.array(token, { minLength: 1, maxLength: 9 });
type Tokens = typeof tokens extends fc.Arbitrary<infer T> ? T : never;

/** Log-probabilities from all logits at once, in float64: the definition. */
function plainLogProbs(weight: ArrayLike<number>, hidden: ArrayLike<number>, targets: Int32Array): Float64Array {
  return Float64Array.from(targets, (target, t) => {
    const logits = Array.from({ length: VOCABULARY }, (_, v) =>
      Array.from({ length: WIDTH }, (_, d) => hidden[t * WIDTH + d] * weight[d * VOCABULARY + v]).reduce(
        (a, b) => a + b,
      ),
    );
    return logits[target] - Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
  });
}

function batchOf(tokens: Tokens, weight: Float32Array) {
  const hidden = Float32Array.from(tokens.flatMap((each) => each.hidden));
  const targets = Int32Array.from(tokens, (each) => each.target);
  const start = plainLogProbs(weight, hidden, targets);
  const rest = {
    mask: Uint8Array.from(tokens, (each) => Number(each.trained)),
    segments: Int32Array.of(0, Math.floor(tokens.length / 2), tokens.length),
    oldLogProbs: start.map((l, t) => l - tokens[t].gap),
    refLogProbs: start.map((l, t) => l + tokens[t].gap),
    advantages: Float64Array.of(1, -0.5),
  };
  const options = { epsilonLow: 9, epsilonHigh: 9, advantagesPer: "sequence" as const };
  return {
    hidden,
    targets,
    rest,
    lossOf: (logProbs: Float32Array | Float64Array) => grpo({ ...rest, logProbs }, options),
  };
}

test("in chunks of any size, the loss and both gradients are those of the whole computation", async () => {
  await fc.assert(
    fc.asyncProperty(tokens, numbers(WIDTH * VOCABULARY), fc.integer({ min: 1, max: 10 }), async (tokens, w, chunk) => {
      const weight = Float32Array.from(w);
      const { hidden, targets, rest, lossOf } = batchOf(tokens, weight);
      const head = linearHead(weight, WIDTH);
      const batch = { hidden, targets, mask: rest.mask };
      const { loss, hiddenGradient, coefficients } = await streamedObjective(head, batch, lossOf, { chunk });
      const at = (weight: ArrayLike<number>, hidden: ArrayLike<number>) =>
        lossOf(plainLogProbs(weight, hidden, targets)).loss;
      assert.ok(Math.abs(loss - at(weight, hidden)) < 1e-6);
      const h = 1e-5;
      const moved = (values: Float32Array, i: number, step: number) =>
        Float64Array.from(values, (x, j) => x + (i === j ? step : 0));
      weight.forEach((_, i) => {
        const slope = (at(moved(weight, i, h), hidden) - at(moved(weight, i, -h), hidden)) / (2 * h);
        assert.ok(Math.abs(head.gradient[i] - slope) < 1e-5, `weight ${i}: ${head.gradient[i]}, ${slope}`);
      });
      hidden.forEach((_, i) => {
        const slope = (at(weight, moved(hidden, i, h)) - at(weight, moved(hidden, i, -h))) / (2 * h);
        assert.ok(Math.abs(hiddenGradient[i] - slope) < 1e-5, `hidden ${i}: ${hiddenGradient[i]}, ${slope}`);
      });
      const once = await streamedObjective(linearHead(weight, WIDTH), batch, lossOf);
      assert.deepEqual([once.coefficients, once.hiddenGradient], [coefficients, hiddenGradient]);
    }),
    { numRuns: 60 },
  );
});

test("the head never sees more than a chunk, nor anything outside the mask", async () => {
  const sizes: number[] = [];
  const inner = linearHead(Float32Array.of(1, 2, 3, 4), 2);
  const head: Head = {
    logProbs: (hidden, targets) => {
      sizes.push(targets.length);
      return inner.logProbs(hidden, targets);
    },
    backward: (hidden, targets, coefficients) => inner.backward(hidden, targets, coefficients),
  };
  const mask = Uint8Array.of(1, 0, 1, 1);
  const hidden = Float32Array.of(1, 2, Number.NaN, Number.NaN, 3, 4, 5, 6);
  const batch = { hidden, targets: Int32Array.of(0, -100, 1, 0), mask };
  const ones = () => ({ coefficients: new Float32Array(4).fill(1) });
  const { hiddenGradient } = await streamedObjective(head, batch, ones, { chunk: 2 });
  assert.deepEqual(sizes, [2, 1]);
  assert.deepEqual([...hiddenGradient.subarray(2, 4)], [0, 0]);
  assert.ok(hiddenGradient.every(Number.isFinite));
});

test("shapes that do not fit are named", async () => {
  const head = linearHead(Float32Array.of(1, 2, 3, 4), 2);
  const ones = () => ({ coefficients: new Float32Array(2) });
  const batch = { hidden: new Float32Array(4), targets: new Int32Array(2), mask: new Uint8Array(2) };
  const fails = (more: object, options: object, message: RegExp) =>
    assert.rejects(streamedObjective(head, { ...batch, ...more }, ones, options), message);
  await fails({ hidden: new Float32Array(5) }, {}, /RangeError: .*hidden .*2 targets, found 5 in all/);
  await fails({ mask: new Uint8Array(3) }, {}, /RangeError: .*expected 2 entries in mask.*found 3/);
  await fails({}, { chunk: 0 }, /RangeError: .*chunk must be an integer above 0, found 0/);
  assert.throws(
    () => linearHead(new Float32Array(5), 2),
    /RangeError: .*weight must be \[2, vocabulary\], found 5 numbers/,
  );
});
