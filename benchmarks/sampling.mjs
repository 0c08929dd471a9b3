// Sampling throughput: 64 rows of 256 new tokens with a KV cache, on the policy and on transformers.js with the same model.
// Greedy tokens must be the same, except where the two best tokens are equally likely up to rounding.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Engine } from "./lib/engine.mjs";
import { describeMachine, here, versionOf, versionsOf } from "./lib/machine.mjs";
import { integers } from "./lib/random.mjs";
import { mebibytes, median, progress, report, table, times, whole } from "./lib/report.mjs";

export const name = "sampling";
export const about = "64 rows × 256 new tokens, and groups that share a prompt, against transformers.js";

const THREADS = 2;
/** Tokens a second, and times transformers.js, that we promise. */
const PROMISED = { rate: 5000, ratio: 3 };
/** Log-probabilities closer than this are the same to float32. */
const TIE = 1e-4;
const PEERS = ["@huggingface/transformers", "@xenova/transformers"];

const MODEL = {
  vocabSize: 2048,
  hiddenSize: 256,
  layers: 4,
  heads: 4,
  keyValueHeads: 4,
  headSize: 64,
  intermediateSize: 688,
  ropeTheta: 10000,
  normEpsilon: 1e-6,
  tieEmbeddings: false,
  qkvBias: false,
  maxPositions: 512,
};
const TINY = {
  ...MODEL,
  vocabSize: 64,
  hiddenSize: 32,
  layers: 2,
  heads: 2,
  keyValueHeads: 2,
  headSize: 16,
  intermediateSize: 48,
};

/** `count` different prompts. */
function promptsOf(count, length, vocabulary, seed) {
  return Array.from({ length: count }, (_, i) => [...integers(length, vocabulary, 100 * seed + i)]);
}

/** Numbers of rows that have the same tokens, that part at a tie, and that part elsewhere. */
async function compare(ours, theirs, { prompts, samplesPerPrompt }, engine) {
  const counts = { equal: 0, ties: 0, wrong: 0 };
  for (const [row, tokens] of ours.entries()) {
    const at = tokens.findIndex((token, i) => token !== theirs[row][i]);
    if (at < 0 && tokens.length === theirs[row].length) counts.equal++;
    else if (at < 0) counts.wrong++;
    else {
      const prefix = [...prompts[Math.floor(row / samplesPerPrompt)], ...tokens.slice(0, at)];
      const { gap } = await engine.ask({ prefix, tokens: [tokens[at], theirs[row][at]] });
      if (gap < TIE) counts.ties++;
      else counts.wrong++;
    }
  }
  return counts;
}

/** Runs the benchmark; `quick` only shows that it runs. Returns whether everything holds. */
export async function run({ quick = false, rounds = quick ? 1 : 3 } = {}) {
  const machine = describeMachine();
  const config = quick ? TINY : MODEL;
  const [rows, groups, maxNewTokens, long, short] = quick ? [8, 2, 8, 20, 6] : [64, 8, 256, 200, 16];
  const of = (count, length, seed) => ({
    prompts: promptsOf(count, length, config.vocabSize, seed),
    samplesPerPrompt: rows / count,
    maxNewTokens,
    temperature: 0,
  });
  // No peer shares a prompt between rows: the third case is to them what the second is to us, and they need minutes for it.
  const cases = [
    { title: `${rows} prompts of ${short} tokens`, request: of(rows, short, 1), peers: 2 },
    { title: `${rows} prompts of ${long} tokens`, request: of(rows, long, 2), peers: 0 },
    {
      title: `${groups} prompts of ${long} tokens, ${rows / groups} samples each`,
      request: of(groups, long, 3),
      peers: 1,
    },
  ];
  const parent = mkdtempSync(join(tmpdir(), "gradus-sampling-"));
  const directory = join(parent, "model");
  const engines = [];
  const results = [];
  let prefill;
  try {
    const node = (engine, ...args) => new Engine(engine, process.execPath, [`${here}engines/${engine}.mjs`, ...args]);
    const ours = node("sampling_gradus", JSON.stringify(config), `${THREADS}`);
    engines.push({ name: "Gradus", engine: ours });
    await ours.ask({ directory });
    for (const peer of PEERS.filter(versionOf))
      engines.push({ name: peer, engine: node("sampling_transformers", peer, directory, `${THREADS}`) });
    progress("compiles");
    for (const { request, peers } of cases)
      for (const { engine } of engines.slice(0, 1 + peers)) await engine.ask({ ...request, maxNewTokens: 2 });

    for (const { title, request, peers } of cases) {
      const entries = engines.slice(0, 1 + peers).map((entry) => ({ ...entry, rates: [] }));
      for (let round = 0; round < rounds; round++) {
        for (const entry of entries) {
          // What takes this long is not measured twice: the differences are many times the variation.
          if (entry.seconds > 15) continue;
          const { seconds, tokens, peak } = await entry.engine.ask(request);
          entry.rates.push(tokens.flat().length / seconds);
          Object.assign(entry, { tokens, peak, seconds });
          progress(`${title}: ${entry.name} ${whole(entry.rates.at(-1))} tokens/s`);
        }
      }
      const sampled = await ours.ask({ ...request, temperature: 1 });
      for (const entry of entries.slice(1))
        entry.agreement = await compare(entries[0].tokens, entry.tokens, request, ours);
      results.push({
        title,
        sampled: sampled.tokens.flat().length / sampled.seconds,
        different: new Set(entries[0].tokens.flat()).size,
        entries: entries.map(({ name, rates, peak, agreement }) => ({
          name,
          median: median(rates),
          rates,
          peak,
          agreement,
        })),
      });
    }
    prefill = await measurePrefill(ours, cases, quick ? 3 : 7);
  } finally {
    await Promise.all(engines.map(({ engine }) => engine.close()));
    rmSync(parent, { recursive: true });
  }

  const checks = [];
  for (const { title, entries, different } of results) {
    checks.push({ what: `${title}: ${different} different tokens come out`, holds: different > 5 });
    for (const { name, agreement } of entries.slice(1)) {
      checks.push({
        what: `${title}: ${name} gives the same greedy tokens (${agreement.equal} rows, ${agreement.ties} more up to a tie, ${agreement.wrong} differ)`,
        holds: agreement.wrong === 0,
      });
    }
  }
  checks.push({
    what:
      `a shared prompt is read once: until the first token, ${groups} prompts × ${rows / groups} samples take ${(prefill.shared * 1000).toFixed(0)} ms, ` +
      `${groups} prompts × 1 take ${(prefill.few * 1000).toFixed(0)} ms, ${rows} different ones ${(prefill.separate * 1000).toFixed(0)} ms`,
    holds: quick || prefill.shared < 0.35 * prefill.separate,
  });
  if (!quick) {
    for (const { title, entries } of [results[0], results.at(-1)]) {
      checks.push({
        what: `${title}: at least ${whole(PROMISED.rate)} tokens/s`,
        holds: entries[0].median >= PROMISED.rate,
      });
      for (const { name, median } of entries.slice(1, 2)) {
        const ratio = entries[0].median / median;
        checks.push({
          what: `${title}: at least ${PROMISED.ratio} × ${name} (${times(ratio)})`,
          holds: ratio >= PROMISED.ratio,
        });
      }
    }
  }
  return report({
    name,
    title: "Sampling",
    machine,
    peers: versionsOf("onnxruntime-node", ...PEERS),
    quick,
    sections: [
      `${rows} rows, ${maxNewTokens} new tokens each, width ${config.hiddenSize}, ${config.layers} layers, vocabulary ` +
        `${config.vocabSize}, float32, ${THREADS} threads, KV cache. The peers run what \`exportOnnx\` wrote. Greedy; the last ` +
        "column is ours at temperature 1. The time includes reading the prompts; median of up to 3 turns.",
      table(
        ["prompts", "engine", "Gradus is faster by", "tokens/s", "peak memory", "at temperature 1"],
        results.flatMap(({ title, sampled, entries }) =>
          entries.map(({ name, median, peak }, i) => [
            i ? "" : title,
            name,
            i ? times(entries[0].median / median) : "",
            whole(median),
            mebibytes(peak),
            i ? "" : whole(sampled),
          ]),
        ),
      ),
    ],
    checks,
    figures: { config, results, prefill },
  });
}

/** Seconds until the first token: groups that share a prompt, the same prompts alone, and as many prompts as rows. */
async function measurePrefill(ours, [, separate, shared], repeats) {
  const requests = {
    separate: separate.request,
    shared: shared.request,
    few: { ...shared.request, samplesPerPrompt: 1 },
  };
  const seconds = { separate: [], shared: [], few: [] };
  for (let i = 0; i < repeats; i++)
    for (const [name, request] of Object.entries(requests))
      seconds[name].push((await ours.ask({ ...request, maxNewTokens: 1 })).seconds);
  return Object.fromEntries(Object.entries(seconds).map(([name, values]) => [name, median(values)]));
}
