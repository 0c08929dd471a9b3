/**
 * Held-out accuracy: greedy answers, judged by the rule, with 95% intervals.
 *
 * @module
 */

import { accuracy } from "@gradus/evals";
import type { Policy } from "@gradus/grpo";
import type { ProblemTokens } from "../problems/tokens.ts";
import type { AccuracyRecord } from "../report/record.ts";
import { reward } from "../verify.ts";
import type { RecipeProblem } from "./problem_source.ts";

/** An evaluation with every answer. */
export interface Evaluation extends AccuracyRecord {
  readonly byKind: Readonly<Record<string, AccuracyRecord>>;
  readonly answers: readonly { readonly text: string; readonly correct: boolean }[];
  readonly tokens: number;
}

function record(outcomes: readonly boolean[]): AccuracyRecord {
  const { accuracy: share, low, high, n } = accuracy(outcomes);
  return { accuracy: share, low, high, n };
}

/** Answers every problem greedily. */
export async function evaluate(
  policy: Policy,
  codec: ProblemTokens,
  problems: readonly RecipeProblem[],
  maxNewTokens: number,
  onFinished: (finished: number) => void = () => {},
): Promise<Evaluation> {
  const completions = await policy.sample(
    problems.map(({ question }) => codec.encodePrompt(question)),
    { maxNewTokens, temperature: 0, seed: 0, onProgress: ({ finished }) => onFinished(finished) },
  );
  const answers = completions.map(({ tokens }, i) => {
    const text = codec.decode(tokens);
    return { text, correct: reward(text, problems[i].answer) === 1 };
  });
  const byKind: Record<string, boolean[]> = {};
  answers.forEach(({ correct }, i) => {
    byKind[problems[i].kind] ??= [];
    byKind[problems[i].kind].push(correct);
  });
  return {
    ...record(answers.map(({ correct }) => correct)),
    byKind: Object.fromEntries(Object.entries(byKind).map(([kind, outcomes]) => [kind, record(outcomes)])),
    answers,
    tokens: completions.reduce((total, { tokens }) => total + tokens.length, 0),
  };
}
