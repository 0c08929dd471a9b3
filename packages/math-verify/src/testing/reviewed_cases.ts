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
};
