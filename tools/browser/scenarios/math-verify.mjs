import { compare, extractAnswer, normalize, verify } from "@gradus/math-verify";
import * as rewards from "@gradus/math-verify/rewards";

const pairs = [
  ["\\frac{\\sqrt{2}}{2}", "So it is \\boxed{\\frac{1}{\\sqrt2}}."],
  ["1,450", "The answer is $1450.00."],
  ["[-1, 4)", "x \\in [-1,4)"],
  ["\\{1,2\\}", "$x = 2$ or $x = 1$"],
  ["(1,2)", "(2,1)"],
  ["(x+1)^2", "x^2+2x+1"],
  ["2^{100}", "1267650600228229401496703205376"],
  ["\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "\\left[\\begin{matrix}1 & 2\\\\3 & 4\\end{matrix}\\right]"],
  ["\\sin^2 x + \\cos^2 x", "1"],
  ["\\pi", "3.14"],
  ["9^{9^{9^9}}", "1"],
  ["50\\%", "\\frac12"],
  ["\\text{Monday}", "monday"],
];
const completion = "<think>\nFirst, 9 · 2 is 18.\nThen we check it.\n</think>\n<answer>\n18\n</answer>";

/** The cosine reward: ECMA-262 leaves the last bits of Math.cos to each engine. */
export const tolerance = 1e-12;

export default {
  verdicts: () => pairs.map(([gold, prediction]) => [verify(gold, prediction), compare(gold, prediction)]),
  "extracted and normalized answers": () => [
    extractAnswer("She makes 9 * 2 = $18 a day.\n#### 18"),
    extractAnswer("I do not know."),
    ...pairs.map(([, prediction]) => extractAnswer(prediction)),
    ...pairs.map(([gold]) => normalize(gold)),
  ],
  rewards: () => ({
    accuracy: [rewards.accuracyReward(completion, "18"), rewards.accuracyReward(completion, "17")],
    format: rewards.formatReward(completion),
    tags: rewards.tagCountReward(completion),
    steps: rewards.reasoningStepsReward(completion),
    language: rewards.languageConsistencyReward("We add 两个 numbers."),
    lengths: rewards.lengthRewards([10, 20, 40], [true, false, true]),
    cosine: [0, 100, 700].map((length) => rewards.cosineReward(length, true)),
    overlong: [700, 850, 2000].map((length) => rewards.softOverlongReward(length, { maxLength: 1000, cache: 200 })),
    repetition: rewards.repetitionReward("so it is so it is so it is so it is eighteen"),
  }),
};
