/**
 * What a checkpoint can do besides answering greedily: with Python at hand, and in many samples (maj@k and pass@k).
 *
 * @module
 */

import { toolLoop } from "@gradus/code-interpreter";
import { accuracy, majorityAtK, meanInterval, passAtK } from "@gradus/evals";
import type { Policy } from "@gradus/grpo";
import { stream } from "@gradus/seeds";
import type { Mode, RunPython } from "../problems/programs.ts";
import type { ProblemTokens } from "../problems/tokens.ts";
import type { AccuracyRecord } from "../report/record.ts";
import { extractAnswer, reward } from "../verify.ts";
import type { EvaluationSettings } from "./configuration.ts";
import type { RecipeProblem } from "./problem_source.ts";

/** A share for a number of samples. */
export interface AtK extends AccuracyRecord {
  readonly k: number;
}

/** All of it, for one checkpoint. */
export interface FullEvaluation {
  /** Greedy answers with programs. */
  readonly program: AccuracyRecord;
  readonly toolIntegrated: AccuracyRecord;
  /** Programs that were run, and how many of them failed. */
  readonly programs: number;
  readonly failures: number;
  /** Without tools, k = 1, 2, 4, … */
  readonly majorityAtK: readonly AtK[];
  readonly passAtK: readonly AtK[];
}

/** What an evaluation works with. */
export interface FullEvaluationParts {
  readonly policy: Pick<Policy, "sample">;
  readonly tokens: ProblemTokens;
  readonly problems: readonly RecipeProblem[];
  readonly settings: EvaluationSettings;
  readonly seed: number;
  readonly run: RunPython;
  onProgress?(detail: string): void;
}

/** Answers with programs, and in many samples. */
export async function evaluateFully(parts: FullEvaluationParts): Promise<FullEvaluation> {
  const program = await withPrograms(parts, "program");
  const toolIntegrated = await withPrograms(parts, "tool-integrated");
  parts.onProgress?.("samples");
  const samples = await sampled(parts);
  return {
    program: program.record,
    toolIntegrated: toolIntegrated.record,
    programs: program.programs + toolIntegrated.programs,
    failures: program.failures + toolIntegrated.failures,
    ...samples,
  };
}

/** Greedy answers in which the model may call Python. */
export async function withPrograms(
  { policy, tokens: codec, problems, settings, run, onProgress }: FullEvaluationParts,
  mode: Exclude<Mode, "chain-of-thought">,
): Promise<{ record: AccuracyRecord; programs: number; failures: number; answers: string[] }> {
  onProgress?.(mode);
  const asked = problems.slice(0, settings.toolProblems);
  if (asked.length === 0) return { record: recordOf([]), programs: 0, failures: 0, answers: [] };
  const { maxNewTokens } = settings;
  const stop = [Int32Array.of(codec.endToken), codec.encode("```output")];
  const trajectories = await toolLoop(
    asked.map(({ question }) => codec.encodePrompt(question, mode)),
    {
      sample: async (sequences, { maxNewTokens: limit }) =>
        await policy.sample([...sequences], { maxNewTokens: limit, temperature: 0, seed: 0, stop }),
      encode: (text) => codec.encode(text),
      decode: (ids) => codec.decode(ids),
      run,
      maxNewTokens,
      rounds: mode === "program" ? 1 : settings.toolRounds,
    },
  );
  const answers = trajectories.map(({ tokens }) => codec.decode(tokens));
  const calls = trajectories.flatMap((each) => each.calls);
  return {
    record: recordOf(answers.map((text, i) => reward(text, asked[i].answer) === 1)),
    programs: calls.length,
    failures: calls.filter(({ error }) => error !== undefined).length,
    answers,
  };
}

function recordOf(outcomes: readonly boolean[]): AccuracyRecord {
  if (outcomes.length === 0) return { accuracy: 0, low: 0, high: 1, n: 0 };
  const { accuracy: share, low, high, n } = accuracy(outcomes);
  return { accuracy: share, low, high, n };
}

async function sampled({
  policy,
  tokens: codec,
  problems,
  settings,
  seed,
}: FullEvaluationParts): Promise<{ majorityAtK: AtK[]; passAtK: AtK[] }> {
  const { samples, temperature, maxNewTokens } = settings;
  const asked = problems.slice(0, settings.sampledProblems);
  const completions = await policy.sample(
    asked.map(({ question }) => codec.encodePrompt(question)),
    {
      ...{ samplesPerPrompt: samples, temperature, maxNewTokens },
      seed: stream(seed, { purpose: "evaluation samples" }).uint32(),
    },
  );
  const answers = asked.map((): (string | null)[] => []);
  const right = asked.map(() => 0);
  for (const { prompt, tokens } of completions) {
    const text = codec.decode(tokens);
    const isRight = reward(text, asked[prompt].answer) === 1;
    if (isRight) right[prompt]++;
    // All ways to write the right answer vote together.
    answers[prompt].push(isRight ? asked[prompt].answer : (extractAnswer(text) ?? null));
  }
  const ks: number[] = [];
  for (let k = 1; k < samples; k *= 2) ks.push(k);
  ks.push(samples);
  const overProblems = (of: (problem: number, k: number) => number): AtK[] =>
    ks.map((k) => {
      const values = asked.map((_, i) => of(i, k));
      if (values.length < 2) return { k, accuracy: values[0] ?? 0, low: 0, high: 1, n: values.length };
      const { mean, low, high } = meanInterval(values);
      return { k, accuracy: mean, low: Math.max(0, low), high: Math.min(1, high), n: values.length };
    });
  return {
    majorityAtK: overProblems((i, k) => majorityAtK(answers[i], asked[i].answer, k)),
    passAtK: overProblems((i, k) => passAtK(right[i], samples, k)),
  };
}
