// Reward models: pairs and steps trained a second, by a value head and by two tokens of the vocabulary; step labels a
// second, with prefixes shared and not.
import { performance } from "node:perf_hooks";
import { memoryStorage, ReplayBuffer, RewardModel, stepLabelsOf, tokenScorer } from "@gradus/reward-model";
import { createPolicy } from "@gradus/transformer";
import { createScorer } from "@gradus/transformer/reward";
import { describeMachine, versionsOf } from "./lib/machine.mjs";
import { integers } from "./lib/random.mjs";
import { median, progress, report, table, times, whole } from "./lib/report.mjs";

export const name = "reward_model";
export const about = "reward models: pairs and steps trained, steps labelled with and without prefix sharing";

const VOCABULARY = 256;
const model = {
  ...{
    vocabSize: VOCABULARY,
    hiddenSize: 128,
    layers: 4,
    heads: 4,
    keyValueHeads: 4,
    headSize: 32,
    intermediateSize: 336,
  },
  ...{ ropeTheta: 10_000, normEpsilon: 1e-6, tieEmbeddings: true, qkvBias: false, maxPositions: 128 },
};

/** Problems with a right and a wrong solution each: 24 tokens of prompt, six steps of eight tokens. */
function makeExamples(problems) {
  return Array.from({ length: 2 * problems }, (_, i) => ({
    ...{ problem: `${i >> 1}`, prompt: integers(24, VOCABULARY, i >> 1), tokens: integers(48, VOCABULARY, 1000 + i) },
    ...{ label: i % 2, stepEnds: [7, 15, 23, 31, 39, 47], stepLabels: [1, 1, 1, i % 2, i % 2, i % 2] },
    ...{ iteration: 0, seed: i },
  }));
}

/** Seconds of each of `rounds` calls, the first one (which compiles) left out. */
async function timed(rounds, action) {
  const found = [];
  for (let round = 0; round <= rounds; round++) {
    const start = performance.now();
    await action();
    if (round > 0) found.push((performance.now() - start) / 1000);
  }
  return median(found);
}

export async function run({ quick }) {
  const machine = describeMachine();
  const problems = quick ? 8 : 32;
  const examples = makeExamples(problems);
  const rounds = quick ? 1 : 3;
  const steps = examples.length * 6;
  const policy = await createPolicy(model, { seed: 1, threads: 2 });
  const scorer = await createScorer(model, { seed: 1, threads: 2 });
  const engines = { "value head": scorer, "two tokens": tokenScorer(policy, { good: 1, bad: 0 }) };
  const trained = [];
  try {
    for (const [engine, each] of Object.entries(engines)) {
      progress(engine);
      const options = { learningRate: 1e-4, seed: 1, batchSize: 1024 };
      const pairwise = new RewardModel({ scorer: each });
      const process = new RewardModel({ scorer: each, supervision: "process" });
      const pairs =
        problems / (await timed(rounds, () => pairwise.update(examples, { ...options, objective: "pairwise" })));
      const stepwise = steps / (await timed(rounds, () => process.update(examples, options)));
      const scored = examples.length / (await timed(rounds, () => pairwise.score(examples)));
      trained.push({ engine, pairs, steps: stepwise, scored });
    }

    progress("labels");
    // Eight samples of each problem that part after some steps, as samples of a policy do.
    const solutions = Array.from({ length: quick ? 8 : 32 }, (_, i) => ({
      problem: `${i >> 3}`,
      steps: Array.from({ length: 6 }, (_, j) =>
        integers(8, VOCABULARY, j < 1 + (i & 3) ? i >> 3 : 100 + i).map((t) => (t + j) % VOCABULARY),
      ),
    }));
    const label = (list) =>
      stepLabelsOf({
        solutions: list,
        complete: async (requests) => {
          const found = await policy.sample(
            requests.map(({ prefix }) => Int32Array.of(1, ...prefix)),
            { maxNewTokens: 48, samplesPerPrompt: 8, seed: 1, stop: [] },
          );
          const continuations = requests.map(() => []);
          for (const { prompt, tokens } of found) continuations[prompt].push(tokens);
          return continuations;
        },
        verify: (_, tokens) => tokens[tokens.length - 1] % 2 === 0,
        estimate: "soft",
      });
    // Not shared: every solution is of a problem of its own.
    const apart = solutions.map((solution, i) => ({ ...solution, problem: `${i}` }));
    let counts;
    const shared = await timed(1, async () => {
      counts = await label(solutions);
    });
    const separate = await timed(1, () => label(apart));
    const labels = solutions.length * 6;
    const rates = { shared: labels / shared, separate: labels / separate };

    progress("replay");
    const many = Array.from({ length: quick ? 100 : 20_000 }, (_, i) => ({
      ...examples[i % examples.length],
      tokens: Int32Array.of(i),
      stepEnds: undefined,
      stepLabels: undefined,
    }));
    const start = performance.now();
    const buffer = await ReplayBuffer.open({ storage: memoryStorage() });
    await buffer.add(many);
    const added = many.length / ((performance.now() - start) / 1000);

    const [head, tokens] = trained;
    return report({
      name,
      title: "Reward models",
      machine,
      peers: versionsOf(),
      quick,
      sections: [
        `A decoder of 0.8M parameters, two threads; ${problems} problems with two solutions of 72 tokens, six steps each, in one ` +
          "update (score, loss, backward, AdamW). Two tokens are Math-Shepherd's way to score without a head of its own; medians.",
        table(
          ["a second", "pairs trained", "steps trained", "solutions scored"],
          [
            ...trained.map(({ engine, pairs, steps, scored }) => [engine, whole(pairs), whole(steps), whole(scored)]),
            [
              "value head against two tokens",
              times(head.pairs / tokens.pairs),
              times(head.steps / tokens.steps),
              times(head.scored / tokens.scored),
            ],
          ],
        ),
        `Labels of ${labels} steps by eight completions of each prefix, up to 48 tokens; solutions of a problem share one to ` +
          `four steps, ${counts.prefixes} of ${counts.prefixesBeforeSharing} prefixes are distinct.`,
        table(
          ["", "labels a second"],
          [
            ["prefixes shared", rates.shared.toFixed(1)],
            ["each completed anew", rates.separate.toFixed(1)],
            ["", times(rates.shared / rates.separate)],
          ],
        ),
        `The replay buffer takes ${whole(added)} examples a second (in memory).`,
      ],
      checks: [
        { what: "a value head trains pairs faster than two tokens", holds: quick || head.pairs > tokens.pairs },
        { what: "sharing prefixes labels faster", holds: quick || rates.shared > rates.separate },
      ],
      figures: { trained, rates, counts: { ...counts, solutions: undefined }, added },
    });
  } finally {
    await policy.dispose();
    await scorer.dispose();
  }
}
