/**
 * The commands, as `main.ts` runs them.
 *
 * @module
 */

import { type Command, helpText } from "./cli.ts";
import { costText } from "./configuration/cost.ts";
import { defaultConfiguration } from "./configuration/load.ts";
import { createProgress } from "./progress.ts";
import { ask } from "./recipe/ask.ts";
import { RunDirectory } from "./recipe/run_directory.ts";
import { type Configure, requestOf, runNamedStages, runSession } from "./recipe/session.ts";
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
    case "claims": {
      const { runClaims } = await import("./claims/run.ts");
      return console.log(await runClaims(command, createProgress));
    }
    case "stage":
      if (command.dryRun) return console.log(costText(configure({ ...requestOf(command), seed: command.seed })));
      return await runNamedStages(command, createProgress, configure);
    case "train": {
      if (command.dryRun) return console.log(costText(configure({ ...requestOf(command), seed: command.seed })));
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
