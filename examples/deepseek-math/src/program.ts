/**
 * The commands, as `main.ts` runs them.
 *
 * @module
 */

import { type Command, helpText } from "./cli.ts";
import { createProgress } from "./progress.ts";
import { ask } from "./recipe/ask.ts";
import { defaultConfiguration } from "./recipe/configuration.ts";
import { RunDirectory } from "./recipe/run_directory.ts";
import { type Configure, runSession } from "./recipe/session.ts";
import { sessionText } from "./recipe/summary.ts";

/** Carries out a command; results go to stdout, progress to stderr. `configure` decides what a run does. */
export async function runProgram(command: Command, configure: Configure = defaultConfiguration): Promise<void> {
  try {
    await carryOut(command, configure);
  } catch (error) {
    const { message } = error as Error;
    const isMissing =
      "device" in command && command.device === "webgpu" && /webgpu.*(adapter|not available)/is.test(message);
    if (!isMissing) throw error;
    throw new Error("Cannot run with --device webgpu: no GPU that it can use was found; --device cpu always works", {
      cause: error,
    });
  }
}

async function carryOut(command: Command, configure: Configure): Promise<void> {
  switch (command.name) {
    case "help":
      return console.log(helpText);
    case "version":
      return console.log(await version());
    case "ask":
      return await answer(command);
    case "train": {
      const started = performance.now();
      const session = await runSession(command, createProgress, configure);
      console.log(sessionText(session, (performance.now() - started) / 1000));
    }
  }
}

async function answer(command: Extract<Command, { name: "ask" }>): Promise<void> {
  const { solution, answer: found, stage } = await ask(new RunDirectory(command.out), command.question, command);
  const verdict = found === undefined ? "(no answer" : `Answer: ${found}  (`;
  console.log([solution.trim(), `${verdict}${found === undefined ? "; " : ""}checkpoint after ${stage})`].join("\n\n"));
}

async function version(): Promise<string> {
  const { default: manifest } = await import("../package.json", { with: { type: "json" } });
  return `gradus ${manifest.version}`;
}
