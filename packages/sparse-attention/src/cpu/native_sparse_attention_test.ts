import assert from "node:assert/strict";
import { test } from "node:test";
import { causalRanges, compressedRanges, type Layout, overlapWeights, type Pattern } from "../layout.ts";
import { caseOf, leaves, randomOf, relativeError, smallPattern } from "../testing/random_case.ts";
import { attend, attendBackward, dot, zeros } from "./attention.ts";
import { sparseAttention, sparseAttentionBackward } from "./native_sparse_attention.ts";
import { importanceOf, selectTop } from "./selection.ts";
import { visibleInBlocks, visibleInRanges } from "./visible.ts";

const shapes = [
  { lengths: [1], options: {} },
  { lengths: [5], options: { queryHeads: 3, kvHeads: 3, hidden: 3 } },
  { lengths: [37], options: { queryHeads: 4, kvHeads: 2, headDim: 3, valueDim: 5, hidden: 3 } },
  { lengths: [9, 3, 1, 26, 18], options: { queryHeads: 4, hidden: 2 } },
  { lengths: [20, 20], options: { queryHeads: 16 } },
];

test("gradients are what finite differences say, the selection being frozen", () => {
  const random = randomOf(7);
  for (const { lengths, options } of shapes) {
    const { inputs, heads, layout, pattern, outputGradient } = caseOf(lengths, options);
    const { residuals } = sparseAttention(inputs, heads, layout, pattern);
    const gradients = leaves(sparseAttentionBackward(residuals, outputGradient, heads, pattern));
    const loss = () => {
      const { output } = sparseAttention(inputs, heads, layout, pattern, residuals.blocks);
      return dot(output, 0, outputGradient, 0, output.length);
    };
    for (const [name, array] of leaves(inputs))
      for (let trial = 0; trial < 6; trial++) {
        const i = Math.floor(random() * array.length);
        const [value, h] = [array[i], 1e-4];
        array[i] = value + h;
        const above = loss();
        array[i] = value - h;
        const numeric = (above - loss()) / (2 * h);
        array[i] = value;
        const analytic = gradients.get(name)![i];
        const where = `${name}[${i}] of ${lengths}: ${analytic}, numerically ${numeric}`;
        assert.ok(Math.abs(numeric - analytic) < 1e-6 * (1 + Math.abs(numeric)), where);
      }
  }
});

test("changing a token changes nothing before it, to the last bit", () => {
  const { inputs, heads, layout, pattern } = caseOf([11, 50], { queryHeads: 4, kvHeads: 2, hidden: 3 });
  const before = sparseAttention(inputs, heads, layout, pattern).output;
  for (const token of [3, 11, 40, 60]) {
    const changed = structuredClone(inputs);
    for (const [name, array] of leaves(changed))
      if (!name.startsWith("compression")) {
        const width = array.length / layout.tokens;
        for (let i = token * width; i < array.length; i++) array[i] += 1;
      }
    const after = sparseAttention(changed, heads, layout, pattern).output;
    const width = before.length / layout.tokens;
    assert.deepEqual(after.subarray(0, token * width), before.subarray(0, token * width));
    assert.notDeepEqual(after, before);
  }
});

test("a segment's rows are those of the segment alone", () => {
  const lengths = [9, 3, 37];
  const { inputs, heads, layout, pattern, outputGradient } = caseOf(lengths, { queryHeads: 4, hidden: 2 });
  const { output, residuals } = sparseAttention(inputs, heads, layout, pattern);
  const gradients = sparseAttentionBackward(residuals, outputGradient, heads, pattern);
  lengths.forEach((length, segment) => {
    const part = <A extends Float64Array>(array: A): A => {
      const width = array.length / layout.tokens;
      return array.slice(layout.starts[segment] * width, layout.starts[segment + 1] * width) as A;
    };
    const alone = caseOf([length], { queryHeads: 4 });
    const own = structuredClone(inputs);
    own.query = part(inputs.query);
    own.gates = part(inputs.gates);
    for (const branch of ["compressed", "selected", "window"] as const) {
      own.keys[branch] = part(inputs.keys[branch]);
      own.values[branch] = part(inputs.values[branch]);
    }
    const there = sparseAttention(own, heads, alone.layout, pattern);
    assert.deepEqual(there.output, part(output));
    const back = sparseAttentionBackward(there.residuals, part(outputGradient), heads, pattern);
    assert.ok(relativeError(back.query, part(gradients.query)) < 1e-12);
    assert.ok(relativeError(back.keys.compressed, part(gradients.keys.compressed)) < 1e-12);
  });
});

test("selecting every block, and a window of every token, is full attention", () => {
  const pattern: Pattern = { ...smallPattern, selectedBlocks: 8, window: 100 };
  const { inputs, heads, layout, outputGradient } = caseOf([37, 90], { queryHeads: 4, kvHeads: 2, pattern });
  const { query, keys, values } = inputs;
  const { residuals } = sparseAttention(inputs, heads, layout, pattern);
  for (const branch of ["selected", "window"] as const) {
    const own = { query, keys: keys[branch], values: values[branch] };
    const visible = visibleInRanges(causalRanges(layout));
    const full = attend(own, heads, visible);
    assert.ok(relativeError(residuals.branches[branch].output, full.output) < 1e-12);
    const into = {
      query: zeros(query, query.length),
      keys: zeros(query, own.keys.length),
      values: zeros(query, own.values.length),
    };
    attendBackward(own, heads, visible, full, outputGradient, into);
    const sparse = structuredClone(into);
    for (const array of Object.values(sparse)) array.fill(0);
    const blocks = visibleInBlocks(residuals.blocks, layout, pattern, heads.kvHeads);
    attendBackward(own, heads, branch === "selected" ? blocks : visible, full, outputGradient, sparse);
    for (const name of ["query", "keys", "values"] as const)
      assert.ok(relativeError(sparse[name], into[name]) < 1e-12, `${branch} ${name}`);
  }
});

test("a query that sees no compressed block gets 0 from that branch, and −∞", () => {
  const { inputs, heads, layout, pattern } = caseOf([20], { queryHeads: 1 });
  const { branches } = sparseAttention(inputs, heads, layout, pattern).residuals;
  const { output, logSumExp } = branches.compressed;
  assert.ok(output.subarray(0, 7 * 4).every((x) => x === 0));
  assert.ok(logSumExp.subarray(0, 7).every((x) => x === -Infinity));
  assert.ok(output.subarray(7 * 4, 8 * 4).some((x) => x !== 0));
  assert.ok(Number.isFinite(logSumExp[7]));
});

test("overlaps are counted as tokens say, for every pattern", () => {
  const paper = overlapWeights({ ...smallPattern, compressionBlock: 32, compressionStride: 16, selectionBlock: 64 });
  assert.deepEqual(paper, { first: -1, weights: [1, 2, 2, 2, 1] });
  for (const compressionStride of [1, 2, 3, 4])
    for (const spans of [1, 2, 3, 4])
      for (const blocks of [spans, spans + 1, 2 * spans]) {
        const compressionBlock = spans * compressionStride;
        const selectionBlock = blocks * compressionStride;
        const pattern = { ...smallPattern, compressionStride, compressionBlock, selectionBlock };
        const { first, weights } = overlapWeights(pattern);
        const origin = 5 * selectionBlock;
        for (let c = 0; c < 12 * blocks; c++) {
          let shared = 0;
          for (let i = 0; i < compressionBlock; i++) {
            const token = c * compressionStride + i;
            if (token >= origin && token < origin + selectionBlock) shared++;
          }
          assert.equal(weights[c - 5 * blocks - first] ?? 0, shared / compressionStride);
        }
      }
});

test("importance is the overlap of softmax probabilities, summed over the group", () => {
  const { inputs, heads, layout, pattern } = caseOf([9, 50], { queryHeads: 4, kvHeads: 2, headDim: 4 });
  const { residuals } = sparseAttention(inputs, heads, layout, pattern);
  const { compressedKeys: keys, branches } = residuals;
  const { logSumExp } = branches.compressed;
  const ranges = compressedRanges(layout, pattern);
  const importance = importanceOf({ query: inputs.query, keys, logSumExp }, heads, layout, pattern, ranges);
  const expected = naiveImportance(inputs.query, keys, layout, pattern);
  assert.ok(relativeError(importance, expected) < 1e-12);
  const sums = Array.from({ length: layout.tokens * 2 }, (_, row) =>
    importance.subarray(row * 4, row * 4 + 4).reduce((a, b) => a + b),
  );
  assert.ok(Math.max(...sums) <= 2 * 2 + 1e-9, "each probability counts at most l / d times");

  function naiveImportance(query: Float64Array, keys: Float64Array, { starts, compressedStarts }: Layout, p: Pattern) {
    const result = new Float64Array(layout.tokens * 2 * layout.selectionBlocks);
    for (let segment = 0; segment + 1 < starts.length; segment++)
      for (let t = 0; t < starts[segment + 1] - starts[segment]; t++)
        for (let h = 0; h < 4; h++) {
          const token = starts[segment] + t;
          const kv = Math.floor(h / 2);
          const count = compressedStarts[segment + 1] - compressedStarts[segment];
          const visible = Array.from({ length: count }, (_, c) => c).filter((c) => c * p.compressionStride + 7 <= t);
          const exps = visible.map((c) => {
            const k = ((compressedStarts[segment] + c) * 2 + kv) * 4;
            return Math.exp(0.5 * dot(query, (token * 4 + h) * 4, keys, k, 4));
          });
          const total = exps.reduce((a, b) => a + b, 0);
          for (const [i, c] of visible.entries())
            for (let x = c * 4; x < c * 4 + 8; x++)
              if (Math.floor(x / 16) <= Math.floor(t / 16))
                result[(token * 2 + kv) * layout.selectionBlocks + Math.floor(x / 16)] += exps[i] / total / 4;
        }
    return result;
  }
});

test("selection holds the first and the last two blocks and no score beats those chosen; ties go to the earlier", () => {
  const { layout, pattern } = caseOf([150, 20]);
  const random = randomOf(3);
  const importance = Float64Array.from({ length: layout.tokens * layout.selectionBlocks }, () =>
    Math.floor(random() * 4),
  );
  const blocks = selectTop(importance, 1, layout, pattern);
  for (let token = 0; token < layout.tokens; token++) {
    const own = Math.floor((token - layout.starts[layout.segmentOf[token]]) / 16);
    const row = [...blocks.subarray(token * 4, token * 4 + 4)].filter((block) => block >= 0);
    assert.equal(row.length, Math.min(4, own + 1));
    assert.equal(new Set(row).size, row.length);
    for (const forced of [0, own - 1, own]) assert.ok(forced < 0 || row.includes(forced));
    const score = (block: number) => importance[token * layout.selectionBlocks + block];
    const free = row.filter((block) => block > 0 && block < own - 1);
    for (let other = 1; other < own - 1; other++)
      if (!row.includes(other))
        for (const block of free)
          assert.ok(score(other) < score(block) || (score(other) === score(block) && other > block));
  }
  const nan = Float64Array.from(importance).fill(Number.NaN);
  assert.deepEqual([...selectTop(nan, 1, layout, pattern).subarray(149 * 4, 150 * 4)], [0, 1, 8, 9]);
});
