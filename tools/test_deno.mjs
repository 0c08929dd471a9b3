// `deno task test`: the same as `npm test` where there is npm; with Deno alone, every workspace's tests on Deno.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { readWorkspaces, repository } from "./lib/workspaces.mjs";
import { fail, install, run } from "./setup.mjs";

if (!spawnSync("npm", ["--version"]).error) {
  run("npm", ["test"]);
} else {
  install({ dev: true });
  const failed = readWorkspaces().filter(({ name, directory }) => {
    console.log(`\n━━ ${name}`);
    const args = ["run", "--allow-all", join(repository, "tools", "test.mjs"), "--deno"];
    return spawnSync(process.execPath, args, { cwd: join(repository, directory), stdio: "inherit" }).status !== 0;
  });
  if (failed.length) fail(`\nFailed: ${failed.map(({ name }) => name).join(", ")}`);
}
