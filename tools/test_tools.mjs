// Runs the tests of the tools: every `*_test.mjs` file in this folder. Node 20's test runner takes files, no patterns.

import { listFiles, repository } from "./lib/workspaces.mjs";
import { run } from "./setup.mjs";

const files = listFiles(`${repository}/tools`, (path) => path.endsWith("_test.mjs")).map((path) => `tools/${path}`);
run(process.execPath, ["--test", "--test-reporter=spec", ...files]);
