import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { openSession, type TensorData } from "../session/session.ts";
import { typed } from "../vjp/gradient_check_test_util.ts";
import { differentiate } from "./differentiate.ts";
import { decodeModelProto } from "./proto_read.ts";

interface Fixture {
  inputs: Record<string, { dtype: "float32" | "int64"; shape: number[]; data: number[] }>;
  output: { shape: number[]; data: number[] };
  gradients: Record<string, number[]>;
}
const fixture = (name: string) => new URL(`../../fixtures/${name}`, import.meta.url);
const fixtures: Record<string, Fixture> = JSON.parse(readFileSync(fixture("gradients.json"), "utf8"));

function assertClose(found: ArrayLike<unknown>, expected: readonly number[], what: string): void {
  assert.equal(found.length, expected.length, what);
  const scale = Math.max(...expected.map(Math.abs), 1e-3);
  expected.forEach((value, i) => {
    assert.ok(
      Math.abs(Number(found[i]) - value) <= 1e-5 * scale,
      `${what}[${i}]: expected ${value}, found ${found[i]}`,
    );
  });
}

for (const [name, { inputs, output, gradients }] of Object.entries(fixtures)) {
  test(`gradients of ${name}.onnx, exported by PyTorch, are PyTorch's`, async () => {
    const bytes = new Uint8Array(readFileSync(fixture(`${name}.onnx`)));
    const wrt = Object.keys(gradients);
    const differentiated = differentiate(bytes, { output: "output", wrt });
    const session = await openSession(differentiated);
    const feeds: Record<string, TensorData> = {};
    for (const [key, { data, shape, dtype }] of Object.entries(inputs))
      feeds[key] = { data: typed(data, dtype), shape };
    if (output.shape.length > 0)
      feeds["cotangent(output)"] = { data: new Float32Array(output.data.length).fill(1), shape: output.shape };
    const results = await session.run(feeds);
    await session.dispose();
    assertClose(results.output.data, output.data, "output");
    for (const key of wrt) assertClose(results[`grad(${key})`].data, gradients[key], `grad(${key})`);

    const [before, after] = [decodeModelProto(bytes).graph, decodeModelProto(differentiated).graph];
    const names = new Set(after.initializer.map((tensor) => tensor.name));
    for (const tensor of before.initializer)
      assert.ok(names.has(tensor.name), `${tensor.name} is no initializer any more`);
    assert.deepEqual(
      after.output.map((info) => info.name),
      ["output", ...wrt.map((key) => `grad(${key})`)],
    );
  });
}
