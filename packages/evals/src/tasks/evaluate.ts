/**
 * Asks a model every problem of a benchmark and judges what it says.
 *
 * @module
 */

import { lastProgram } from "@gradus/code-interpreter/text";
import { stream } from "@gradus/seeds";
import { type Execute, type ToolOptions, withTools } from "./programs.ts";
import { buildPrompt, type PromptOptions, textStops } from "./prompt.ts";
import { type Rule, type RuleName, rules } from "./rules.ts";
import type { Sampler } from "./sampler.ts";
import { type JudgedSample, type ProblemResult, type Scores, scoreProblems } from "./scores.ts";
import type { Problem, Task } from "./task.ts";

/** What {@link evaluate} needs and may be told. */
export interface EvaluateOptions extends PromptOptions {
  readonly task: Task;
  readonly problems: readonly Problem[];
  readonly sample: Sampler;
  /** A name for the model, kept with the result. */
  readonly model?: string;
  /** Answers for each problem. Default 1. */
  readonly samples?: number;
  /** Default 0, greedy; 0.7 where there are several samples, as in DeepSeekMath. */
  readonly temperature?: number;
  /** Default 1. */
  readonly topP?: number;
  /** Default 1,024. */
  readonly maxNewTokens?: number;
  /** Further texts that end an answer. */
  readonly stop?: readonly string[];
  /** Each problem's seed comes from it and the problem's id alone. Default 0. */
  readonly seed?: number;
  /** Problems in one call of `sample`. Default 64. */
  readonly batchSize?: number;
  /** How answers are found and judged. Default `"verify"`. */
  readonly rule?: RuleName | Rule;
  /** Runs programs; needed in the modes `"program"` and `"tool"`. */
  readonly execute?: Execute;
  readonly tools?: ToolOptions;
  /** Scores of one problem's answers by a reward model, from 0: adds the weighted vote. */
  readonly weigh?: (problem: Problem, texts: readonly string[]) => Promise<ArrayLike<number>> | ArrayLike<number>;
  /** Numbers of samples for pass@k and maj@k. Default 1, 2, 4, … and all. */
  readonly ks?: readonly number[];
  /** Results of an interrupted evaluation with the same settings: these problems are not asked again. */
  readonly finished?: readonly ProblemResult[];
  readonly signal?: AbortSignal;
  /** Called after each batch with its results: write them down here to be able to go on later. */
  readonly onResults?: (results: readonly ProblemResult[], progress: Progress) => void | Promise<void>;
}

/** How far an evaluation is. */
export interface Progress {
  readonly finished: number;
  readonly total: number;
  /** Share of right answers so far. */
  readonly accuracy: number;
}

/** An evaluation: settings, figures and every answer. It is plain data: `JSON.stringify` keeps it all. */
export interface Evaluation {
  readonly task: string;
  readonly model: string;
  readonly settings: {
    readonly mode: string;
    readonly format: string;
    readonly shots: number;
    readonly samples: number;
    readonly temperature: number;
    readonly topP: number;
    readonly maxNewTokens: number;
    readonly seed: number;
    readonly rule: string;
  };
  readonly scores: Scores;
  readonly problems: readonly ProblemResult[];
}

/**
 * Evaluates a model on a benchmark.
 *
 * Answers of one problem that `rule` finds equal count as one in votes. In the mode `"program"` the answer is the last line
 * that the program prints; a program that fails has none.
 *
 * @throws {RangeError} An option is out of range, `execute` is missing in a mode that needs it, or `sample` gives another
 * number of answers than it was asked for.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readProblems, type Sampler, tasks } from "@gradus/evals/tasks";
 *
 * const problems = readProblems(tasks.plain, [{ question: "What is 2 + 3?", answer: "5" }]);
 * const sample: Sampler = (prompts) => prompts.map(() => ["It is \\boxed{5}."]);
 * const { scores } = await evaluate({ task: tasks.plain, problems, sample });
 * assert.equal(scores.accuracy.value, 1);
 * ```
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const { task, problems, mode = "chain-of-thought", samples = 1, topP = 1, maxNewTokens = 1024, seed = 0 } = options;
  const { temperature = samples > 1 ? 0.7 : 0, batchSize = 64, format = "chat", shots = [], signal } = options;
  const rule = ruleOf(options.rule ?? "verify");
  positive("samples", samples);
  positive("batchSize", batchSize);
  positive("maxNewTokens", maxNewTokens);
  if (!(temperature >= 0 && temperature < Infinity)) {
    throw new RangeError(`Cannot evaluate: temperature must be a number from 0, found ${temperature}`);
  }
  if (!(topP > 0 && topP <= 1)) {
    throw new RangeError(`Cannot evaluate: topP must be a number above 0 and at most 1, found ${topP}`);
  }
  if (mode !== "chain-of-thought" && mode !== "program" && mode !== "tool") {
    throw new RangeError(`Cannot evaluate: mode must be one of chain-of-thought, program, tool, found ${mode}`);
  }
  if (!Array.isArray(shots)) {
    throw new TypeError(`Cannot evaluate: shots must be a list of problems with solutions, found ${shots}`);
  }
  const { execute } = options;
  if (mode !== "chain-of-thought" && !execute) {
    throw new RangeError(`Cannot evaluate: mode ${mode} needs execute, which runs programs`);
  }
  const sample = mode === "tool" && execute ? withTools(options.sample, execute, options.tools) : options.sample;
  const stop = [...(format === "text" ? textStops : []), ...(options.stop ?? [])];
  const done = new Map((options.finished ?? []).map((result) => [result.id, result]));
  const open = problems.filter(({ id }) => !done.has(id));
  for (let start = 0; start < open.length; start += batchSize) {
    signal?.throwIfAborted();
    const batch = open.slice(start, start + batchSize);
    const texts = await sample(
      batch.map((problem) => buildPrompt(task, problem, options)),
      { samples, temperature, topP, maxNewTokens, stop, signal, seeds: batch.map(({ id }) => seedOf(seed, id)) },
    );
    const counts = texts.map((answers) => answers.length);
    if (counts.length !== batch.length || counts.some((count) => count !== samples)) {
      throw new RangeError(
        `Cannot evaluate: sample must give ${samples} answers for each of ${batch.length} prompts, found [${counts}]`,
      );
    }
    const results = await Promise.all(batch.map((problem, i) => judge(problem, texts[i], rule, options)));
    for (const result of results) done.set(result.id, result);
    const right = [...done.values()].flatMap((result) => result.samples.map(({ correct }) => Number(correct)));
    const share = right.reduce((sum, value) => sum + value, 0) / right.length;
    await options.onResults?.(results, { finished: done.size, total: problems.length, accuracy: share });
  }
  const results = problems.map(({ id }) => done.get(id) as ProblemResult);
  return {
    task: task.name,
    model: options.model ?? "",
    settings: {
      mode,
      format: typeof format === "string" ? format : "custom",
      shots: shots.length,
      samples,
      temperature,
      topP,
      maxNewTokens,
      seed,
      rule: rule.name,
    },
    scores: scoreProblems(results, { ks: options.ks }),
    problems: results,
  };
}

function ruleOf(rule: RuleName | Rule): Rule {
  if (typeof rule !== "string") return rule;
  if (!Object.hasOwn(rules, rule)) {
    throw new RangeError(`Cannot evaluate: rule must be one of ${Object.keys(rules).join(", ")}, found ${rule}`);
  }
  return rules[rule];
}

function positive(name: string, value: number): void {
  if (!(Number.isInteger(value) && value > 0)) {
    throw new RangeError(`Cannot evaluate: ${name} must be a positive integer, found ${value}`);
  }
}

/** From 0 to 2^31 − 1, from the run's seed and the problem's id. */
function seedOf(seed: number, id: string): number {
  return stream(seed, { purpose: `evaluate ${id}` }).integer(0, 2 ** 31);
}

async function judge(
  problem: Problem,
  texts: readonly string[],
  rule: Rule,
  { mode, execute, weigh, signal }: EvaluateOptions,
): Promise<ProblemResult> {
  const { id, question, gold, subject, level } = problem;
  const weights = await weigh?.(problem, texts);
  const clusters: string[] = [];
  const samples: JudgedSample[] = [];
  for (const [i, text] of texts.entries()) {
    const answer = mode === "program" && execute ? await printed(text, execute, signal) : rule.extract(text);
    samples.push({
      text,
      answer,
      correct: answer !== null && rule.judge(gold, answer),
      cluster: answer === null ? null : clusterOf(answer, clusters, rule),
      ...(weights ? { weight: weights[i] } : {}),
    });
  }
  return { id, question, gold, ...(subject ? { subject } : {}), ...(level ? { level } : {}), samples };
}

/** Number of the first cluster that says the same; a new one if there is none. */
function clusterOf(answer: string, clusters: string[], rule: Rule): number {
  const found = clusters.findIndex((other) => other === answer || rule.judge(other, answer));
  return found >= 0 ? found : clusters.push(answer) - 1;
}

async function printed(text: string, execute: Execute, signal?: AbortSignal): Promise<string | null> {
  const program = lastProgram(text);
  if (program === null) return null;
  const { output, error } = await execute(program, { signal });
  const lines = output.trim().split("\n");
  return error || !lines.at(-1) ? null : (lines.at(-1) as string);
}
