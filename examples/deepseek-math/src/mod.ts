// The example's pieces, each usable alone.

export { type Command, describeError, helpText, parseCommand, runMain, UsageError } from "./cli.ts";
export { costOf, costText, requireRunnable, type StageCost } from "./configuration/cost.ts";
export { type ConfigurationRequest, defaultConfiguration, nominalMinutes } from "./configuration/load.ts";
export { ConfigurationError, type Rule } from "./configuration/rules.ts";
export { validateConfiguration } from "./configuration/schema.ts";
export { isMathPage, type WebOptions, webPage } from "./corpus/web.ts";
export {
  canonicalQuestion,
  distinctProblems,
  heldOutShare,
  problemAt,
  type Split,
  splitOf,
} from "./problems/dataset.ts";
export { between, pick, pickWeighted, type RandomSource } from "./problems/draw.ts";
export {
  binary,
  type Expression,
  evaluate,
  literal,
  type Operator,
  operate,
  parseExpression,
  print,
} from "./problems/expression.ts";
export {
  defaultKinds,
  type GenerateOptions,
  generate,
  highestLevel,
  type Kind,
  kinds,
  type Problem,
} from "./problems/generate.ts";
export {
  annotationsIn,
  type ExpressionProblem,
  type Gsm8k,
  type Gsm8kExpressions,
  type Gsm8kRow,
  gsm8kExpressions,
  loadGsm8k,
} from "./problems/gsm8k.ts";
export { writeOperation } from "./problems/operation.ts";
export {
  codeDocument,
  type Mode,
  modeSuffix,
  modes,
  operationsOf,
  programOf,
  type RunPython,
  type SolutionPiece,
  type SolvedProblem,
  toolSolution,
} from "./problems/programs.ts";
export { format, type Rational, rational } from "./problems/rational.ts";
export {
  answerMark,
  type Step,
  type Style,
  stepsOf,
  styles,
  writeSolution,
  writeSteps,
} from "./problems/solve.ts";
export { normalizeQuestion, ProblemTokens } from "./problems/tokens.ts";
export { type WordProblem, wordProblem } from "./problems/word_problems.ts";
export {
  createProgress,
  createRate,
  formatCount,
  formatDuration,
  type Progress,
  type StageOptions,
  type StageProgress,
  type StageUpdate,
} from "./progress.ts";
export { accountText, listText, type StageAccount } from "./recipe/account.ts";
export { type Answer, ask } from "./recipe/ask.ts";
export * from "./recipe/configuration.ts";
export { type Evaluation, evaluate as evaluatePolicy } from "./recipe/evaluate.ts";
export {
  type AtK,
  evaluateFully,
  type FullEvaluation,
  type FullEvaluationParts,
  withPrograms,
} from "./recipe/full_evaluation.ts";
export { parameterCount } from "./recipe/parameters.ts";
export { drawSolution, openProblems, type ProblemSource, type RecipeProblem } from "./recipe/problem_source.ts";
export {
  grpoTrainer,
  type PracticePrompt,
  type ReinforcementParts,
  type ReinforcementReport,
  type RolloutBatch,
  reinforcement,
  reportOf,
  rolloutBatch,
} from "./recipe/reinforcement.ts";
export { type OwnSolution, ownSolutions, type RejectionParts } from "./recipe/rejection.ts";
export { type Judge, type JudgedParts, type JudgeOptions, judgedSolutions, openJudge } from "./recipe/reward_model.ts";
export {
  RunDirectory,
  type RunFile,
  type RunPosition,
  type RunRequest,
  type StageRecordFile,
  type StageTotals,
} from "./recipe/run_directory.ts";
export { type Configure, directoriesOf, requestOf, runNamedStages, runSession, scaleOf } from "./recipe/session.ts";
export { environment, type FinishedSession, runRecord, sessionText } from "./recipe/summary.ts";
export {
  countedBatch,
  type SupervisedBatch,
  sftContexts,
  supervisedCoefficients,
  supervisedLoss,
} from "./recipe/supervised.ts";
export { PretrainingText, type TextBatch } from "./recipe/text.ts";
export { trainTokenizer } from "./recipe/tokenizer.ts";
export { type ToolSolution, toolSolutions } from "./recipe/tool_solutions.ts";
export { type FinishedRun, type RunOptions, runStages, trainRun } from "./recipe/train.ts";
export type {
  AccuracyRecord,
  AnswerRecord,
  EvaluationRecord,
  RunRecord,
  SampleRecord,
  SettingValue,
  StageRecord,
} from "./report/record.ts";
export { renderReport, writeReport } from "./report/report.ts";
export { type Journal, type JournalRecord, openJournal, readJournal, truncateJournal } from "./run/journal.ts";
export { allStages } from "./stages/mod.ts";
export type { RecipeStage, StageContext } from "./stages/stage.ts";
export { extractAnswer, reward } from "./verify.ts";
