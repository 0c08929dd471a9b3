// The program with a tiny configuration: what the tests start as a process of its own.
import { runMain } from "../cli.ts";
import { runProgram } from "../program.ts";
import { tinyConfiguration } from "./tiny.ts";

await runMain(process.argv.slice(2), (command) => runProgram(command, tinyConfiguration));
