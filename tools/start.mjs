// `npm start`: installs what is missing, builds what has changed, then becomes the DeepSeekMath example with the
// arguments given. The example runs in this process, so that signals and exit codes are its own.
// `deno task start` runs the sources as they are.
import { existsSync, mkdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { listEntries, readWorkspaces, repository } from "./lib/workspaces.mjs";
import { build, install } from "./setup.mjs";

const example = join(repository, "examples", "deepseek-math");
const stamp = join(repository, "node_modules", ".cache", "gradus-built");

install({ dev: false });
let main = join(example, "src", "main.ts");
if (!globalThis.Deno) {
  if (!isBuilt()) rebuild();
  main = join(example, "dist", "main.js");
}
process.argv = [process.argv[0], main, ...process.argv.slice(2)];
await import(pathToFileURL(main).href);

/** Whether the last build began after the last change to a source. Asking turbo costs twenty times as much: docs/LOG.md. */
function isBuilt() {
  if (!existsSync(stamp)) return false;
  const built = statSync(stamp).mtimeMs;
  const newer = (path) => statSync(join(repository, path)).mtimeMs > built;
  const shared = ["package-lock.json", "tsconfig.json", "tsconfig.build.json"];
  return (
    !shared.some(newer) &&
    readWorkspaces().every(
      ({ directory }) =>
        existsSync(join(repository, directory, "dist")) &&
        ![`${directory}/package.json`, `${directory}/tsconfig.json`, ...listEntries(`${directory}/src`)].some(newer),
    )
  );
}

function rebuild() {
  const start = new Date();
  console.log("Building …");
  build();
  mkdirSync(join(stamp, ".."), { recursive: true });
  writeFileSync(stamp, "The last build of everything began when this file was last changed.\n");
  utimesSync(stamp, start, start);
}
