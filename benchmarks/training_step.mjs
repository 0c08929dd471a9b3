// Training throughput: forward, backward and descent of a GPT of 3.4 million parameters, on `@gradus/autodiff`, jax-js and
// PyTorch. All begin with the same weights and data, and their first losses must agree, or nothing is published.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Engine } from "./lib/engine.mjs";
import { FULL, parameterShapes, sizeOf, TINY, writeInputs } from "./lib/gpt.mjs";
import { deno, describeMachine, findTorch, here, pythonEnvironment, versionOf, versionsOf } from "./lib/machine.mjs";
import { mebibytes, median, progress, report, table, times, whole } from "./lib/report.mjs";

export const name = "training_step";
export const about = "one training step of a GPT, against jax-js and PyTorch";

const THREADS = 2;
/** Losses that are compared. */
const COMPARED = 4;
const TOLERANCE = 1e-4;
/** How many times faster than jax-js we promise to be. */
const PROMISED = 4;

/** Everybody who can take part here, with the steps of one turn: turns should take similar time, some three seconds. */
function contestants(directory) {
  const file = (engine) => `${here}engines/${engine}`;
  const found = [
    {
      name: "Gradus",
      steps: 16,
      start: () => new Engine("Gradus", process.execPath, [file("training_gradus.mjs"), directory, `${THREADS}`]),
    },
  ];
  // Node 20 lacks the iterator helpers that jax-js uses, worker threads as it starts them, and relaxed SIMD.
  if (versionOf("@jax-js/jax") && (deno || Number(process.versions.node.split(".")[0]) >= 22)) {
    const [command, args, where] = deno
      ? [deno, ["run", "--quiet", "--allow-all", "--no-lock", "--node-modules-dir=manual"], "Deno"]
      : [process.execPath, [], "Node"];
    const start = () => new Engine("jax-js", command, [...args, file("training_jax.mjs"), directory], { cwd: here });
    found.push({ name: `jax-js (${where})`, steps: 4, start, isJax: true });
  }
  const torch = findTorch();
  if (torch) {
    const env = pythonEnvironment(THREADS);
    const start = () =>
      new Engine("PyTorch", torch.python, [file("training_torch.py"), directory, `${THREADS}`], { env });
    found.push({ name: "PyTorch", steps: 12, start, version: torch.version });
  }
  return found;
}

/** A process that compiles, warms up, is measured and ends: nobody else's threads are there meanwhile. */
async function turn(entry, { batch, time }, quick) {
  const engine = entry.start();
  try {
    const { losses } = await engine.ask({ steps: COMPARED });
    const steps = quick ? 1 : entry.steps;
    // jax-js takes ten steps until it is as fast as it gets.
    await engine.ask({ steps });
    const { seconds, peak } = await engine.ask({ steps });
    entry.rates.push((steps * batch * time) / seconds);
    Object.assign(entry, { losses, peak });
  } finally {
    await engine.close();
  }
}

/** Runs the benchmark; `quick` only shows that it runs. Returns whether everything holds. */
export async function run({ quick = false, rounds = quick ? 1 : 5 } = {}) {
  const machine = describeMachine();
  const sizes = quick ? TINY : FULL;
  const directory = mkdtempSync(join(tmpdir(), "gradus-training-"));
  let engines = [];
  try {
    writeInputs(directory, sizes);
    engines = contestants(directory).map((contestant) => ({ ...contestant, rates: [], losses: [] }));
    for (let round = 0; round < rounds; round++) {
      for (const entry of engines) await turn(entry, sizes, quick);
      progress(
        `round ${round + 1} of ${rounds}: ${engines.map(({ name, rates }) => `${name} ${whole(rates.at(-1))}`).join(", ")} tokens/s`,
      );
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
  const [ours] = engines;
  const fell = ours.losses[0] - ours.losses.at(-1);
  const rate = (entry) => median(entry.rates);
  const checks = [
    {
      what: `the loss falls by more than 50 times the tolerance (${fell.toFixed(4)})`,
      holds: quick || fell > 50 * TOLERANCE,
    },
    ...engines.slice(1).map((peer) => {
      const difference = Math.max(...peer.losses.map((loss, i) => Math.abs(loss - ours.losses[i])));
      return {
        what: `the first ${COMPARED} losses of ${peer.name} equal ours within ${TOLERANCE} (${difference.toExponential(1)})`,
        holds: difference <= TOLERANCE,
      };
    }),
  ];
  for (const peer of engines.filter(({ isJax }) => isJax && !quick)) {
    const ratio = rate(ours) / rate(peer);
    checks.push({ what: `at least ${PROMISED} × jax-js (${times(ratio)})`, holds: ratio >= PROMISED });
  }
  const parameters = Object.values(parameterShapes(sizes)).reduce((sum, shape) => sum + sizeOf(shape), 0);
  const { batch, time, width, layers, vocabulary } = sizes;
  const torch = engines.find(({ version }) => version);
  return report({
    name,
    title: "Training step",
    machine,
    peers: { ...versionsOf("onnxruntime-node", "@jax-js/jax"), ...(torch ? { PyTorch: torch.version } : {}) },
    quick,
    sections: [
      `Forward, backward and SGD of a GPT of ${(parameters / 1e6).toFixed(1)}M parameters (width ${width}, ${layers} layers, vocabulary ` +
        `${vocabulary}, ${batch} × ${time} tokens), ${THREADS} threads. Median of ${rounds} turns, each a process of its own with nobody beside it; the engines take turns.`,
      table(
        ["engine", "Gradus is faster by", "tokens/s", "slowest–fastest turn", "peak memory", `loss 1 → ${COMPARED}`],
        engines.map((entry) => [
          entry.name,
          entry === ours ? "" : times(rate(ours) / rate(entry)),
          whole(rate(entry)),
          `${whole(Math.min(...entry.rates))}–${whole(Math.max(...entry.rates))}`,
          mebibytes(entry.peak),
          `${entry.losses[0].toFixed(5)} → ${entry.losses.at(-1).toFixed(5)}`,
        ]),
      ),
    ],
    checks,
    figures: {
      sizes,
      engines: engines.map(({ name, rates, losses, peak }) => ({ name, median: median(rates), rates, losses, peak })),
    },
  });
}
