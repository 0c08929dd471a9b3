/**
 * Random strings that look like answers, broken ones among them.
 *
 * @module
 */

const fragments: readonly string[] = [
  ..."0123456789abcdefinxyzABCE+-*/^_=<>()[]{}|,.;:!?'\"&%$#~@\\ \n\t",
  ..."\\frac \\frac{1}{2} \\sqrt \\sqrt{ \\sqrt[3]{ \\left( \\right) \\boxed{ \\fbox{ \\text{ \\mathrm{e} \\pi \\infty \\cdot \\times".split(
    " ",
  ),
  ..."\\pm \\mp \\cup \\cap \\setminus \\in \\le \\ge \\ne \\approx \\begin{pmatrix} \\end{pmatrix} \\begin{array}{cc} \\\\".split(
    " ",
  ),
  ..."\\sin \\cos \\log_ \\ln \\sum_{k=1}^{ \\prod_ \\binom{ \\overline{ \\lfloor \\rfloor \\{ \\} ^\\circ \\% \\$ \\! \\, \\; \\quad".split(
    " ",
  ),
  ..."\\mathbb{R} \\emptyset \\langle \\rangle \\mid \\equiv \\Rightarrow \\textbackslash \\unknown 1,000 0.(3) 1e9 9^{9^{9^9}} !!".split(
    " ",
  ),
  ..." and | or |percent|dollars|The answer is |Final Answer: |#### |<think>|</think>|<answer>|</answer>|<|im_end|>|x = ".split(
    "|",
  ),
  ..."−×÷≤≥≠≈∞∪∩∈∅±√°π½²₃€，（）\u00a0\ud83d\ude00\ud800\u0000",
  "99999999999999999999",
  "2^{2005}",
  "1000!",
];

/** A source of numbers in [0, 1): mulberry32. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** One string of up to `length` fragments. */
export function fuzzed(next: () => number, length = 14): string {
  const count = 1 + Math.floor(next() * length);
  let text = "";
  for (let i = 0; i < count; i++) text += fragments[Math.floor(next() * fragments.length)];
  return text;
}
