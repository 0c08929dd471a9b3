// `deno task test`: the same as `npm test` where there is npm; with Deno alone, every workspace's tests on Deno.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { readWorkspaces, repository } from "./lib/workspaces.mjs";
import { install, run } from "./setup.mjs";

if (!spawnSync("npm", ["--version"]).error) {
  run("npm", ["test"]);
} else {
  install({ dev: true });
  for (const { name, directory } of readWorkspaces()) {
    console.log(`\n━━ ${name}`);
    run(process.execPath, ["run", "--allow-all", join(repository, "tools", "test.mjs"), "--deno"], {
      cwd: join(repository, directory),
    });
  }
}
