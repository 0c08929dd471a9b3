import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Policy } from "@gradus/grpo";
import { createPolicy, type TransformerPolicy } from "@gradus/transformer";
import { tinyConfiguration } from "../testing/tiny.ts";
import type { Configuration } from "./configuration.ts";
import { evaluate } from "./evaluate.ts";
import { openProblems, type ProblemSource, type RecipeProblem } from "./problem_source.ts";
import { type ReinforcementParts, type ReinforcementReport, reinforcement, rolloutBatch } from "./reinforcement.ts";
import { trainTokenizer } from "./tokenizer.ts";

const base = tinyConfiguration({ seed: 3, scale: 1 });
const configuration: Configuration = {
  ...base,
  grpo: { ...base.grpo, prompts: 3, samples: 16, maxNewTokens: 3, beta: 0.05 },
};
const { samples } = configuration.grpo;
const policy = await createPolicy(configuration.model, { seed: 3, device: "cpu", threads: 1 });
const reference = await createPolicy(configuration.model, { seed: 4, device: "cpu", threads: 1 });
after(async () => {
  await policy.dispose();
  await reference.dispose();
});
const problems = await openProblems(configuration);
const codec = await trainTokenizer(configuration, problems);
const initial = await policy.state();

/** Whatever the trainer's interface asks for, the transformer gives: this line does not compile otherwise. */
const asPolicy = (transformer: TransformerPolicy): Policy => transformer;

test("rollouts lie end to end; the first label stands at the prompt's last token, log-probabilities beside labels", () => {
  const batch = rolloutBatch([
    { prompt: Int32Array.of(1, 2, 3), tokens: Int32Array.of(4, 5), logProbs: Float32Array.of(-0.5, -0.25) },
    { prompt: Int32Array.of(6), tokens: Int32Array.of(7), logProbs: Float32Array.of(-2) },
  ]);
  assert.deepEqual([...batch.tokens], [1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual([...batch.labels], [-100, -100, 4, 5, -100, 7, -100]);
  assert.deepEqual([...batch.positions], [0, 1, 2, 3, 4, 0, 1]);
  assert.deepEqual([...batch.segments], [0, 5, 7]);
  assert.deepEqual([...batch.oldLogProbs], [0, 0, -0.5, -0.25, 0, -2, 0]);
});

test("log-probabilities at sampling are those of training, for every token of a rollout", async () => {
  await policy.restore(initial);
  const prompts = [0, 1].map((i) => codec.encodePrompt(problems.practice(i).question));
  const completions = await asPolicy(policy).sample(prompts, { samplesPerPrompt: 3, maxNewTokens: 6, seed: 1 });
  const batch = rolloutBatch(completions.map((each) => ({ ...each, prompt: prompts[each.prompt] })));
  const { logProbs } = await policy.logProbs(batch);
  batch.labels.forEach((label, t) => {
    if (label >= 0) assert.ok(Math.abs(logProbs[t] - batch.oldLogProbs[t]) < 1e-4, `${t}`);
    else assert.ok(batch.oldLogProbs[t] === 0);
  });
});

/** The stage's step of this number, its update included. */
async function stepOf(step: number, parts: Partial<ReinforcementParts>): Promise<ReinforcementReport> {
  const { seed, grpo } = configuration;
  const settings = { ...grpo, steps: step + 1 };
  const { practice } = problems;
  const whole = { policy, settings, seed, practice, tokens: codec, learningRate: () => 1e-3, ...parts };
  for await (const report of reinforcement(whole, step)) return report;
  throw new Error("no step");
}

/** One step and its update, from the initial weights. */
async function stepFrom(source: ProblemSource, step: number, withReference: boolean) {
  await policy.restore(initial);
  const report = await stepOf(step, { practice: source.practice, ...(withReference ? { reference } : {}) });
  return { report, weights: (await policy.state()).weights };
}

/** A source whose practice problems have one given answer. */
function answering(answer: string): ProblemSource {
  const practice = (index: number): RecipeProblem => ({ ...problems.practice(index), answer });
  return { ...problems, practice };
}

test("the same seed and step give the same update bit for bit, another step another one", async () => {
  const [first, again, other] = [
    await stepFrom(problems, 5, true),
    await stepFrom(problems, 5, true),
    await stepFrom(problems, 6, true),
  ];
  assert.deepEqual(again, first);
  assert.notDeepEqual(other.weights, first.weights);
});

test("groups whose rewards are all alike do nothing without a reference, and only pull back with one", async () => {
  const alone = await stepFrom(answering("no such answer"), 1, false);
  const { reward, zeroVariance, kl, gradientNorm } = alone.report;
  assert.deepEqual([reward, zeroVariance, kl, gradientNorm], [0, 1, 0, 0]);
  assert.deepEqual(alone.weights, initial.weights);
  const pulled = await stepFrom(answering("no such answer"), 1, true);
  assert.ok(pulled.report.kl > 0 && pulled.report.gradientNorm > 0);
});

test("what is rewarded becomes more likely", async () => {
  // A random model never writes "####": the rule is served by a policy that does, around the real one.
  const lucky: Policy = {
    sample: async (prompts, options) =>
      (await policy.sample(prompts, options)).map((completion, i) =>
        i % 4 === 0 ? { ...completion, tokens: codec.encodePrompt("####7") } : completion,
      ),
    logProbs: (batch, options) => policy.logProbs(batch, options),
    backward: (batch, coefficients, options) => policy.backward(batch, coefficients, options),
    step: (update) => policy.step(update),
  };
  await policy.restore(initial);
  const scored = async () => {
    const prompt = codec.encodePrompt(problems.practice(0).question);
    const tokens = codec.encodePrompt("####7");
    const { logProbs } = await policy.logProbs(
      rolloutBatch([{ prompt, tokens, logProbs: new Float32Array(tokens.length) }]),
    );
    return logProbs.reduce((sum, value) => sum + value, 0);
  };
  const withScores: Policy = {
    ...lucky,
    sample: async (prompts, options) => {
      const completions = await lucky.sample(prompts, options);
      const batch = rolloutBatch(
        completions.map(({ prompt, tokens }) => ({
          prompt: prompts[prompt],
          tokens,
          logProbs: new Float32Array(tokens.length),
        })),
      );
      const { logProbs } = await policy.logProbs(batch);
      return completions.map((completion, i) => {
        const start = batch.segments[i] + prompts[completion.prompt].length - 1;
        return { ...completion, logProbs: logProbs.slice(start, start + completion.tokens.length) };
      });
    },
  };
  const before = await scored();
  const report = await stepOf(0, { policy: withScores, practice: answering("7").practice });
  assert.equal(report.reward, 0.25);
  assert.equal(report.zeroVariance, 0);
  assert.ok((await scored()) > before + 0.01);
});

test("the report's length and tokens count the completions, the entropy is near that of a random model", async () => {
  const { report } = await stepFrom(problems, 2, true);
  assert.equal(report.tokens, Math.round(report.length * 3 * samples));
  assert.ok(report.length <= 3 && report.length > 1);
  assert.ok(Math.abs(report.entropy - Math.log(configuration.model.vocabSize)) < 0.2, `${report.entropy}`);
  assert.ok(report.samplerGap < 1e-4);
  assert.equal(report.clipFraction, 0);
});

test("an evaluation judges every problem, by kind too, and does not depend on the batch", async () => {
  await policy.restore(initial);
  const heldOut = problems.heldOut.slice(0, 12);
  let finished = 0;
  const all = await evaluate(policy, codec, heldOut, 5, (count) => {
    finished = count;
  });
  assert.equal(finished, 12);
  assert.equal(all.n, 12);
  assert.equal(all.answers.length, 12);
  assert.equal(
    Object.values(all.byKind).reduce((sum, { n }) => sum + n, 0),
    12,
  );
  assert.deepEqual(await evaluate(policy, codec, heldOut, 5), all);
  const alone = await evaluate(policy, codec, heldOut.slice(3, 4), 5);
  assert.equal(alone.answers[0].text, all.answers[3].text);
});

test("an evaluation counts exactly the answers that the rule rewards", async () => {
  const heldOut = problems.heldOut.slice(0, 8);
  const oracle: Pick<Policy, "sample"> = {
    sample: async (prompts) =>
      prompts.map((_, prompt) => ({
        prompt,
        sample: 0,
        tokens: codec.encodePrompt(`#### ${prompt < 6 ? heldOut[prompt].answer : "wrong"}`),
        logProbs: new Float32Array(1),
        finishReason: "stop" as const,
      })),
  };
  const { accuracy, low, high, answers } = await evaluate(oracle as Policy, codec, heldOut, 5);
  assert.equal(accuracy, 0.75);
  assert.ok(low < 0.75 && 0.75 < high);
  assert.deepEqual(
    answers.map(({ correct }) => correct),
    [true, true, true, true, true, true, false, false],
  );
});
