/**
 * From a problem to what the model is given.
 *
 * @module
 */

import type { ChatMessage, Prompt } from "./sampler.ts";
import type { Problem, Task } from "./task.ts";

/**
 * How the model is to answer: in words, by one program whose output is the answer, or in words with programs that are run
 * in between.
 */
export type Mode = "chain-of-thought" | "program" | "tool";

/** How a prompt is built. */
export interface PromptOptions {
  /** Default `"chain-of-thought"`. */
  readonly mode?: Mode;
  /** Solved problems to show before, in this order: few-shot. Default: none. Each needs a solution. */
  readonly shots?: readonly Problem[];
  /**
   * `"chat"`: messages. `"text"`: one text for a base model, in the form "Question: …\nAnswer:" of the harnesses.
   * `"deepseek-math"`: "User: …\n\nAssistant:" of DeepSeekMath's instruct models. Or your own. Default `"chat"`.
   */
  readonly format?: "chat" | "text" | "deepseek-math" | ((turns: readonly ChatMessage[]) => Prompt);
  /** Stands after the question. Default: {@link instruction} of the task's language and the mode; none for `"text"`. */
  readonly instruction?: string;
}

const instructions: Record<Task["language"], Record<Mode, string>> = {
  en: {
    "chain-of-thought": "Please reason step by step, and put your final answer within \\boxed{}.",
    program: "Please write one Python program that prints the answer, in a ```python block.",
    tool: "Please reason step by step and use Python programs in ```python blocks where they help; their output will follow each. Put your final answer within \\boxed{}.",
  },
  zh: {
    "chain-of-thought": "请通过逐步推理来解答问题，并把最终答案放置于\\boxed{}中。",
    program: "请编写一个打印出答案的Python程序，放在```python代码块中。",
    tool: "请逐步推理，并在有帮助时使用```python代码块中的程序，其输出会随后给出。请把最终答案放置于\\boxed{}中。",
  },
};

/**
 * The default request that follows a question. The English and Chinese chain-of-thought texts are DeepSeekMath's.
 *
 * @example
 * ```ts
 * instruction("en", "chain-of-thought"); // "Please reason step by step, and put your final answer within \\boxed{}."
 * ```
 */
export function instruction(language: Task["language"], mode: Mode): string {
  return instructions[language][mode];
}

/** Where a continuation of a `"text"` prompt ends: the model begins the next question on its own. */
export const textStops: readonly string[] = ["\n\nQuestion:", "Question:"];

/**
 * The prompt for one problem.
 *
 * @throws {RangeError} A shot has no solution.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tasks } from "@gradus/evals/tasks";
 *
 * const problem = { id: "0", question: "What is 2 + 3?", gold: "5" };
 * assert.equal(buildPrompt(tasks.gsm8k, problem, { format: "text" }), "Question: What is 2 + 3?\nAnswer:");
 * ```
 */
export function buildPrompt(task: Task, problem: Problem, options: PromptOptions = {}): Prompt {
  const { mode = "chain-of-thought", shots = [], format = "chat" } = options;
  const request = options.instruction ?? (format === "text" ? "" : instruction(task.language, mode));
  const ask = (question: string): ChatMessage => ({
    role: "user",
    content: request ? `${question}\n${request}` : question,
  });
  const turns = shots.flatMap((shot): ChatMessage[] => {
    if (!shot.solution) throw new RangeError(`Cannot show problem ${shot.id} in a prompt: it has no solution`);
    return [ask(shot.question), { role: "assistant", content: withAnswer(shot) }];
  });
  turns.push(ask(problem.question));
  if (format === "chat") return turns;
  if (typeof format === "function") return format(turns);
  if (format !== "text" && format !== "deepseek-math") {
    throw new RangeError(
      `Cannot build a prompt: format must be chat, text, deepseek-math or a function, found ${format}`,
    );
  }
  const [user, assistant] = format === "text" ? ["Question: ", "\nAnswer:"] : ["User: ", "\n\nAssistant:"];
  return turns
    .map(({ role, content }) => (role === "user" ? `${user}${content}${assistant}` : ` ${content}\n\n`))
    .join("");
}

/** A solution that says its answer: GSM8K's are stored without their last line, MATH's have their box. */
function withAnswer({ solution = "", gold }: Problem): string {
  return solution.includes("\\boxed") || solution.includes("####") ? solution : `${solution}\n#### ${gold}`;
}
