// Is this answer right? The cases of @gradus/math-verify's tests on its layers and on Compute Engine, which gets the
// same extracted answers and the same normal forms, and decides what is left with `isSame`, `isEqual` and `simplify`.
import { findAnswers } from "../packages/math-verify/dist/extract/extract_answer.js";
import { compare, normalize } from "../packages/math-verify/dist/mod.js";
import { describeMachine, versionsOf } from "./lib/machine.mjs";
import { median, progress, report, table } from "./lib/report.mjs";

export const name = "answer_verification";
export const about = "verdicts and time on 400 pairs of answers, against Compute Engine";

/** Milliseconds that we promise. */
const PROMISED = { median: 0.2, last: 5 };

/** The test cases as `{ gold, prediction, expected, formula }`; they are TypeScript that is not built. */
async function readCases() {
  const { tsImport } = await import("tsx/esm/api");
  const files = ["held_out_cases", "further_cases"];
  const modules = await Promise.all(
    files.map((file) => tsImport(`../packages/math-verify/src/testing/${file}.ts`, import.meta.url)),
  );
  return modules.flatMap(({ equal, different }) =>
    [
      [equal, true],
      [different, false],
    ].flatMap(([groups, expected]) =>
      Object.entries(groups).flatMap(([group, pairs]) =>
        pairs.map(([gold, prediction]) => ({
          gold,
          prediction,
          expected,
          formula: group === "symbolic" || group === "latex",
        })),
      ),
    ),
  );
}

async function computeEngine() {
  const { ComputeEngine } = await import("@cortex-js/compute-engine");
  const engine = new ComputeEngine();
  return ({ gold, prediction }) => {
    const [a, b] = [gold, prediction].map((text) => findAnswers(text)[0]?.answer ?? "");
    if (normalize(a) === normalize(b)) return a !== "";
    try {
      const [x, y] = [engine.parse(a), engine.parse(b)];
      if (!x.isValid || !y.isValid) return false;
      return x.isSame(y) || x.isEqual(y) === true || x.simplify().isSame(y.simplify());
    } catch {
      return false;
    }
  };
}

function measure(cases, verify, rounds) {
  const verdicts = cases.map(verify);
  const durations = cases.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (const [i, entry] of cases.entries()) {
      const start = performance.now();
      verify(entry);
      durations[i].push(performance.now() - start);
    }
  const medians = durations.map(median).sort((a, b) => a - b);
  const right = (entries) => entries.filter(([entry, verdict]) => entry.expected === verdict).length;
  const all = cases.map((entry, i) => [entry, verdicts[i]]);
  const formulas = all.filter(([entry]) => entry.formula);
  return {
    right: right(all),
    formulas: right(formulas),
    formulaCount: formulas.length,
    falseEqual: all.filter(([entry, verdict]) => verdict && !entry.expected).length,
    median: median(medians),
    last: medians[Math.floor(medians.length * 0.99)],
    slowest: medians.at(-1),
  };
}

/** Runs the benchmark; `quick` only shows that it runs. Returns whether everything holds. */
export async function run({ quick = false } = {}) {
  const machine = describeMachine();
  const all = await readCases();
  const cases = quick ? all.slice(0, 20) : all;
  const engines = [
    { name: "Gradus", verify: ({ gold, prediction }) => compare(gold, prediction).verdict === "equal", rounds: 20 },
  ];
  try {
    engines.push({ name: "Compute Engine", verify: await computeEngine(), rounds: 1 });
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
  }
  const log = console.log;
  for (const engine of engines) {
    progress(engine.name);
    console.log = () => {}; // Compute Engine reports bad types there
    try {
      engine.figures = measure(cases, engine.verify, quick ? 1 : engine.rounds);
    } finally {
      console.log = log;
    }
  }
  const [ours] = engines;
  const milliseconds = (x) => `${x < 1 ? x.toFixed(3) : x.toFixed(1)} ms`;
  return report({
    name,
    title: "Answer verification",
    machine,
    peers: versionsOf("@cortex-js/compute-engine"),
    quick,
    sections: [
      `${cases.length} pairs of answers over all kinds (numbers, units, formulas, equations, sets, texts, solutions in prose). Both get the ` +
        "same extracted answers. Our layers have been mended where they failed on these cases; what they got right before that is in docs/LOG.md. " +
        "Times are medians of a case's turns, one after the other in one warm process.",
      table(
        ["engine", "right", "of formulas only", "wrongly equal", "median", "99th percentile", "slowest"],
        engines.map(({ name, figures }) => [
          name,
          `${figures.right} of ${cases.length}`,
          `${figures.formulas} of ${figures.formulaCount}`,
          figures.falseEqual,
          milliseconds(figures.median),
          milliseconds(figures.last),
          milliseconds(figures.slowest),
        ]),
      ),
    ],
    checks: [
      { what: "all of our verdicts are right", holds: ours.figures.right === cases.length },
      {
        what: `our median below ${PROMISED.median} ms, the 99th percentile below ${PROMISED.last} ms`,
        holds: quick || (ours.figures.median < PROMISED.median && ours.figures.last < PROMISED.last),
      },
    ],
    figures: engines.map(({ name, figures }) => ({ name, ...figures })),
  });
}
