// One runtime's part of the code interpreter's benchmark: `python_calls.mjs BACKEND CALLS`, or `soak PROGRAMS`; prints JSON.
import { createInterpreter } from "../../packages/code-interpreter/dist/mod.js";

const [what, number] = process.argv.slice(2);
const count = Number(number);
const memory = () => process.memoryUsage().rss;

async function timed(action) {
  const begin = performance.now();
  const result = await action();
  return { milliseconds: performance.now() - begin, result };
}

async function calls() {
  const { milliseconds: cold, result: python } = await timed(() => createInterpreter({ backend: what }));
  const taken = [];
  for (let i = -20; i < count; i++) {
    const { milliseconds, result } = await timed(() => python.run("print(1 + 1)"));
    if (result.output !== "2\n") throw new Error(`Wrong: ${JSON.stringify(result)}`);
    if (i >= 0) taken.push(milliseconds);
  }
  const before = memory();
  const { milliseconds: three, result: more } = await timed(() => createInterpreter({ backend: what, slots: 3 }));
  const perSlot = what === "pyodide" ? (memory() - before) / 3 : undefined;
  more.close();
  python.close();
  return { cold, coldOfThree: three, perSlot, taken };
}

async function soak() {
  const { hostilePrograms } = await import("../../packages/code-interpreter/src/testing/hostile.ts");
  const python = await createInterpreter({ timeLimitMs: 50, memoryLimitMb: 256 });
  const wrong = [];
  const families = {};
  const { milliseconds } = await timed(async () => {
    for (const { family, program } of hostilePrograms(count)) {
      const { timedOut, durationMs } = await python.run(program);
      families[family] ??= { programs: 0, timedOut: 0, slowest: 0 };
      const entry = families[family];
      entry.programs++;
      entry.timedOut += timedOut;
      entry.slowest = Math.max(entry.slowest, durationMs);
      const next = await python.run("import json; print(json.dumps(sum(range(10))))", { timeLimitMs: 10_000 });
      if (next.output !== "45\n") wrong.push({ family, program, next });
      if (process.stderr.isTTY) process.stderr.write(`\r${family.padEnd(40)}`);
    }
  });
  python.close();
  return { programs: count, wrong, milliseconds, families };
}

console.log(JSON.stringify(await (what === "soak" ? soak() : calls())));
process.exit(0); // Deno's workers would hold it
