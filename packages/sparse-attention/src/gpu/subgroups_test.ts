// Reductions by subgroup operations give the oracle's numbers: on the subgroups that the device has, and for every size that
// WGSL allows, 4 to 128, with shuffles that workgroup memory plays.
import assert from "node:assert/strict";
import { test } from "node:test";
import { attend, causalRanges, sparseAttention, sparseAttentionBackward, visibleInRanges } from "../cpu/mod.ts";
import { createSparseAttention } from "../create.ts";
import { SparseAttention } from "../sparse_attention.ts";
import { shownByDawn, webgpuMissing } from "../testing/backends.ts";
import { caseOf, float32, leaves, relativeError } from "../testing/random_case.ts";
import { gpuBackend } from "./backend.ts";
import { openDevice } from "./device.ts";
import type { Kernel } from "./runtime.ts";
import { Runtime } from "./runtime.ts";
import { findLanes, lanesIn } from "./subgroups.ts";

/** A device whose threads shuffle through workgroup memory, so in subgroups of any size. */
class Played extends Runtime {
  shuffles = 0;
  override run(kernel: Kernel): Promise<void> {
    const types = { most: "vec4<f32>", total: "vec4<f32>", sum: "f32", rank: "f32", number: "i32" };
    const used = new Set<string>();
    const code = kernel.code.replace(/subgroupShuffleXor\((\w+),/g, (_, name: keyof typeof types) => {
      this.shuffles++;
      used.add(types[name]);
      return `shuffle_${types[name].slice(0, 3)}(lid, ${name},`;
    });
    const functions = [...used].map((type) => {
      const name = type.slice(0, 3);
      return `
var<workgroup> shuffled_${name}: array<${type}, 256>;
fn shuffle_${name}(lid: u32, value: ${type}, distance: u32) -> ${type} {
  workgroupBarrier();
  shuffled_${name}[lid] = value;
  workgroupBarrier();
  return shuffled_${name}[lid ^ distance];
}`;
    });
    return super.run({ ...kernel, code: functions.join("") + code });
  }
}

const opened = webgpuMissing ? undefined : await openDevice();
const lanes = opened?.device.features.has("subgroups") ? await findLanes(new Runtime(opened.device, false)) : 1;
opened?.close();
await opened?.device.lost;
const skip = webgpuMissing || (lanes === 1 && "the device has no subgroups");

test("subgroups: forward, backward and the choice of blocks are the oracle's, and the same bits on every run", {
  skip,
}, async () => {
  for (const options of [
    { queryHeads: 16, headDim: 8 },
    { queryHeads: 4, headDim: 4 },
  ] as const) {
    const problem = caseOf([133, 7, 40], options);
    const { inputs, heads, pattern, layout } = problem;
    const { input, outputGradient } = float32(problem);
    const expected = sparseAttention(inputs, heads, layout, pattern);
    const nsa = await createSparseAttention({ backend: "webgpu", subgroups: true, ...heads, ...pattern });
    const { output, residuals } = await nsa.forward(input);
    assert.ok(relativeError(output, expected.output) < 1e-5);
    const gradients = leaves(await nsa.backward(residuals, outputGradient));
    const back = leaves(sparseAttentionBackward(expected.residuals, problem.outputGradient, heads, pattern));
    for (const [name, array] of back)
      assert.ok(relativeError(gradients.get(name)!, array) < 1e-4, `gradient of ${name}`);
    const { query, keys, segments } = input;
    const importance = await nsa.blockImportance({ query, keys: keys.compressed, segments });
    const extent = { segments, time: layout.tokens };
    assert.deepEqual(await nsa.selectBlocks({ importance, ...extent }), expected.residuals.blocks);
    assert.deepEqual((await nsa.forward(input)).output, output);
    const ties = importance.map(Math.round);
    const plain = await createSparseAttention({ backend: "cpu", ...heads, ...pattern });
    const chosen = await plain.selectBlocks({ importance: ties, ...extent });
    assert.deepEqual(await nsa.selectBlocks({ importance: ties, ...extent }), chosen, "ties go to the earlier block");
    await nsa.dispose();
  }
});

test("subgroups of every size: softmax, row sums and top-k", { skip: webgpuMissing || shownByDawn }, async () => {
  const own = await openDevice();
  assert.ok(own);
  const problem = caseOf([150, 20], { queryHeads: 4, headDim: 4 });
  const { inputs, heads, pattern, layout } = problem;
  const { input, outputGradient } = float32(problem);
  const { segments } = input;
  const plain = await createSparseAttention({ backend: "cpu", ...heads, ...pattern });
  const importance = Float32Array.from({ length: 170 * layout.selectionBlocks }, (_, i) => ((i * 7919) % 31) >> 2);
  const choose = { importance, segments, time: 170 };
  const chosen = await plain.selectBlocks(choose);
  const one = { query: input.query, keys: input.keys.window, values: input.values.window, segments };
  const raw = { query: inputs.query, keys: inputs.keys.window, values: inputs.values.window };
  const expected = attend(raw, heads, visibleInRanges(causalRanges(layout)));
  const plainly = await plain.fullAttention(one);
  const gradient = await plain.attentionBackward(plainly.residuals, outputGradient);
  for (const lanes of [4, 8, 16, 32, 64, 128]) {
    const runtime: Played = new Played(own.device, false);
    runtime.lanes = lanes;
    const nsa: SparseAttention = new SparseAttention(
      gpuBackend(runtime, heads, pattern, own.adapter, () => {}),
      heads,
      pattern,
      true,
    );
    assert.deepEqual(await nsa.selectBlocks(choose), chosen, `${lanes} lanes`);
    assert.equal(runtime.shuffles, 2 * Math.log2(Math.min(lanes, 64)));
    if (lanes !== 8 && lanes !== 16) continue; // 4: above, the device's own
    const { output, logSumExp, residuals } = await nsa.fullAttention(one);
    assert.ok(relativeError(output, expected.output) < 1e-5, `${lanes} lanes: output`);
    assert.ok(relativeError(logSumExp, expected.logSumExp) < 1e-5, `${lanes} lanes: logSumExp`);
    if (lanes === 8) continue; // each kernel takes seconds to compile
    const back = await nsa.attentionBackward(residuals, outputGradient);
    assert.ok(relativeError(back.query, gradient.query) < 1e-4, `${lanes} lanes: gradient of the query`);
  }
  own.close();
  await own.device.lost;
});

test("threads that are not in order, or subgroups of unlike sizes, are seen", () => {
  const found = (sizes: number[]) => {
    const [lanes, size, first]: number[][] = [[], [], []];
    for (const n of sizes)
      for (let lane = 0, start = lanes.length; lane < n; lane++) {
        lanes.push(lane);
        size.push(n);
        first.push(start);
      }
    return Uint32Array.of(...lanes, ...size, ...first);
  };
  assert.equal(lanesIn(found([32, 32]), 64), 32);
  assert.equal(lanesIn(found([64, 64]), 16), 16);
  assert.equal(lanesIn(found([4, 4, 4, 4]), 4), 4);
  const part = found([32]).fill(64, 32, 64); // half of a subgroup of 64, as in a workgroup of 32
  assert.equal(lanesIn(part, 64), 64);
  assert.equal(lanesIn(found([8, 16, 8]), 8), 1);
  const turned = found([16, 16]);
  [turned[3], turned[4]] = [turned[4], turned[3]];
  assert.equal(lanesIn(turned, 16), 1);
});

test("subgroups where there are none: an error", {
  skip: webgpuMissing || (lanes > 1 && "the device has some"),
}, async () => {
  const creating = createSparseAttention({ backend: "webgpu", subgroups: true, queryHeads: 1, kvHeads: 1, headDim: 4 });
  await assert.rejects(creating, /with subgroups: ".*" has none/);
});
