// @gradus/grpo/head drives @gradus/autodiff: chunks on ONNX Runtime give what the plain head gives in one piece.
import assert from "node:assert/strict";
import { test } from "node:test";
import { grpo } from "@gradus/grpo";
import { linearHead, streamedObjective } from "@gradus/grpo/head";
import { autodiffHead, headBatch } from "./grpo_head.mjs";
import { uniforms } from "./lib/random.mjs";

test("chunks on ONNX Runtime give the loss and the gradients of the plain head in one piece", async () => {
  const sizes = { tokens: 11, width: 6, vocabulary: 13 };
  const { batch, rest } = headBatch(sizes);
  const weight = uniforms(sizes.width * sizes.vocabulary, 0.5, 2);
  const objective = (logProbs) => grpo({ ...rest, logProbs }, { beta: 0, epsilonHigh: 9, epsilonLow: 9 });
  const [plain, engine] = [linearHead(weight, sizes.width), await autodiffHead(weight, sizes.width)];
  const whole = await streamedObjective(plain, batch, objective);
  const chunked = await streamedObjective(engine, batch, objective, { chunk: 4 });
  await engine.dispose();
  const near = (a, b) => a.forEach((x, i) => void assert.ok(Math.abs(x - b[i]) < 1e-6, `${i}: ${x}, ${b[i]}`));
  assert.ok(Math.abs(whole.loss - chunked.loss) < 1e-6);
  near(chunked.hiddenGradient, whole.hiddenGradient);
  near(engine.gradient, plain.gradient);
  assert.ok(plain.gradient.some((slope) => Math.abs(slope) > 1e-3));
});
