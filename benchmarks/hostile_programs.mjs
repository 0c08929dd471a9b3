// 1,000 hostile programs in `@gradus/code-interpreter`, one slot: after each the next call must be right.
import { tsImport } from "tsx/esm/api";
import { createInterpreter } from "../packages/code-interpreter/dist/mod.js";
import { describeMachine } from "./lib/machine.mjs";
import { progress, report, table, whole } from "./lib/report.mjs";

export const name = "hostile_programs";
export const about = "1,000 hostile programs in Pyodide, after each of which the next call must be right";

const LIMIT = 50;

/** Runs the benchmark; `quick` only shows that it runs. Returns whether everything holds. */
export async function run({ quick = false } = {}) {
  const machine = describeMachine();
  const { hostilePrograms } = await tsImport("../packages/code-interpreter/src/testing/hostile.ts", import.meta.url);
  const python = await createInterpreter({ timeLimitMs: LIMIT, memoryLimitMb: 256 });
  const programs = hostilePrograms(quick ? 10 : 1000);
  const wrong = [];
  const families = {};
  const begin = performance.now();
  for (const [i, { family, program }] of programs.entries()) {
    const { timedOut, durationMs } = await python.run(program);
    families[family] ??= { programs: 0, timedOut: 0, slowest: 0 };
    families[family].programs++;
    families[family].timedOut += timedOut ? 1 : 0;
    families[family].slowest = Math.max(families[family].slowest, durationMs);
    const next = await python.run("import json; print(json.dumps(sum(range(10))))", { timeLimitMs: 10_000 });
    if (next.output !== "45\n") wrong.push({ family, program, next });
    if (i % 100 === 99) progress(`${i + 1} programs, ${wrong.length} wrong`);
  }
  const seconds = (performance.now() - begin) / 1000;
  python.close();
  const rows = Object.entries(families).map(([family, { programs, timedOut, slowest }]) => [
    family,
    whole(programs),
    whole(timedOut),
    `${whole(slowest)} ms`,
  ]);
  return report({
    name,
    title: "Hostile programs",
    machine,
    peers: { "@gradus/code-interpreter": "this repository" },
    sections: [
      `${whole(programs.length)} programs, ${LIMIT} ms each, one slot of Pyodide on Node: ${whole(seconds)} s, with the starts of new workers and a call after each program.`,
      table(["family", "programs", "out of time", "slowest"], rows),
    ],
    checks: [
      {
        what: `after each of ${whole(programs.length)} hostile programs the next call is right (${wrong.length} wrong)`,
        holds: wrong.length === 0,
      },
    ],
    figures: { seconds, families, wrong },
    quick,
  });
}
