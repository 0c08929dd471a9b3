// Peak memory, each figure from a fresh process: an optimiser step at context 4,096, and the output head with logits
// streamed or held.
import { Engine } from "./lib/engine.mjs";
import { describeMachine, here, versionsOf } from "./lib/machine.mjs";
import { mebibytes, progress, report, table, whole } from "./lib/report.mjs";

export const name = "memory";
export const about = "peak memory of a step at context 4,096, and of the output head by vocabulary";

const THREADS = 2;
const GIBIBYTE = 2 ** 30;
/** Bytes that one step may take. */
const PROMISED = 2 * GIBIBYTE;
/** What the policy streams at a time, in logits. */
const LOGITS_CHUNK = 2 ** 21;

const MODEL = {
  vocabSize: 512,
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
  maxPositions: 4096,
};

async function once(engine, args, request) {
  const fresh = new Engine(engine, process.execPath, [`${here}engines/${engine}.mjs`, ...args]);
  try {
    return await fresh.ask(request);
  } finally {
    await fresh.close();
  }
}

async function steps(context, quick) {
  const variants = [
    { title: "all activations kept", options: {} },
    { title: "`checkpointBlocks`", options: { checkpointBlocks: true } },
  ];
  const results = [];
  for (const { title, options } of variants) {
    const args = [JSON.stringify(MODEL), JSON.stringify({ threads: THREADS, ...options })];
    const result = await once("memory_step", args, { context, steps: quick ? 1 : 2 });
    progress(`context ${context}, ${title}: ${mebibytes(result.peak)}`);
    results.push({ title, ...result });
  }
  return results;
}

async function heads(cells, width) {
  const results = [];
  for (const { tokens, vocabulary, streamed } of cells) {
    const chunk = streamed ? Math.max(16, Math.floor(LOGITS_CHUNK / vocabulary)) : 0;
    const result = await once("memory_head", [], { tokens, width, vocabulary, chunk, threads: THREADS });
    const grown = result.peak - result.before;
    results.push({ tokens, vocabulary, streamed, ...result, grown });
    progress(
      `head, ${tokens} tokens, vocabulary ${vocabulary}, ${streamed ? "streamed" : "held"}: ${mebibytes(grown)}`,
    );
  }
  return results;
}

/** Runs the benchmark; `quick` only shows that it runs. Returns whether everything holds. */
export async function run({ quick = false } = {}) {
  const machine = describeMachine();
  const context = quick ? 128 : 4096;
  const width = quick ? 16 : 256;
  const stepResults = await steps(context, quick);

  const [vocabularies, held, counts] = quick
    ? [
        [64, 128],
        [64, 128],
        [16, 64],
      ]
    : [
        [1024, 8192, 32768, 131072],
        [1024, 8192, 32768],
        [1024, 16384],
      ];
  const middle = vocabularies.at(-2);
  const cells = [
    ...vocabularies.map((vocabulary) => ({ tokens: context, vocabulary, streamed: true })),
    ...held.map((vocabulary) => ({ tokens: context, vocabulary, streamed: false })),
    ...counts.map((tokens) => ({ tokens, vocabulary: middle, streamed: true })),
  ];
  const headResults = await heads(cells, width);
  const find = (tokens, vocabulary, streamed) =>
    headResults.find((cell) => cell.tokens === tokens && cell.vocabulary === vocabulary && cell.streamed === streamed);
  /** Without the gradient of the weight matrix, which has to grow with the vocabulary. */
  const beyond = (cell) => cell.grown - 4 * width * cell.vocabulary;

  const checks = stepResults.map(({ title, peak }) => ({
    what: `one step at context ${whole(context)}, ${title}: below 2 GiB (${mebibytes(peak)})`,
    holds: peak < PROMISED,
  }));
  const [few, many] = counts.map((tokens) => find(tokens, middle, true));
  const perToken = (many.grown - few.grown) / (many.tokens - few.tokens);
  checks.push({
    what:
      `streamed, vocabulary ${whole(middle)}: a further token takes ${whole(perToken)} bytes, ${(perToken / (4 * width)).toFixed(1)} times its ` +
      `hidden state, where its logits alone are ${whole(4 * middle)}`,
    holds: quick || perToken < 0.1 * 4 * middle,
  });
  const [first, last] = [vocabularies.at(-2), vocabularies.at(-1)].map((vocabulary) => find(context, vocabulary, true));
  const perEntry = (last.grown - first.grown) / (last.vocabulary - first.vocabulary);
  checks.push({
    what:
      `streamed, ${whole(context)} tokens: a further vocabulary entry takes ${whole(perEntry)} bytes, ${(perEntry / (4 * width)).toFixed(1)} times its column ` +
      `of the weight matrix, where its logits alone are ${whole(4 * context)}`,
    holds: quick || perEntry < 0.5 * 4 * context,
  });
  for (const vocabulary of held) {
    const [streamed, whole_] = [find(context, vocabulary, true), find(context, vocabulary, false)];
    const [loss, norm] = [Math.abs(streamed.loss - whole_.loss), Math.abs(streamed.norm / whole_.norm - 1)];
    checks.push({
      what: `vocabulary ${whole(vocabulary)}: streamed and held give the same loss and gradient norm (${loss.toExponential(1)}, ${norm.toExponential(1)})`,
      holds: loss < 1e-4 && norm < 1e-3,
    });
  }
  return report({
    name,
    title: "Memory",
    machine,
    peers: versionsOf("onnxruntime-node"),
    quick,
    sections: [
      `One optimiser step (forward, backward, AdamW; the larger of ${quick ? 1 : 2}) of a policy of 3.4M parameters on one segment of ` +
        `${whole(context)} tokens, ${THREADS} threads. Peak of a fresh process, Node's own ${mebibytes(stepResults[0].before)} included.`,
      table(
        ["", "peak memory", "time for a step"],
        stepResults.map(({ title, peak, seconds, losses }) => [
          title,
          mebibytes(peak),
          `${(seconds / losses.length).toFixed(1)} s`,
        ]),
      ),
      `The output head alone, forward and backward, ${whole(context)} tokens, width ${width}. What the run adds to the memory of the ` +
        "process that already has the weight matrix; the second figure is without the gradient of that matrix.",
      table(
        ["vocabulary", "streamed", "without gradient", "logits held", "without gradient", "one copy of the logits"],
        vocabularies.map((vocabulary) => {
          const [streamed, whole_] = [find(context, vocabulary, true), find(context, vocabulary, false)];
          return [
            whole(vocabulary),
            mebibytes(streamed.grown),
            mebibytes(beyond(streamed)),
            whole_ ? mebibytes(whole_.grown) : "not tried",
            whole_ ? mebibytes(beyond(whole_)) : "",
            mebibytes(4 * context * vocabulary),
          ];
        }),
      ),
    ],
    checks,
    figures: { model: MODEL, context, steps: stepResults, heads: headResults },
  });
}
