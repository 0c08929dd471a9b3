// `npm run check`: everything that can be told about the code without running its tests.
// Each check is a file in tools/check/ with a name, a one-line summary, and `run`, which reports problems.
import { parseArgs } from "node:util";
import { checks } from "./check/mod.mjs";
import { bin, capture } from "./lib/run.mjs";
import { readWorkspaces, repository } from "./lib/workspaces.mjs";

const width = Math.max(...checks.map((check) => check.name.length));
const usage = `npm run check [-- NAME …]

Runs the named checks, or all of them:
${checks.map((check) => `  ${check.name.padEnd(width)}  ${check.summary}`).join("\n")}

Exit code 1 when one fails. Warnings are printed and fail nothing.`;

function fail(message) {
  console.error(message);
  process.exit(2);
}

let names = [];
try {
  const { values, positionals } = parseArgs({
    options: { help: { type: "boolean", short: "h" } },
    allowPositionals: true,
  });
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  names = positionals;
} catch (error) {
  fail(`${error.message}\n\n${usage}`);
}
for (const name of names)
  if (!checks.some((check) => check.name === name))
    fail(`No check is called "${name}"; there are ${checks.map((check) => check.name).join(", ")}`);

const selected = names.length ? checks.filter((check) => names.includes(check.name)) : checks;
const context = { root: repository, workspaces: readWorkspaces() };

let failed = 0;
let built;
for (const check of selected) {
  if (check.needsBuild) {
    built ??= await build();
    if (!built) continue;
  }
  const start = performance.now();
  let report;
  try {
    report = await check.run(context);
  } catch (error) {
    report = { problems: [{ reason: error.stack ?? String(error) }] };
  }
  const { problems = [], warnings = [], note } = report;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (problems.length) failed++;
  console.log(
    `${problems.length ? "✗" : "✓"} ${check.name.padEnd(width)} ${seconds.padStart(5)} s${note ? `  ${note}` : ""}`,
  );
  for (const problem of problems) console.log(`    ${describe(problem)}`);
  for (const warning of warnings) console.log(`    warning: ${describe(warning)}`);
}
console.log(failed ? `\n${failed} of ${selected.length} checks failed` : `\nAll ${selected.length} checks passed`);
process.exit(failed ? 1 : 0);

/** Builds everything, cached; a failure counts as one failed check, and those that need the build are left out. */
async function build() {
  const { code, output } = await capture(bin("turbo"), ["run", "build", "--output-logs=errors-only"]);
  if (code === 0) return true;
  failed++;
  console.log(
    `✗ build (and so not run: ${selected
      .filter((check) => check.needsBuild)
      .map((check) => check.name)
      .join(", ")})`,
  );
  console.log(`    ${output.replaceAll("\n", "\n    ")}`);
  return false;
}

function describe({ file, line, reason }) {
  const place = file ? `${file}${line ? `:${line}` : ""}: ` : "";
  return `${place}${reason}`.replaceAll("\n", "\n    ");
}
