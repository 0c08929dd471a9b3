/**
 * The benchmarks by name. Rows may come from the publishers' own files or from their copies on the Hugging Face hub.
 *
 * @module
 */

import { extractAnswer } from "@gradus/math-verify";
import { field, type Row, type Task } from "./task.ts";

const task = (name: string, title: string, rest: Omit<Task, "name" | "title" | "language">, zh = false): Task => ({
  name,
  title,
  language: zh ? "zh" : "en",
  ...rest,
});

/** A question with its answer in a field of its own. */
const plain = (row: Row): { question: string; gold: string; solution?: string } => ({
  question: field(row, "question", "problem") ?? "",
  gold: field(row, "answer", "answer_number", "golden", "target", "gold") ?? "",
  solution: field(row, "solution"),
});

/** MATH keeps the answer in the last `\boxed{}` of the solution. */
const competition = (row: Row): ReturnType<Task["read"]> => {
  const solution = field(row, "solution");
  return {
    question: field(row, "problem", "question") ?? "",
    gold: field(row, "answer") ?? (solution && extractAnswer(solution, { fallback: false })) ?? "",
    solution,
    subject: field(row, "type", "subject"),
    level: field(row, "level")?.replace(/^Level /, ""),
  };
};

/** Names in {@link tasks}. */
export type TaskName =
  | "gsm8k"
  | "math"
  | "math500"
  | "cmath"
  | "mgsmZh"
  | "svamp"
  | "asdiv"
  | "mawps"
  | "aime"
  | "amc"
  | "plain";

/**
 * Every benchmark that is known by name. Further ones are objects of the same form.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(tasks.svamp.read({ Body: "Ann has 3 pens.", Question: "How many?", Answer: 3.0 }).gold, "3");
 * ```
 */
export const tasks: Readonly<Record<TaskName, Task>> = {
  gsm8k: task("gsm8k", "GSM8K", {
    source: "openai/grade-school-math (MIT); hub: openai/gsm8k",
    fields: 'question, answer (a solution that ends in "#### 18")',
    read: (row) => {
      const [solution, gold] = (field(row, "answer") ?? "").split("####");
      return { question: field(row, "question") ?? "", gold: (gold ?? "").trim(), solution: solution.trim() };
    },
  }),
  math: task("math", "MATH", {
    source: "Hendrycks et al. 2021 (MIT)",
    fields: "problem, solution (its answer in \\boxed{}) or answer; type and level if there are",
    read: competition,
  }),
  math500: task("math500", "MATH-500", {
    source: "Lightman et al. 2023 (MIT); hub: HuggingFaceH4/MATH-500",
    fields: "problem, answer or solution; subject and level if there are",
    read: competition,
  }),
  cmath: task(
    "cmath",
    "CMATH",
    {
      source: "Wei et al. 2023; hub: weitianwen/cmath",
      fields: "question, golden; grade if there is one",
      read: (row) => {
        const grade = field(row, "grade");
        return { ...plain(row), subject: grade && `grade ${grade}` };
      },
    },
    true,
  ),
  mgsmZh: task(
    "mgsmZh",
    "MGSM-zh",
    {
      source: "Shi et al. 2022 (CC BY 4.0); hub: juletxara/mgsm",
      fields: "question, answer_number or answer",
      read: (row) => ({ ...plain(row), gold: field(row, "answer_number", "answer")?.replaceAll(",", "") ?? "" }),
    },
    true,
  ),
  svamp: task("svamp", "SVAMP", {
    source: "Patel et al. 2021 (MIT)",
    fields: "Body, Question, Answer",
    read: (row) => {
      const [body, question] = [field(row, "Body", "body") ?? "", field(row, "Question", "question") ?? ""];
      return {
        question: question && `${body}${body && !/[.?!]$/.test(body) ? "." : ""} ${question}`.trim(),
        gold: field(row, "Answer", "answer") ?? "",
        subject: field(row, "Type"),
      };
    },
  }),
  asdiv: task("asdiv", "ASDiv", {
    source: "Miao et al. 2020 (CC BY-NC 4.0)",
    fields: "body, question, answer",
    read: (row) => ({
      question: field(row, "question") ? `${field(row, "body") ?? ""} ${field(row, "question")}`.trim() : "",
      // "9 (apples)": the unit is not asked for; whole answers in words stay.
      gold: (field(row, "answer") ?? "").replace(/^(-?[\d.,/:]+) *\([^()]*\)$/, "$1"),
      subject: field(row, "solution_type"),
    }),
  }),
  mawps: task("mawps", "MAWPS", {
    source: "Koncel-Kedziorski et al. 2016",
    fields: "input, target",
    read: (row) => ({
      question: field(row, "input", "question") ?? "",
      gold: field(row, "target", "answer") ?? "",
      subject: field(row, "type"),
    }),
  }),
  aime: task("aime", "AIME", {
    source: "American Invitational Mathematics Examination; hub: AI-MO/aimo-validation-aime",
    fields: "problem, answer",
    read: competition,
  }),
  amc: task("amc", "AMC", {
    source: "American Mathematics Competitions; hub: AI-MO/aimo-validation-amc",
    fields: "problem or question, answer",
    read: competition,
  }),
  plain: task("plain", "Questions and answers", {
    source: "any file, such as a generator's",
    fields: "question, answer",
    read: (row) => ({ ...plain(row), subject: field(row, "kind", "subject", "type"), level: field(row, "level") }),
  }),
};
