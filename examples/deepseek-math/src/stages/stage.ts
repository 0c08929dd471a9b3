/**
 * What every stage of the recipe is: a name, what it reads and writes in the run's folder, and a function that makes what is
 * missing. A stage reads nothing but the run's configuration and the files of earlier stages, so it can be run alone; a
 * stage that was killed goes on, and ends with the same files.
 *
 * @module
 */

import type { Interpreter } from "@gradus/code-interpreter";
import type { ProblemTokens } from "../problems/tokens.ts";
import type { Progress } from "../progress.ts";
import type { StageAccount } from "../recipe/account.ts";
import type { Configuration, StageName } from "../recipe/configuration.ts";
import type { ProblemSource } from "../recipe/problem_source.ts";
import type { RunDirectory } from "../recipe/run_directory.ts";
import type { PolicyShelf } from "./policy_shelf.ts";

export type { StageAccount } from "../recipe/account.ts";

/** What a stage works with. */
export interface StageContext {
  readonly configuration: Configuration;
  readonly directory: RunDirectory;
  readonly engine: { readonly device: "cpu" | "webgpu"; readonly threads?: number };
  readonly progress: Progress;
  /** The run's checkpoints, opened. */
  readonly policies: PolicyShelf;
  readonly problems: ProblemSource;
  /** The run's tokenizer. */
  tokens(): Promise<ProblemTokens>;
  /** Python, started when it is first asked for. */
  python(): Promise<Interpreter>;
}

/** One stage. */
export interface RecipeStage {
  readonly name: StageName;
  /** Paths in the run's folder, of files or folders, that must be there. */
  consumes(configuration: Configuration): readonly string[];
  /** Those that are there when it is done. */
  produces(configuration: Configuration): readonly string[];
  /** Makes what is missing of what it produces. */
  run(context: StageContext): Promise<StageAccount>;
}
