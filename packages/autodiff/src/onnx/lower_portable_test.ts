import assert from "node:assert/strict";
import { test } from "node:test";
import { constant, input } from "../ir/tensor.ts";
import { rmsNorm, rotary, rotaryTables } from "../ops/mod.ts";
import { openSession, type TensorData } from "../session/mod.ts";
import { pullback } from "../vjp/gradients.ts";
import { buildModel } from "./encode.ts";

const waves = (length: number, step: number) => Float32Array.from({ length }, (_, i) => Math.sin(1 + i * step));

/** Runs the outputs with ONNX Runtime's operators and without them. */
async function bothWays(outputs: Parameters<typeof buildModel>[0]["outputs"], feeds: Record<string, TensorData>) {
  const results = [];
  for (const portable of [false, true]) {
    const model = buildModel({ outputs, portable });
    // Field 4 of a node, its operator: tag and length come before the name.
    const text = new TextDecoder("latin1").decode(model);
    const usesOwn = text.includes('"\x0fRotaryEmbedding') || text.includes('"\x1cSimplifiedLayerNormalization');
    assert.equal(usesOwn, !portable);
    const session = await openSession(model, { optimization: "basic" });
    results.push(await session.run(feeds));
    await session.dispose();
  }
  return results;
}

test("plain ONNX gives RMS norm, its statistics and its gradient as ONNX Runtime's operator does", async () => {
  const [x, w, g] = [input("x", "float32", ["n", 6]), input("w", "float32", [6]), input("g", "float32", ["n", 6])];
  const y = rmsNorm(x, w, 0.01);
  const [gx, gw] = pullback([{ output: y, cotangent: g }], [x, w]);
  const feeds = {
    x: { data: waves(24, 0.7), shape: [4, 6] },
    w: { data: waves(6, 0.3), shape: [6] },
    g: { data: waves(24, 1.3), shape: [4, 6] },
  };
  const questions: Record<string, typeof y>[] = [{ y }, { y, gx, gw }];
  for (const outputs of questions) {
    const [own, plain] = await bothWays(outputs, feeds);
    for (const name of Object.keys(outputs))
      own[name].data.forEach((value, i) => {
        assert.ok(Math.abs(Number(value) - Number(plain[name].data[i])) < 1e-5, `${name}[${i}]`);
      });
  }
});

test("plain ONNX rotates and rotates back as ONNX Runtime's operator does", async () => {
  const [x, g] = [input("x", "float32", ["n", 2, 3, 8]), input("g", "float32", ["n", 2, 3, 8])];
  const positions = constant([0, 1, 2, 7, 8, 9], [2, 3], "int32");
  const y = rotary(x, positions, rotaryTables(16, 8, 1e4));
  const [gx] = pullback([{ output: y, cotangent: g }], [x]);
  const feeds = {
    x: { data: waves(96, 0.7), shape: [2, 2, 3, 8] },
    g: { data: waves(96, 1.3), shape: [2, 2, 3, 8] },
  };
  const [own, plain] = await bothWays({ y, gx }, feeds);
  for (const name of ["y", "gx"])
    own[name].data.forEach((value, i) => {
      assert.ok(Math.abs(Number(value) - Number(plain[name].data[i])) < 1e-5, `${name}[${i}]`);
    });
});
