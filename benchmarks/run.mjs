#!/usr/bin/env node
// Runs benchmarks: all of them, or those named. Needs `npm ci` and `npm run build` at the root, and `npm ci` here.
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";

const NAMES = [
  "training_step",
  "sampling",
  "memory",
  "answer_verification",
  "tokenizer",
  "packing",
  "corpus",
  "grpo",
  "reward_model",
  "code_interpreter",
  "hostile_programs",
  "sparse_attention",
  "shor",
  "zero_knowledge",
  "beacon",
];

async function help() {
  const benchmarks = await Promise.all(NAMES.map((name) => import(`./${name}.mjs`)));
  console.log(`Usage: node benchmarks/run.mjs [NAME ...] [--quick] [--help]

Measures, prints a table and writes benchmarks/results/NAME.json and NAME.md. Fails when a promise does not hold.

${benchmarks.map(({ name, about }) => `  ${name.padEnd(20)} ${about}`).join("\n")}

  --quick        tiny sizes: only shows that everything runs, writes nothing
  --help         this text

Examples:
  node benchmarks/run.mjs                  all, a few minutes on an idle machine
  node benchmarks/run.mjs sampling         one
  node benchmarks/run.mjs --quick          what continuous integration runs`);
}

/** Ends with one line and without a stack. */
function refuse(reason) {
  console.error(`${reason} (see --help)`);
  process.exit(2);
}

let options;
try {
  options = parseArgs({
    allowPositionals: true,
    options: { quick: { type: "boolean", default: false }, help: { type: "boolean", short: "h", default: false } },
  });
} catch (error) {
  refuse(error.message.split(/\n|\. /)[0]);
}
const { values, positionals } = options;
if (values.help) {
  await help();
  process.exit(0);
}
const unknown = positionals.find((name) => !NAMES.includes(name));
if (unknown) refuse(`Unknown benchmark "${unknown}": expected one of ${NAMES.join(", ")}`);
if (!values.quick && loadavg()[0] > 0.3 * availableParallelism())
  console.error(
    `Warning: the machine is busy (load ${loadavg()[0].toFixed(1)}): these figures should not be published`,
  );

let failed = 0;
for (const name of positionals.length ? positionals : NAMES) {
  console.error(`${name}`);
  const start = performance.now();
  try {
    const { run } = await import(`./${name}.mjs`);
    if (!(await run({ quick: values.quick }))) failed++;
  } catch (error) {
    console.error(
      `${name} could not run: ${error.code === "ERR_MODULE_NOT_FOUND" ? `${error.message.split("\n")[0]}. Build the packages and run npm ci in benchmarks/ first` : error.stack}`,
    );
    failed++;
  }
  console.error(`${name} took ${((performance.now() - start) / 1000).toFixed(0)} s\n`);
}
if (failed) console.error(`${failed} of ${positionals.length || NAMES.length} benchmarks failed`);
process.exit(failed ? 1 : 0);
