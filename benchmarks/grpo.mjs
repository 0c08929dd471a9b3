// The policy objective alone: a million tokens, loss, coefficients and metrics, beside a plain pass over the same arrays.
import { execFileSync } from "node:child_process";
import { performance } from "node:perf_hooks";
import { grpo, presets } from "@gradus/grpo";
import { SIZES } from "./grpo_head.mjs";
import { describeMachine, here, versionsOf } from "./lib/machine.mjs";
import { uniforms } from "./lib/random.mjs";
import { mebibytes, median, progress, report, table, times, whole } from "./lib/report.mjs";

export const name = "grpo";
export const about = "the objective over a million tokens, beside a plain pass over the same arrays";

/** Milliseconds for a million tokens with KL and metrics, on one core. */
const PROMISED = 25;

function makeBatch(tokens, length) {
  const sequences = tokens / length;
  const logProbs = uniforms(tokens, 1, 1).map((x) => x - 2);
  return {
    logProbs,
    oldLogProbs: uniforms(tokens, 0.1, 2).map((x, t) => logProbs[t] + x),
    refLogProbs: uniforms(tokens, 0.1, 3).map((x, t) => logProbs[t] + x),
    advantages: uniforms(sequences, 1, 4),
    mask: new Uint8Array(tokens).fill(1),
    segments: Int32Array.from({ length: sequences + 1 }, (_, s) => s * length),
  };
}

/** Runs every task in turn, `rounds` times, and returns the median and the best of each in milliseconds. */
function measure(tasks, rounds) {
  const found = tasks.map(() => []);
  for (let round = 0; round < rounds + 3; round++) {
    tasks.forEach((task, i) => {
      const start = performance.now();
      task();
      if (round >= 3) found[i].push(performance.now() - start);
    });
  }
  return found.map((list) => ({ median: median(list), best: Math.min(...list) }));
}

/** What the head adds to the memory of a fresh process, and its time, with chunks of so many tokens. */
function measureHead(chunk) {
  return JSON.parse(execFileSync(process.execPath, [`${here}grpo_head.mjs`, `${chunk}`], { encoding: "utf8" }));
}

export async function run({ quick }) {
  const machine = describeMachine();
  const tokens = quick ? 10_000 : 1_000_000;
  const batch = makeBatch(tokens, 1000);
  const { refLogProbs: _, ...withoutReference } = batch;
  const out = new Float32Array(tokens);
  const { logProbs, oldLogProbs, refLogProbs, mask } = batch;
  let sink = 0;
  const passes = {
    "plain pass: four arrays read, one written": () => {
      for (let t = 0; t < tokens; t++) if (mask[t] !== 0) out[t] = logProbs[t] + oldLogProbs[t] + refLogProbs[t];
    },
    "the two exponentials alone": () => {
      let sum = 0;
      for (let t = 0; t < tokens; t++) {
        sum += Math.exp(logProbs[t] - oldLogProbs[t]) + Math.exp(refLogProbs[t] - logProbs[t]);
      }
      sink += sum;
    },
  };
  const objectives = Object.entries(presets).map(([preset, { objective }]) => [
    preset,
    () => grpo(objective.beta ? batch : withoutReference, { ...objective, maxLength: 1000 }),
  ]);
  const titles = [...Object.keys(passes), ...objectives.map(([title]) => title)];
  progress(`${titles.length} tasks`);
  const results = measure([...Object.values(passes), ...objectives.map(([, task]) => task)], quick ? 3 : 25);
  const [pass] = results;
  const slowest = results.slice(2).reduce((a, b) => (a.median > b.median ? a : b));
  const heads = quick ? [] : [512, SIZES.tokens].map((chunk) => ({ chunk, ...measureHead(chunk) }));
  return report({
    name,
    title: "The GRPO objective",
    machine,
    peers: versionsOf(),
    quick,
    sections: [
      `${whole(tokens)} tokens in sequences of 1,000, float32, off-policy; loss, coefficients and all metrics. One core. ` +
        "Presets without a KL term have no reference.",
      table(
        ["", "median", "best", "of a plain pass"],
        titles.map((title, i) => [
          title,
          `${results[i].median.toFixed(1)} ms`,
          `${results[i].best.toFixed(1)} ms`,
          times(results[i].median / pass.median),
        ]),
      ),
      `\`@gradus/grpo/head\` on @gradus/autodiff, forward and backward of ${whole(SIZES.tokens)} tokens, width ${SIZES.width}, ` +
        `vocabulary ${whole(SIZES.vocabulary)}, each in a process of its own:`,
      table(
        ["tokens at a time", "memory added", "time"],
        heads.map(({ chunk, added, milliseconds }) => [
          whole(chunk),
          mebibytes(added),
          `${(milliseconds / 1000).toFixed(1)} s`,
        ]),
      ),
    ],
    checks: [
      {
        what: `every preset, metrics included, takes at most ${PROMISED} ms (median of 25)`,
        holds: quick || slowest.median <= PROMISED,
      },
      {
        what: "a head in chunks of 512 takes at most a third of the memory of the whole",
        holds: quick || 3 * heads[0].added <= heads[1].added,
      },
    ],
    figures: {
      tokens,
      heads,
      sink: Number.isFinite(sink),
      results: titles.map((title, i) => ({ title, ...results[i] })),
    },
  });
}
