import { accuracy, majorityAtK, mcnemarTest, meanInterval, passAtK, wilsonInterval } from "@gradus/evals";
import { evaluate, formatPage, readProblems, tasks } from "@gradus/evals/tasks";

const votes = ["12", "12", "7", null, "12", "9", "7", "12"];

/** ECMA-262 leaves the last bits of Math.exp and Math.log to each engine, and even V8's change with its version. */
export const tolerance = 1e-12;

export default {
  intervals: () => ({
    wilson: [1, 277, 499].map((right) => wilsonInterval(right, 500)),
    accuracy: accuracy([true, false, true, true, false], { confidence: 0.9 }),
    mean: meanInterval([0.5, 0.52, 0.54, 0.47]),
  }),
  "votes and samples": () => ({
    majority: [1, 2, 3, 8].map((k) => majorityAtK(votes, "12", k)),
    pass: [1, 2, 5, 64].map((k) => passAtK(3, 64, k)),
  }),
  "paired comparison": () => mcnemarTest([0, 0, 0, 0, 0, 1, 1, 0], [1, 1, 1, 1, 1, 1, 0, 1]),
  "an evaluation and its page": async () => {
    const rows = [1, 2, 3].map((n) => ({ question: `${n} + 0?`, answer: String(n), kind: n < 3 ? "small" : "large" }));
    const sample = (prompts, { samples }) =>
      prompts.map((_, i) => Array.from({ length: samples }, (_, k) => `\\boxed{${i + 1 + (k % 2)}}`));
    const evaluation = await evaluate({
      task: tasks.plain,
      problems: readProblems(tasks.plain, rows),
      sample,
      samples: 4,
    });
    return { scores: evaluation.scores, page: formatPage(evaluation).length };
  },
};
