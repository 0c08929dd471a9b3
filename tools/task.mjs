// Installs what is missing and runs turbo tasks: `node tools/task.mjs [--dev] TASK …`. Their output comes task by task.
import { install, turbo } from "./setup.mjs";

const tasks = process.argv.slice(2).filter((argument) => argument !== "--dev");
install({ dev: process.argv.includes("--dev") });
turbo(tasks);
