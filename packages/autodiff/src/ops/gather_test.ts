import assert from "node:assert/strict";
import { test } from "node:test";
import { constant, input, type Tensor } from "../ir/tensor.ts";
import { buildModel } from "../onnx/encode.ts";
import { openSession } from "../session/mod.ts";
import { gradients } from "../vjp/gradients.ts";
import { apply } from "./apply.ts";
import { gather } from "./gather.ts";

const [rows, width, count] = [3, 64, 32768];
const places = Array.from({ length: count }, (_, i) => (i * i) % rows);

/** Compares ∂(Σ cotangent · picked)/∂x from two threads; its sums are of small whole numbers, so they are exact. */
async function checkGradient(pick: (x: Tensor) => Tensor): Promise<void> {
  const x = input("x", "float32", [rows, width]);
  const cotangent = input("cotangent", "float32", [count, width]);
  const [dx] = gradients(pick(x), [x], cotangent);
  const model = buildModel({ outputs: { dx } });
  // ScatterND would lose updates, because its threads add to one row at the same time; but not in every run.
  assert.ok(!new TextDecoder("latin1").decode(model).includes("ScatterND"));
  const session = await openSession(model, { threads: 2 });
  const data = Float32Array.from({ length: count * width }, (_, i) => i % 100);
  for (let run = 0; run < 5; run++) {
    const outputs = await session.run({ cotangent: { data, shape: [count, width] } });
    assert.deepEqual(outputs.dx.data, expected);
  }
  await session.dispose();
}

const expected = new Float32Array(rows * width);
places.forEach((row, i) => {
  for (let j = 0; j < width; j++) expected[row * width + j] += (i * width + j) % 100;
});

test("a row that is picked thousands of times gets every gradient, whatever the threads do", async () => {
  const indices = constant(places, [count], "int64");
  await checkGradient((x) => gather(x, indices));
});

test("so does a row picked by GatherND, also by an index from the end", async () => {
  const indices = constant(
    places.map((row, i) => (i % 2 ? row : row - rows)),
    [count, 1],
    "int64",
  );
  await checkGradient((x) => apply("GatherND", [x, indices]));
});
