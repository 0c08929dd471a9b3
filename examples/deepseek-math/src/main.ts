// The program behind `npm start`. The engine is loaded once the command line is known to be good.

import { runMain } from "./cli.ts";

await runMain(process.argv.slice(2), async (command) => {
  const { runProgram } = await import("./program.ts");
  await runProgram(command);
});
