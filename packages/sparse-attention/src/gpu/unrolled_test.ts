// Real devices get kernels whose short loops are written out: the same numbers as with loops, to rounding. What is given as
// buffers stays on the device. And selection goes portion by portion.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sparseAttention, sparseAttentionBackward } from "../cpu/mod.ts";
import { SparseAttention } from "../sparse_attention.ts";
import { shownByDawn, webgpuMissing } from "../testing/backends.ts";
import { caseOf, leaves, relativeError } from "../testing/random_case.ts";
import { gpuBackend } from "./backend.ts";
import { openDevice } from "./device.ts";
import { Runtime } from "./runtime.ts";

test("kernels with their loops written out give the oracle's numbers; buffers in, buffers out", {
  skip: webgpuMissing || shownByDawn,
}, async () => {
  const { inputs, heads, pattern, layout, outputGradient } = caseOf([47, 47], {
    queryHeads: 6,
    kvHeads: 2,
    headDim: 4,
  });
  const opened = await openDevice();
  assert.ok(opened);
  const runtime = new Runtime(opened.device, true);
  runtime.scratch = 1; // portions of 64 tokens, whose tiles of 64 rows cut through groups of 3
  const backend = gpuBackend(runtime, heads, pattern, opened.adapter, opened.close);
  const nsa = new SparseAttention(backend, heads, pattern, true);
  const floats = (array: Float64Array) => Float32Array.from(array);
  const branches = ({ compressed, selected, window }: typeof inputs.keys) => ({
    compressed: floats(compressed),
    selected: floats(selected),
    window: floats(window),
  });
  const input = {
    query: floats(inputs.query),
    keys: branches(inputs.keys),
    values: branches(inputs.values),
    gates: floats(inputs.gates),
    batch: 2,
  };
  const { output, residuals } = await nsa.forward(input);
  const expected = sparseAttention(inputs, heads, layout, pattern);
  assert.ok(relativeError(output, expected.output) < 1e-5);
  const gradients = leaves(await nsa.backward(residuals, floats(outputGradient)));
  const expectedGradients = leaves(sparseAttentionBackward(expected.residuals, outputGradient, heads, pattern));
  for (const [name, array] of expectedGradients)
    assert.ok(relativeError(gradients.get(name)!, array) < 1e-4, `gradient of ${name}`);

  const { blocks } = expected.residuals;
  const importance = await nsa.blockImportance({ query: input.query, keys: input.keys.compressed, batch: 2 });
  assert.deepEqual(await nsa.selectBlocks({ importance, batch: 2, time: 47 }), blocks);

  const up = (data: Float32Array | GPUBuffer) => backend.runtime.upload(data);
  const upAll = ({ compressed, selected, window }: typeof input.keys) => ({
    compressed: up(compressed),
    selected: up(selected),
    window: up(window),
  });
  const onDevice = await nsa.forward<GPUBuffer>({
    query: up(input.query),
    keys: upAll(input.keys),
    values: upAll(input.values),
    gates: up(input.gates),
    batch: 2,
    time: 47,
  });
  const read = async (buffer: GPUBuffer, length: number) =>
    new Float32Array(await backend.runtime.read(buffer, length));
  assert.deepEqual(await read(onDevice.output, output.length), output);
  const gradient = await nsa.backward(onDevice.residuals, up(floats(outputGradient)));
  assert.deepEqual(await read(gradient.gates, input.gates.length), gradients.get("gates"));
  assert.deepEqual(await read(gradient.query, input.query.length), gradients.get("query"));
  await assert.rejects(
    nsa.forward({ ...input, gates: up(new Float32Array(8)) } as unknown as typeof input),
    /gates has 32 bytes/,
  );
  await nsa.dispose();
});
