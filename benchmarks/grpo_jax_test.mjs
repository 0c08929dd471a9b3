// The same objective drives another engine: jax-js makes log-probabilities and pulls the coefficients back through its
// vector-Jacobian product. Nothing of Gradus but the objective takes part.
import assert from "node:assert/strict";
import { test } from "node:test";
import { groupAdvantages, grpo } from "@gradus/grpo";
import { defaultDevice, grad, init, nn, numpy as np, vjp } from "@jax-js/jax";

const VOCABULARY = 4;
await init("cpu");
defaultDevice("cpu");

/** log π of each token under one row of logits. */
const logProbsOf = (logits, tokens) =>
  nn
    .logSoftmax(logits, -1)
    .mul(nn.oneHot(np.array(tokens), VOCABULARY))
    .sum(-1);

const tokens = Int32Array.of(0, 1, 2, 3, 3, 1);
const batch = { mask: new Uint8Array(6).fill(1), segments: Int32Array.of(0, 2, 4, 5, 6) };
const advantages = groupAdvantages([0, 1, 1, 0], { groupSize: 4 });

test("jax-js descends the objective by its coefficients", async () => {
  let logits = np.zeros([VOCABULARY]);
  const oldLogProbs = new Float32Array(6).fill(-Math.log(VOCABULARY));
  const losses = [];
  for (let step = 0; step < 20; step++) {
    const [logProbs, pullBack] = vjp((logits) => logProbsOf(logits, tokens), [logits.ref]);
    const values = await logProbs.data();
    const { loss, coefficients } = grpo({ ...batch, logProbs: values, oldLogProbs, advantages }, { beta: 0 });
    losses.push(loss);
    const [gradient] = pullBack(np.array(coefficients));
    logits = logits.sub(gradient.mul(0.5));
  }
  const probabilities = await nn.softmax(logits, -1).data();
  assert.ok(losses.at(-1) < losses[0] - 0.01, `${losses}`);
  assert.ok(probabilities[3] > 0.25 && probabilities[0] < 0.25, `${probabilities}`); // 3 was rewarded, 0 was not
});

test("the pulled-back gradient is jax-js's own gradient of the loss written in jax-js", async () => {
  const start = Float32Array.of(0.3, -0.2, 0.1, 0.4);
  const [logProbs, pullBack] = vjp((logits) => logProbsOf(logits, tokens), [np.array(start)]);
  const values = await logProbs.data();
  const perToken = [0, 0, 1, 1, 2, 3].map((s) => advantages[s]);
  const oldLogProbs = values.map((l, t) => l - 0.05 * (t - 2)); // inside the clip range
  const { coefficients } = grpo({ ...batch, logProbs: values, oldLogProbs, advantages }, { beta: 0 });
  const ours = await pullBack(np.array(coefficients))[0].data();
  const weights = Float32Array.from([2, 2, 2, 2, 1, 1], (n, t) => -perToken[t] / (4 * n));
  const written = (logits) =>
    np
      .exp(logProbsOf(logits, tokens).sub(np.array(oldLogProbs)))
      .mul(np.array(weights))
      .sum();
  const theirs = await grad(written)(np.array(start)).data();
  ours.forEach((slope, i) => {
    assert.ok(Math.abs(slope - theirs[i]) < 1e-5, `${ours} ${theirs}`);
  });
});
