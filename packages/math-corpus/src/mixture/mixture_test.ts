import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DEEPSEEK_MATH_MIXTURE, type MixtureDocument, type MixtureOptions, mixture } from "./mixture.ts";

const sources = { math: 500, algebraicStack: 40, arxiv: 100, code: 300, language: 77 };
/** Lengths from 1 to 200, the same whenever a document is asked for. */
const lengthOf = ({ source, index }: MixtureDocument) => 1 + ((index * 7919 + source.length * 131) % 200);

function draw(options: MixtureOptions, count: number): MixtureDocument[] {
  const { next } = mixture(options);
  return Array.from({ length: count }, () => next(lengthOf)).filter((document) => document !== undefined);
}

test("the paper's shares hold at any time, to the length of a few documents", () => {
  const { next } = mixture({ sources, stages: [{ tokens: 1e6, weights: DEEPSEEK_MATH_MIXTURE }] });
  const tokens: Record<string, number> = {};
  let total = 0;
  for (let document = next(lengthOf); document; document = next(lengthOf)) {
    tokens[document.source] = (tokens[document.source] ?? 0) + lengthOf(document);
    total += lengthOf(document);
    for (const [name, share] of Object.entries(DEEPSEEK_MATH_MIXTURE))
      assert.ok(Math.abs((tokens[name] ?? 0) - share * total) <= 400, `${name} after ${total}`);
  }
  assert.ok(total >= 1e6 && total < 1e6 + 200);
});

test("any weights: each source is within the longest documents of its share", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
      fc.nat(100),
      (weights, seed) => {
        const names = Object.keys(sources).slice(0, weights.length);
        const stage = { tokens: 20_000, weights: Object.fromEntries(names.map((name, i) => [name, weights[i]])) };
        const draws = mixture({ sources, stages: [stage], seed });
        while (draws.next(lengthOf));
        const all = weights.reduce((sum, weight) => sum + weight, 0);
        const total = names.reduce((sum, name) => sum + draws.state.tokens[name], 0);
        for (const [i, name] of names.entries())
          assert.ok(Math.abs(draws.state.tokens[name] - (weights[i] / all) * total) <= 200 * names.length);
      },
    ),
  );
});

test("a mixture that is stopped anywhere goes on as if it had not been", () => {
  const options: MixtureOptions = {
    sources,
    stages: [
      { tokens: 5000, weights: { code: 1 } },
      { tokens: 9000, weights: { math: 2, code: 1 } },
    ],
    seed: 5,
  };
  const all = draw(options, 400);
  fc.assert(
    fc.property(fc.nat(all.length), (stop) => {
      const first = mixture(options);
      for (let i = 0; i < stop; i++) first.next(lengthOf);
      const resumed = mixture(options, JSON.parse(JSON.stringify(first.state)));
      const rest = [];
      for (let document = resumed.next(lengthOf); document; document = resumed.next(lengthOf)) rest.push(document);
      assert.deepEqual(rest, all.slice(stop));
    }),
    { numRuns: 40 },
  );
});

test("every document comes once in an epoch, in another order in the next and for another seed", () => {
  const options = { sources: { code: 300 }, stages: [{ tokens: 1e9, weights: { code: 1 } }] };
  const indexes = draw(options, 600).map(({ index }) => index);
  const [first, second] = [indexes.slice(0, 300), indexes.slice(300)];
  for (const epoch of [first, second]) assert.equal(new Set(epoch).size, 300);
  assert.notDeepEqual(first, second);
  assert.notDeepEqual(
    draw({ ...options, seed: 1 }, 300).map(({ index }) => index),
    first,
  );
  assert.ok(draw(options, 600).every(({ epoch }, i) => epoch === Math.floor(i / 300)));
});

test("a second stage goes on where the first left its sources, with its own shares", () => {
  const code = { tokens: 4000, weights: { code: 1 } };
  const two = draw({ sources, stages: [code, { tokens: 6000, weights: { math: 1, code: 1 } }] }, 1000);
  const change = two.findIndex(({ stage }) => stage === 1);
  assert.ok(two.slice(0, change).every(({ source }) => source === "code"));
  assert.ok(two.slice(change).some(({ source }) => source === "math"));
  const codes = two.filter(({ source }) => source === "code").map(({ index }) => index);
  assert.equal(new Set(codes).size, codes.length);
});

test("wrong arguments are named", () => {
  const bad = (options: object, message: RegExp) => assert.throws(() => mixture(options as MixtureOptions), message);
  bad({ sources, stages: [] }, /stages must be a list/);
  bad({ sources, stages: [{ tokens: 1, weights: { maths: 1 } }] }, /names maths, expected one of math, /);
  bad({ sources: { a: 0 }, stages: [{ tokens: 1, weights: { a: 1 } }] }, /gives a a weight, and it has no documents/);
  bad({ sources, stages: [{ tokens: 1, weights: { math: -1 } }] }, /weights.math must be a number from 0/);
  bad({ sources, stages: [{ tokens: 1, weights: { math: 0 } }] }, /must have one above 0/);
  const empty = mixture({ sources: { a: 3 }, stages: [{ tokens: 5, weights: { a: 1 } }] });
  assert.throws(() => {
    for (;;) empty.next(() => 0);
  }, /4 documents of a in a row have no tokens/);
});
