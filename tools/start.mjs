// `npm start`: installs, builds (cached), then runs the DeepSeekMath example with the arguments given.
import { install, run } from "./setup.mjs";

install({ dev: false });
run("npx", ["turbo", "run", "build", "--output-logs=errors-only"]);
run("node", ["examples/deepseek-math/dist/main.js", ...process.argv.slice(2)]);
