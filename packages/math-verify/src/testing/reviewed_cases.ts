/**
 * A third round: what was found to be judged wrongly by trying to break the first two, and its neighbours.
 *
 * @module
 */
import type { Pair } from "./held_out_cases.ts";

/** Predictions that say the same as the gold answer. */
export const equal: Record<string, readonly Pair[]> = {
  "variables of conditions": [
    ["\\{x | x>3\\}", "\\{y | y>3\\}"],
    ["(3,\\infty)", "\\{y | y>3\\}"],
    ["x>3", "(3,\\infty)"],
    ["1<x<2", "x \\in (1,2)"],
  ],
  "commas and spaces": [
    ["3,\\!400", "3400"],
    ["3,\\! 400", "3400"],
    ["3{,}400", "3400"],
    ["(100, 200)", "(100,200)"],
    ["100, 200", "200, 100"],
    ["\\{100, 200\\}", "\\{100,200\\}"],
  ],
  "names in capitals": [
    ["ABCD", "$ABCD$"],
    ["\\angle ABC", "\\angle CBA"],
    ["\\overline{AB}", "\\overline{BA}"],
    ["AB+CD", "CD + AB"],
    ["\\text{CAT}", "CAT"],
    ["n R T", "R n T"],
  ],
  magnitudes: [
    ["5 million", "5000000"],
    ["5 dozen", "60"],
    ["60", "5 dozen eggs"],
    ["5 hundred thousand", "500000"],
    ["5,000,000", "The answer is 5 million dollars."],
    ["5000000", "So it has $5$ million inhabitants."],
    ["5200000", "5.2 \\text{ million dollars}"],
    ["5 million", "They sold 5 million cars in all."],
    ["\\$5 million", "5000000"],
  ],
  "units and currencies": [
    ["\\$5", "5"],
    ["5", "€5"],
    ["5 euros", "€5"],
    ["£5", "5 pounds"],
    ["5 lbs", "5 pounds"],
    ["\\$5", "5 dollars"],
    ["5 dollars", "So it costs $5."],
    ["\\$5, \\$6", "5, 6"],
  ],
  labels: [
    ["7 red, 5 blue", "5 blue, 7 red"],
    ["7 red, 5 blue", "7, 5"],
    ["7\\text{ red}, 5\\text{ blue}", "5\\text{ blue}, 7\\text{ red}"],
    ["1 cat, 2 dogs", "2 dogs, 1 cat"],
  ],
  "choices in sentences": [
    ["D", "The correct option is D."],
    ["D", "The correct choice is (D)"],
    ["D", "So, option D"],
    ["D", "Therefore D is correct"],
    ["D", "Therefore, (D) is the correct answer."],
    ["D", "The answer is option D."],
    ["D", "Option D"],
    ["A", "I think the answer is A because B is wrong."],
    ["10", "He pays 10 dollars less with option B"],
  ],
  "signs, digits and words": [
    ["12", "final answer: `12`"],
    ["12", "`12`"],
    ["12", "\\approx 12"],
    ["12", "≈ 12"],
    ["5", "５"],
    ["5", "٥"],
    ["1234.5", "١٬٢٣٤٫٥"],
    ["7", "答案是７。"],
    ["(-\\infty,\\infty)", "\\mathbb R"],
    ["(-\\infty,\\infty)", "\\text{all real numbers}"],
    ["\\text{No solution}", "\\emptyset"],
    ["\\emptyset", "no real solutions"],
  ],
};

/** Predictions that say something else. */
export const different: Record<string, readonly Pair[]> = {
  "variables of conditions": [
    ["x>3", "y>3"],
    ["x \\ge 3", "n \\ge 3"],
    ["1<x<2", "1<y<2"],
    ["x \\in (1,2)", "1<y<2"],
    ["x<1 \\text{ or } x>2", "y<1 \\text{ or } y>2"],
    ["x \\ne 3", "y \\ne 3"],
  ],
  "commas and spaces": [
    ["3, 400", "3400"],
    ["3400", "3, 400"],
    ["12, 345", "12345"],
    ["2, 100, 300", "2100300"],
  ],
  "names in capitals": [
    ["ABCD", "ABDC"],
    ["\\angle ABC", "\\angle ACB"],
    ["\\triangle ABC", "\\triangle ACB"],
    ["HTH", "THH"],
    ["CAT", "ACT"],
    ["\\text{CAT}", "ACT"],
    ["XIV", "XVI"],
  ],
  magnitudes: [
    ["5 million", "5 billion"],
    ["5 thousand", "5"],
    ["5", "5 million"],
    ["5", "The answer is 5 thousand."],
    ["5", "So it has $5$ million inhabitants."],
    ["3 \\text{ million}", "3"],
    ["2 \\text{ dozen}", "2"],
    ["\\$5 million", "$5"],
    ["5000000", "5 thousand"],
  ],
  "units and currencies": [
    ["\\$5", "€5"],
    ["\\$5", "5 euros"],
    ["\\$5", "5 pounds"],
    ["£5", "\\$5"],
    ["£5", "$5"],
    ["5 dollars", "€5"],
    ["\\$5", "5 kg"],
    ["\\$5", "So it costs €5 in all."],
    ["\\$5", "It costs 5 euros in all, she says."],
    ["5 \\text{ cm}", "5 km"],
    ["5 \\text{ cm}", "It is 5 km long, as they say."],
    ["$5$ miles", "It is $5$ inches long."],
  ],
  labels: [
    ["7 red, 5 blue", "5 red, 7 blue"],
    ["7 red and 5 blue", "5 red and 7 blue"],
    ["7\\text{ red}, 5\\text{ blue}", "5\\text{ red}, 7\\text{ blue}"],
    ["2 boys, 3 girls", "3 boys, 2 girls"],
  ],
  "choices in sentences": [
    ["D", "The correct option is C."],
    ["D", "It is not true that D is correct."],
    ["D", "The question is whether C or D is correct."],
    ["D", "Option D is wrong. So, option C."],
  ],
  "signs, digits and words": [
    ["5", "６"],
    ["0", "\\emptyset"],
    ["\\text{No solution}", "0"],
    ["\\text{all real numbers}", "\\emptyset"],
  ],
};
