import assert from "node:assert/strict";
import { test } from "node:test";
import { constant, input, type Tensor } from "../ir/tensor.ts";
import { buildModel } from "../onnx/encode.ts";
import { openSession } from "../session/mod.ts";
import { gradients } from "../vjp/gradients.ts";
import { apply } from "./apply.ts";
import { gather } from "./gather.ts";

const [rows, width, count] = [3, 64, 8192];
const places = Array.from({ length: count }, (_, i) => (i * i) % rows);

/** ∂(Σ cotangent · picked)/∂x with two threads, for cotangents 0, 1, 2 …: whole numbers, so that sums are exact. */
async function gradientOf(pick: (x: Tensor) => Tensor): Promise<Float32Array> {
  const x = input("x", "float32", [rows, width]);
  const cotangent = input("cotangent", "float32", [count, width]);
  const [dx] = gradients(pick(x), [x], cotangent);
  const session = await openSession(buildModel({ outputs: { dx } }), { threads: 2 });
  const data = Float32Array.from({ length: count * width }, (_, i) => i % 100);
  const outputs = await session.run({ cotangent: { data, shape: [count, width] } });
  await session.dispose();
  return outputs.dx.data as Float32Array;
}

const expected = new Float32Array(rows * width);
places.forEach((row, i) => {
  for (let j = 0; j < width; j++) expected[row * width + j] += (i * width + j) % 100;
});

// ScatterND, which these rules could use, loses updates here: its threads add to one row at the same time.
test("a row that is picked thousands of times gets every gradient, whatever the threads do", async () => {
  const indices = constant(places, [count], "int64");
  for (let run = 0; run < 3; run++) assert.deepEqual(await gradientOf((x) => gather(x, indices)), expected);
});

test("so does a row picked by GatherND, also by an index from the end", async () => {
  const indices = constant(
    places.map((row, i) => (i % 2 ? row : row - rows)),
    [count, 1],
    "int64",
  );
  for (let run = 0; run < 3; run++)
    assert.deepEqual(await gradientOf((x) => apply("GatherND", [x, indices])), expected);
});
