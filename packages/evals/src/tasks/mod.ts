/**
 * Benchmarks as data, and their evaluation with any model.
 *
 * @module
 */
export { lastProgram, truncateOutput } from "@gradus/code-interpreter/text";
export { type Comparison, compareEvaluations } from "./compare.ts";
export { type EvaluateOptions, type Evaluation, evaluate, type Progress } from "./evaluate.ts";
export { minervaAnswer, normalizeMinerva } from "./minerva.ts";
export { type OpenAiOptions, openAiSampler } from "./open_ai.ts";
export { formatPage } from "./page.ts";
export { pipelineSampler, type TextGeneration } from "./pipeline.ts";
export { type Execute, type ToolOptions, withTools } from "./programs.ts";
export { buildPrompt, instruction, type Mode, type PromptOptions } from "./prompt.ts";
export { gsm8kFlexible, gsm8kStrict, type Rule, type RuleName, rules } from "./rules.ts";
export type { ChatMessage, Prompt, Sampler, SamplerOptions } from "./sampler.ts";
export {
  type JudgedSample,
  type ProblemResult,
  type Score,
  type ScoreAtK,
  type Scores,
  scoreProblems,
} from "./scores.ts";
export { type Problem, type Row, readProblems, type Task } from "./task.ts";
export { type TaskName, tasks } from "./tasks.ts";
