// On a GPU the keys of a decoded token are shared out to many workgroups, each with a part of them: the result is that of one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSparseAttention } from "../create.ts";
import { SparseAttention } from "../sparse_attention.ts";
import { shownByDawn, webgpuMissing } from "../testing/backends.ts";
import { caseOf, float32, relativeError, smallPattern } from "../testing/random_case.ts";
import { gpuBackend } from "./backend.ts";
import { openDevice } from "./device.ts";
import { type Dispatch, Runtime } from "./runtime.ts";

test("decoding in parts of the keys gives the rows of the CPU", { skip: webgpuMissing || shownByDawn }, async () => {
  const opened = await openDevice();
  assert.ok(opened);
  const pattern = { ...smallPattern, selectionBlock: 32, selectedBlocks: 8, window: 200 };
  const [time, batch] = [700, 2];
  const problem = caseOf([time, time], { queryHeads: 4, kvHeads: 2, headDim: 4, pattern });
  const { heads } = problem;
  const { input } = float32(problem);
  const runtime = new Runtime(opened.device, false);
  runtime.parallel = 64;
  const ran: Dispatch[] = [];
  runtime.onDispatch = (dispatch) => ran.push(dispatch);
  const backend = gpuBackend(runtime, heads, pattern, opened.adapter, opened.close);
  const rows = [];
  for (const nsa of [
    await createSparseAttention({ backend: "cpu", ...heads, ...pattern }),
    new SparseAttention(backend, heads, pattern, true),
  ]) {
    const part = (array: Float32Array, first: number, end: number) => {
      const width = array.length / (batch * time);
      const row = (start: number) => array.subarray((start + first) * width, (start + end) * width);
      return Float32Array.of(...row(0), ...row(time));
    };
    const tokens = (first: number, end: number) => {
      const all = ({ compressed, selected, window }: typeof input.keys) => ({
        compressed: part(compressed, first, end),
        selected: part(selected, first, end),
        window: part(window, first, end),
      });
      return { keys: all(input.keys), values: all(input.values) };
    };
    const step = (t: number) => ({
      query: part(input.query, t, t + 1),
      gates: part(input.gates, t, t + 1),
      ...tokens(t, t + 1),
    });
    const cache = await nsa.createCache({ batch, capacity: time });
    rows.push(await nsa.decode(step(0), cache)); // one key, and no compressed block
    await nsa.append(cache, tokens(1, time - 1), time - 2);
    rows.push(await nsa.decode(step(time - 1), cache));
    cache.dispose();
    await nsa.dispose();
  }
  const [first, last, firstFound, lastFound] = rows;
  assert.ok(relativeError(firstFound, first) < 1e-5);
  assert.ok(relativeError(lastFound, last) < 1e-5);
  // Two KV heads and, for selected blocks, two rows: 2 and 4 workgroups each, times ⌊keys / 64⌋.
  const workgroups = (branch: string) => ran.filter(({ label }) => label === `decode ${branch} forward`)[1].workgroups;
  assert.deepEqual(["compressed", "selected", "window"].map(workgroups), [2 * 2, 4 * 4, 2 * 3]);
  assert.equal(ran.filter(({ label }) => label.endsWith(" parts")).length, 3);
  assert.ok(ran.every(({ milliseconds }) => milliseconds > 0));
  await opened.device.lost;
});
