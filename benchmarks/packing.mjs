// Planning of packed contexts: `planPacking`, and best-fit decreasing in plain JavaScript as it is usually written, on the
// same lengths, in turns on one core. Without its last step, which packs loose contexts anew, ours must make as many
// contexts as they do.
import { stream } from "../packages/seeds/dist/mod.js";
import { planPacking } from "../packages/sft-packing/dist/mod.js";
import { linearSearch, segmentTree } from "./lib/best_fit.mjs";
import { describeMachine } from "./lib/machine.mjs";
import { median, progress, report, table, times, whole } from "./lib/report.mjs";

export const name = "packing";
export const about = "planning packed contexts of 4,096 tokens, against best-fit decreasing in plain JavaScript";

const CONTEXT = 4096;
/** Milliseconds for 10,000 lengths and for 10 million, and efficiency, that we promise. */
const PROMISED = { small: 1, large: 2000, efficiency: 0.997 };
/** Log-normal lengths: median and standard deviation of the logarithm. GSM8K's training set has 148 and 0.37. */
const LENGTHS = {
  "GSM8K-like": { median: 148, deviation: 0.37 },
  "long-tailed": { median: 160, deviation: 1 },
};
/** What others publish for 10,000 sequences at 4,096, in milliseconds; on their machines. */
const PUBLISHED = [
  ["a packer in Rust", "0.71–0.96"],
  ["a packer in C++", "1.4–2.3"],
];

function lengthsOf(kind, count) {
  const random = stream(1, { purpose: kind });
  const { median, deviation } = LENGTHS[kind];
  return Int32Array.from({ length: count }, () =>
    Math.min(CONTEXT, Math.max(1, Math.round(median * Math.exp(random.normal(0, deviation))))),
  );
}

/** Runs the benchmark; `quick` only shows that it runs. Returns whether everything holds. */
export async function run({ quick = false } = {}) {
  const machine = describeMachine();
  const sizes = quick ? [1000] : [10_000, 1_000_000, 10_000_000];
  const [small, large] = [sizes[0], sizes.at(-1)];
  const figures = [];
  const checks = [];
  for (const kind of Object.keys(LENGTHS)) {
    for (const count of sizes) {
      progress(`${kind}, ${whole(count)} lengths`);
      const lengths = lengthsOf(kind, count);
      const contestants = {
        "@gradus/sft-packing": () => planPacking(lengths).report,
        "the same, repack: false": () => planPacking(lengths, { repack: false }).report,
        ...(count <= 1_000_000 && { "segment tree": () => segmentTree(lengths, CONTEXT) }),
        ...(count <= 10_000 && { "linear search": () => linearSearch(lengths, CONTEXT) }),
      };
      const rounds = count <= 10_000 ? 60 : count <= 1_000_000 ? 5 : 3;
      const taken = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
      const contexts = {};
      const warmUp = count <= 10_000 ? 20 : 0;
      for (let round = -warmUp; round < rounds; round++) {
        for (const [name, plan] of Object.entries(contestants)) {
          const begin = performance.now();
          const { contexts: made } = plan();
          if (round >= 0) taken[name].push(performance.now() - begin);
          contexts[name] = made;
        }
      }
      const { efficiency } = planPacking(lengths).report;
      figures.push({ kind, count, efficiency, contexts, milliseconds: taken });
      const { "@gradus/sft-packing": made, ...plain } = contexts;
      checks.push({
        what: `${kind}, ${whole(count)}: best fit makes ${whole(Object.values(plain)[0])} contexts, whoever does it; packing loose ones anew, ${whole(made)}`,
        holds: new Set(Object.values(plain)).size === 1 && Object.values(plain)[0] >= made,
      });
      const ours = median(taken["@gradus/sft-packing"]);
      if (count === small && !quick)
        checks.push({
          what: `${kind}, ${whole(count)}: at most ${PROMISED.small} ms (${ours.toFixed(2)})`,
          holds: ours <= PROMISED.small,
        });
      if (count === large && !quick)
        checks.push({
          what: `${kind}, ${whole(count)}: at most ${PROMISED.large} ms (${whole(ours)})`,
          holds: ours <= PROMISED.large,
        });
      // Where even the fewest contexts that hold the tokens waste more, that is all there is.
      const fewest = Math.ceil(lengths.reduce((sum, length) => sum + length, 0) / CONTEXT);
      if (!quick)
        checks.push({
          what: `${kind}, ${whole(count)}: efficiency at least ${100 * PROMISED.efficiency}% (${(100 * efficiency).toFixed(3)}%), or no context more than the tokens need (${whole(made)} of ${whole(fewest)})`,
          holds: efficiency >= PROMISED.efficiency || made === fewest,
        });
    }
  }
  const milliseconds = (value) => (value < 10 ? value.toFixed(2) : whole(value));
  const rows = figures.flatMap(({ kind, count, efficiency, milliseconds: taken }) =>
    Object.entries(taken).map(([name, list]) => [
      `${kind}, ${whole(count)}: ${name}`,
      `${milliseconds(median(list))} ms`,
      `${milliseconds(Math.min(...list))}–${milliseconds(Math.max(...list))}`,
      times(median(list) / median(taken["@gradus/sft-packing"])),
      name === "@gradus/sft-packing" ? `${(100 * efficiency).toFixed(3)}%` : "",
    ]),
  );
  return report({
    name,
    title: "Planning packed contexts",
    machine,
    peers: { "@gradus/sft-packing": "this repository", "best fit": "benchmarks/lib/best_fit.mjs" },
    sections: [
      `Best-fit decreasing at ${whole(CONTEXT)} tokens, warm, one core. Medians, fastest and slowest.`,
      table(["lengths and packer", "median", "range", "to ours", "efficiency"], rows),
      `Published by others for 10,000 sequences at 4,096, on their machines: ${PUBLISHED.map(([who, ms]) => `${who} ${ms} ms`).join(", ")}.`,
    ],
    checks,
    figures,
    quick,
  });
}
