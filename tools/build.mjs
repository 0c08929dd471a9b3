// Builds the workspace in the current folder: types are checked, `dist/` gets ESM and declarations, nothing stale stays.
import { rmSync } from "node:fs";
import { run } from "./setup.mjs";

rmSync("dist", { recursive: true, force: true });
run("tsc", ["-p", "tsconfig.json"], { cwd: process.cwd() });
