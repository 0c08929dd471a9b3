// Runs one of these tools on Deno: `node tools/deno.mjs tools/start.mjs …`, which is what the tasks in deno.json do. A
// task cannot say `deno run`: once the npm package of that name is installed, Deno takes its binary for a script.
// Without Node, Deno runs `node FILE` itself, and this file just loads the tool.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [tool, ...args] = process.argv.slice(2);

if (globalThis.Deno) {
  process.argv.splice(1, 2, tool);
  await import(pathToFileURL(resolve(tool)).href);
} else {
  const child = spawn("deno", ["run", "--allow-all", tool, ...args], { stdio: "inherit" });
  process.on("SIGINT", () => {}); // a terminal sends it to the child as well, which decides what to do
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("error", (error) => {
    console.error(`Cannot run deno: ${error.message}`);
    process.exit(1);
  });
  child.on("close", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
