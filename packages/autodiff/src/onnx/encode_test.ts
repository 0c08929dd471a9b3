import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { input, type Tensor } from "../ir/tensor.ts";
import { matmul, mean, relu } from "../ops/mod.ts";
import { openSession, type SessionOptions } from "../session/mod.ts";
import { gradients } from "../vjp/gradients.ts";
import { buildModel } from "./encode.ts";

/** Shapes of what ONNX Runtime's kernels put out, in the order in which they ran. */
async function shapesInOrder(model: Uint8Array, feeds: Record<string, number[]>, options: SessionOptions) {
  const folder = await mkdtemp(join(tmpdir(), "gradus-profile-"));
  try {
    const session = await openSession(model, { threads: 1, profile: join(folder, "profile"), ...options });
    const filled = Object.entries(feeds).map(([name, shape]) => {
      return [name, { data: new Float32Array(shape.reduce((a, b) => a * b)).fill(0.1), shape }];
    });
    await session.run(Object.fromEntries(filled));
    await session.dispose(); // writes the profile
    const [file] = await readdir(folder);
    const events = JSON.parse(await readFile(join(folder, file), "utf8")) as {
      name: string;
      args?: { output_type_shape?: Record<string, number[]>[] };
    }[];
    return events
      .filter(({ name }) => name.endsWith("_kernel_time"))
      .flatMap(({ args }) => (args?.output_type_shape ?? []).flatMap((shape) => Object.values(shape)))
      .map(String);
  } finally {
    await rm(folder, { recursive: true });
  }
}

for (const optimization of ["disabled", "all"] as const) {
  test(`each weight's gradient is computed before the backward pass goes on (optimization: ${optimization})`, async () => {
    const widths = [3, 5, 7, 11, 13, 17];
    const weights = widths.slice(1).map((width, i) => input(`w${i}`, "float32", [widths[i], width]));
    let x: Tensor = input("x", "float32", [2, widths[0]]);
    for (const weight of weights) x = relu(matmul(x, weight));
    const slopes = gradients(mean(x), weights);
    for (const order of [slopes.keys(), [...slopes.keys()].reverse(), [2, 0, 4, 1, 3]]) {
      const outputs = Object.fromEntries([...order].map((i) => [`gradient of w${i}`, slopes[i]]));
      const feeds = Object.fromEntries([["x", [2, 3]], ...weights.map(({ name, shape }) => [name, shape])]);
      const shapes = await shapesInOrder(buildModel({ outputs }), feeds, { optimization });
      // ∂/∂w_i is the last to need the activations of layer i; the pass goes on with ∂/∂ those of the layer below.
      const places = weights.map(({ shape }) => shapes.indexOf(String(shape)));
      const descending = [...places].sort((a, b) => a - b).reverse();
      assert.deepEqual(places, descending, "later layers come first");
      for (let i = 2; i < weights.length; i++) {
        const below = shapes.lastIndexOf(`2,${widths[i - 1]}`);
        assert.ok(places[i] < below, `w${i} waits for the layers below`);
      }
    }
  });
}
