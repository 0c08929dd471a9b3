// One runtime's part of the code interpreter's benchmark: `python_calls.mjs BACKEND CALLS`; prints JSON.
import { createInterpreter } from "../../packages/code-interpreter/dist/mod.js";

const [backend, number] = process.argv.slice(2);
const count = Number(number);
const memory = () => process.memoryUsage().rss;

async function timed(action) {
  const begin = performance.now();
  const result = await action();
  return { milliseconds: performance.now() - begin, result };
}

async function calls() {
  const { milliseconds: cold, result: python } = await timed(() => createInterpreter({ backend }));
  const taken = [];
  for (let i = -20; i < count; i++) {
    const { milliseconds, result } = await timed(() => python.run("print(1 + 1)"));
    if (result.output !== "2\n") throw new Error(`Wrong: ${JSON.stringify(result)}`);
    if (i >= 0) taken.push(milliseconds);
  }
  const before = memory();
  const { milliseconds: three, result: more } = await timed(() => createInterpreter({ backend, slots: 3 }));
  const perSlot = backend === "pyodide" ? (memory() - before) / 3 : undefined;
  more.close();
  python.close();
  return { cold, coldOfThree: three, perSlot, taken };
}

console.log(JSON.stringify(await calls()));
process.exit(0); // Deno's workers would hold it
