import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { argMaxOf, type ChoiceOptions, chooseToken } from "./choose.ts";

/** Normalised log-probabilities, some of them −∞. */
const rows = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: -40, max: 40 }) },
      { arbitrary: fc.constant(-Infinity), weight: 1 },
    ),
    {
      minLength: 1,
      maxLength: 20,
    },
  )
  .filter((row) => row.some(Number.isFinite))
  .map((scores) => {
    const logits = scores.map((score) => score / 8);
    const total = Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0));
    return Float32Array.from(logits, (x) => x - total);
  });

const choices = fc.record({
  greedy: fc.boolean(),
  topK: fc.integer({ min: 0, max: 22 }),
  topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
});

/** The plain twin: the candidates with their share of the probability, in the order of the draw. */
function candidates(row: Float32Array, { greedy, topK, topP }: ChoiceOptions): { token: number; p: number }[] {
  const all = Array.from(row, (x, token) => ({ token, p: Math.exp(x) }));
  const sorted = [...all].sort((a, b) => b.p - a.p || a.token - b.token);
  if (greedy) return [{ token: sorted[0].token, p: 1 }];
  const isRestricted = (topK > 0 && topK < row.length) || topP < 1;
  let left = isRestricted ? sorted : all;
  if (topK > 0 && topK < row.length) left = left.slice(0, topK);
  if (topP < 1) {
    const total = left.reduce((sum, { p }) => sum + p, 0);
    const enough = left.findIndex((_, i) => left.slice(0, i + 1).reduce((sum, { p }) => sum + p, 0) >= topP * total);
    left = left.slice(0, enough < 0 ? undefined : enough + 1);
  }
  const total = left.reduce((sum, { p }) => sum + p, 0);
  return left.filter(({ p }) => p > 0).map(({ token, p }) => ({ token, p: p / total }));
}

test("a draw picks the candidate in whose part of [0, 1) it lies", () => {
  fc.assert(
    fc.property(
      rows,
      choices,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (row, options, uniform) => {
        const expected = candidates(row, options);
        const token = chooseToken(row, uniform, options);
        let from = 0;
        const place = expected.findIndex((candidate) => candidate.token === token);
        assert.ok(place >= 0, `token ${token} is no candidate`);
        for (let i = 0; i < place; i++) from += expected[i].p;
        const to = place === expected.length - 1 ? 1 : from + expected[place].p;
        assert.ok(uniform >= from - 1e-5 && uniform <= to + 1e-5, `${uniform} is not in [${from}, ${to})`);
      },
    ),
    { numRuns: 2000 },
  );
});

test("greedy takes the largest, the first of equals", () => {
  assert.equal(argMaxOf(Float32Array.of(-3, -1, -2, -1)), 1);
  assert.equal(chooseToken(Float32Array.of(-3, -1, -2, -1), 0.99, { greedy: true, topK: 0, topP: 1 }), 1);
});

test("a token without probability is never drawn, whatever rounding leaves over", () => {
  const row = Float32Array.of(-Infinity, Math.log(0.5), Math.log(0.4999), -Infinity);
  for (const uniform of [0, 0.4, 0.6, 1 - 2 ** -53])
    assert.ok([1, 2].includes(chooseToken(row, uniform, { greedy: false, topK: 0, topP: 1 })));
});

test("top-p keeps the token with which the share is reached, and never fewer than one", () => {
  const row = Float32Array.from([0.5, 0.3, 0.2], Math.log);
  const kept = (topP: number) =>
    new Set(Array.from({ length: 100 }, (_, i) => chooseToken(row, i / 100, { greedy: false, topK: 0, topP })));
  assert.deepEqual(kept(0.01), new Set([0]));
  assert.deepEqual(kept(0.6), new Set([0, 1]));
  assert.deepEqual(kept(0.81), new Set([0, 1, 2]));
});
