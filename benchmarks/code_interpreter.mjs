// `@gradus/code-interpreter`: what a warm call costs, on Node and on Deno, with Pyodide and with python3.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { deno, describeMachine } from "./lib/machine.mjs";
import { mebibytes, median, progress, report, table, whole } from "./lib/report.mjs";

export const name = "code_interpreter";
export const about = "a warm call of Python, in Pyodide and in python3";

/** Milliseconds of a warm `print(1 + 1)` that we promise. */
const PROMISED = 5;

const here = fileURLToPath(new URL(".", import.meta.url));
const script = `${here}engines/python_calls.mjs`;

function measure(runtime, ...words) {
  progress(`${runtime}: ${words.join(" ")}`);
  const [command, ...flags] = runtime === "Deno" ? [deno, "run", "--allow-all", "--no-check"] : [process.execPath];
  const output = execFileSync(command, [...flags, script, ...words.map(String)], {
    cwd: here,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 28,
  });
  return JSON.parse(output);
}

/** Runs the benchmark; `quick` only shows that it runs. Returns whether everything holds. */
export async function run({ quick = false } = {}) {
  const machine = describeMachine();
  const runtimes = deno ? ["Node", "Deno"] : ["Node"];
  const figures = runtimes.flatMap((runtime) =>
    ["pyodide", "python3"].map((backend) => ({ runtime, backend, ...measure(runtime, backend, quick ? 3 : 100) })),
  );
  const checks = figures
    .filter(({ backend }) => backend === "pyodide" && !quick)
    .map(({ runtime, taken }) => ({
      what: `${runtime}: a warm call at most ${PROMISED} ms (${median(taken).toFixed(2)})`,
      holds: median(taken) <= PROMISED,
    }));
  const rows = figures.map(({ runtime, backend, cold, perSlot, taken }) => [
    `${backend}, ${runtime}`,
    `${median(taken).toFixed(2)} ms`,
    `${Math.min(...taken).toFixed(2)}–${Math.max(...taken).toFixed(2)}`,
    `${whole(cold)} ms`,
    perSlot === undefined ? "" : mebibytes(perSlot),
  ]);
  return report({
    name,
    title: "Python that a model writes",
    machine,
    peers: { python3: "a process for each call, started ahead" },
    sections: [
      "`print(1 + 1)`, one slot, one call after the other, so that the time in which Pyodide's memory is put back (and in which the next `python3` starts) is part of it. Median, fastest and slowest of 100; cold start; resident memory of a slot.",
      table(["backend", "warm call", "range", "cold start", "a slot's memory"], rows),
    ],
    checks,
    figures,
    quick,
  });
}
