import assert from "node:assert/strict";
import { test } from "node:test";
import { extractAnswer } from "./extract_answer.ts";

const answers: Record<string, [string, string | null][]> = {
  "the last box, with balanced braces": [
    ["\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"],
    ["First \\boxed{1}. No, it is \\boxed{2}.", "2"],
    ["\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"],
    ["\\boxed{\\text{a \\textbf{b}}}", "\\text{a \\textbf{b}}"],
    ["\\fbox{3}", "3"],
    ["\\boxed 7", "7"],
    ["\\boxed{7", "7"],
    ["\\\\boxed{\\\\frac{1}{2}}", "\\frac{1}{2}"],
    ["\\boxed{}", null],
  ],
  "boxes that are joined": [
    ["\\boxed{1} and \\boxed{2}", "1, 2"],
    ["$\\boxed{1}$, $\\boxed{2}$ and $\\boxed{3}$", "1, 2, 3"],
    ["\\boxed{x<1} or \\boxed{x>2}", "x<1 or x>2"],
    ["\\boxed{1}\n\nand then \\boxed{2}", "2"],
  ],
  "what is said to be the answer": [
    ["#### 1,234", "1,234"],
    ["The answer is 12.", "12"],
    ["The answer is 12.5.", "12.5"],
    ["the answer is: $x = 3$, since $3 = 3$", "x = 3"],
    ["Final Answer: The final answer is $12$. I hope it is correct.", "12"],
    ["**Final Answer**\n\n$12$", "12"],
    ["Answer: (B)", "(B)"],
    ["The answer is 18 dollars because 9 * 2 = 18", "18"],
    ["\\boxed{1} Final Answer: The final answer is $2$.", "2"],
    ["#### 1\nThe answer is \\boxed{2}", "2"],
  ],
  "the last formula": [
    ["We have $x = 1$ and $y = 2$.", "x = 1, y = 2"],
    ["We have $x = 1$. So $y = 2$.", "y = 2"],
    ["Thus\n\\[\n x = 5\n\\]", "x = 5"],
    ["Thus \\(5\\).", "5"],
    ["He pays $5 and then $6", "6"],
  ],
  "the last number": [
    ["3 and 4 make 7 apples", "7"],
    ["It is 1,234.5 m²", "1,234.5"],
    ["They owe -3 coins", "-3"],
    ["Half of it, 50%, is left", "50%"],
    ["So 3/4 of it", "3/4"],
    ["Room X2", "Room X2"],
  ],
  "after the reasoning": [
    ["<think>\\boxed{1}</think> \\boxed{2}", "2"],
    ["<think>It is 1</think><answer>2</answer>", "2"],
    ["\\boxed{2}<|im_end|><|im_start|>user \\boxed{3}", "2"],
    ["<think>\\boxed{1}</think>", "1"],
  ],
  "the number in sentences of other languages": [
    ["La respuesta es 7 manzanas.", "7"],
    ["La respuesta es 7.", "7"],
    ["Por lo tanto, ella tiene 18 dólares", "18"],
    ["答案是7。", "7"],
    ["因此，总共有42个苹果。", "42"],
    ["Ответ: 7", "7"],
    ["Elle a 12 pommes.", "12"],
    ["Sie hat 7", "7"],
  ],
  "the letter of a choice": [
    ["The correct option is D.", "D"],
    ["So, option (D).", "D"],
    ["He pays 10 dollars less with option B", "10"],
  ],
  nothing: [
    ["The answer is not 7.", null],
    ["", null],
    ["   ", null],
    ["I am not sure about this one.", null],
  ],
};

for (const [where, cases] of Object.entries(answers))
  test(`finds ${where}`, () => {
    for (const [text, answer] of cases) assert.equal(extractAnswer(text), answer, text);
  });

test("without fallbacks only marked answers count", () => {
  assert.equal(extractAnswer("3 apples", { fallback: false }), null);
  assert.equal(extractAnswer("42", { fallback: false }), null);
  assert.equal(extractAnswer("$42$", { fallback: false }), "42");
  assert.throws(() => extractAnswer(5 as unknown as string), /text must be a string, found 5/);
});
