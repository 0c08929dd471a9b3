// Child processes whose output is kept until somebody asks for it.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { repository } from "./workspaces.mjs";

/** A command that npm installed: the path of `node_modules/.bin/<name>`. */
export const bin = (name) =>
  join(repository, "node_modules", ".bin", process.platform === "win32" ? `${name}.cmd` : name);

/** Runs a command in the root; resolves to its exit code and everything that it printed, colours removed. */
export function capture(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: repository,
      stdio: ["ignore", "pipe", "pipe"],
      ...options,
      env: { ...process.env, NO_COLOR: "1", ...options.env },
    });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output: stripVTControlCharacters(output).trim() }));
  });
}
