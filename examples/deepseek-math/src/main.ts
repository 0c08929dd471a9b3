// The program behind `npm start`.

import { runMain } from "./cli.ts";
import { runProgram } from "./program.ts";

await runMain(process.argv.slice(2), (command) => runProgram(command));
