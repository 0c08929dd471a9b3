import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { constant, input, reachable, type Tensor } from "../ir/tensor.ts";
import { buildModel } from "../onnx/encode.ts";
import { add, applyAll, matmul, mul, rmsNorm, softmax, sum, tanh } from "../ops/mod.ts";
import { openSession } from "../session/session.ts";
import { checkpoint } from "./checkpoint.ts";
import { Numbers } from "./gradient_check_test_util.ts";
import { gradients } from "./gradients.ts";

type Wrap = <T>(build: () => T) => T;
const plainly: Wrap = (build) => build();

/**
 * Two blocks with a residual path, an integer side input, and a tensor from outside that both blocks read. `inner` wraps
 * two parts of each.
 */
function network(wrap: Wrap, inner: Wrap = plainly): { loss: Tensor; wrt: Tensor[] } {
  const x = input("x", "float64", ["batch", 4]);
  const weights = [0, 1].map((i) => input(`w${i}`, "float64", [4, 4]));
  const scale = input("scale", "float64", [4]);
  const shared = tanh(mul(x, 0.5));
  let hidden: Tensor = x;
  for (const weight of weights) {
    hidden = wrap(() => {
      const normal = rmsNorm(hidden, scale);
      const [left, right] = applyAll(
        "Split",
        [matmul(normal, weight), constant([2, 2], [2], "int64")],
        { axis: -1 },
        { outputs: 2 },
      );
      const weighed = inner(() => softmax(matmul(tanh(left), constant([1, 2, 3, 4], [2, 2], "float64"))));
      const mixed = matmul(weighed, constant([1, 0, 1, 0, 0, 1, 0, 1], [2, 4], "float64"));
      return add(
        add(
          hidden,
          inner(() => mul(mixed, sum(right, { axes: [-1], keep: true }))),
        ),
        shared,
      );
    });
  }
  return { loss: sum(mul(hidden, hidden)), wrt: [x, ...weights, scale] };
}

async function evaluate({ loss, wrt }: { loss: Tensor; wrt: Tensor[] }): Promise<number[][]> {
  const outputs = Object.fromEntries(gradients(loss, wrt).map((tensor, i) => [`d${i}`, tensor]));
  const session = await openSession(buildModel({ outputs: { loss, ...outputs }, inputs: wrt }), { threads: 1 });
  const numbers = new Numbers(5);
  const draw = (length: number) => Float64Array.from({ length }, () => numbers.uniform(-1, 1));
  const results = await session.run({
    x: { data: draw(12), shape: [3, 4] },
    w0: { data: draw(16), shape: [4, 4] },
    w1: { data: draw(16), shape: [4, 4] },
    scale: { data: draw(4), shape: [4] },
  });
  await session.dispose();
  return Object.values(results).map(({ data }) => Array.from(data as Float64Array));
}

test("checkpointed regions, and regions within them, have the same loss and gradients", async () => {
  const plain = await evaluate(network(plainly));
  for (const wrapped of [network(checkpoint), network(plainly, checkpoint), network(checkpoint, checkpoint)]) {
    const checkpointed = await evaluate(wrapped);
    assert.equal(checkpointed.length, 5);
    checkpointed.forEach((values, i) => {
      values.forEach((value, j) => {
        assert.ok(Math.abs(value - plain[i][j]) <= 1e-12 * (1 + Math.abs(plain[i][j])), `output ${i}[${j}]`);
      });
    });
  }
});

test("the gradient of a checkpointed region computes it again", () => {
  const count = (wrap: Wrap, operator: string) => {
    const { loss, wrt } = network(wrap);
    return reachable([loss, ...gradients(loss, wrt)]).filter((node) => node.operator === operator).length;
  };
  assert.equal(count(plainly, "Softmax"), 2);
  assert.equal(count(checkpoint, "Softmax"), 4);
  assert.equal(count(plainly, "SimplifiedLayerNormalization"), 2);
  assert.equal(count(checkpoint, "SimplifiedLayerNormalization"), 4);
});

test("a region within a region is computed again with it, and once more by itself", () => {
  const x = input("x", "float32", [4]);
  const y = checkpoint(() => tanh(checkpoint(() => tanh(tanh(x)))));
  const loss = sum(y);
  const nodes = reachable([loss, ...gradients(loss, [x])]);
  assert.equal(nodes.filter((node) => node.operator === "Tanh").length, 3 + 3 + 2);
});

test("checkpointing a chain of wide blocks halves the peak of memory", {
  skip: existsSync("/proc/self/status") ? false : "needs /proc/self/status",
}, () => {
  const script = fileURLToPath(new URL("./checkpoint_memory_test_util.ts", import.meta.url));
  const runtime = "Deno" in globalThis ? ["run", "--no-check", "--allow-all"] : ["--import", "tsx"];
  const peak = (mode: string) =>
    Number(execFileSync(process.execPath, [...runtime, script, mode], { encoding: "utf8" }));
  const [base, kept, recomputed] = ["none", "keep", "checkpoint"].map(peak);
  assert.ok(
    recomputed - base < 0.5 * (kept - base),
    `peak in MiB above the runtime's own: ${kept - base} with everything kept, ${recomputed - base} with checkpoints`,
  );
});
