import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { findBoxes } from "./extract/boxed.ts";
import { random } from "./testing/fuzz.ts";
import { compare, verify } from "./verify.ts";

const directory = fileURLToPath(new URL("../../../../shared/data", import.meta.url));
const skip = existsSync(directory) ? false : "the data sets are not here (../shared/data)";

type Row = Record<string, string>;

const rows = (name: string): Row[] =>
  readFileSync(`${directory}/${name}/test.jsonl`, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

const goldsOf: Record<string, (row: Row) => string> = {
  math: ({ solution }) => findBoxes(solution).at(-1)!.content,
  svamp: ({ Answer }) => String(Answer),
  asdiv: ({ answer }) => answer,
  mawps: ({ target }) => String(target),
  aime24: ({ answer }) => String(answer),
  amc23: ({ answer }) => String(answer),
  gsm8k: ({ answer }) => answer.split("####")[1].trim(),
};
const counts: Record<string, number> = {
  math: 5000,
  svamp: 1000,
  asdiv: 2215,
  mawps: 2065,
  aime24: 30,
  amc23: 40,
  gsm8k: 1319,
};

for (const [name, goldOf] of Object.entries(goldsOf))
  test(`${name}: every gold answer equals itself, alone, boxed and in a sentence`, { skip }, () => {
    const golds = rows(name).map(goldOf);
    assert.equal(golds.length, counts[name]);
    for (const gold of golds)
      for (const prediction of [gold, `So it is $\\boxed{${gold}}$.`, `The answer is $${gold}$.`])
        assert.ok(verify(gold, prediction), `${gold} | ${prediction}`);
  });

const commas = (text: string): string =>
  text.replace(/^(-?)(\d+)/, (_, sign, digits) => sign + digits.replace(/\B(?=(\d{3})+$)/g, ","));

/** The same number written otherwise; `undefined` where that has no such form. */
const rewritings: Record<string, (number: string) => string | undefined> = {
  "with commas": commas,
  "with zeros at its end": (text) => (text.includes(".") ? `${text}0` : `${text}.00`),
  "as dollars": (text) => `$${commas(text)}`,
  "as dollars in LaTeX": (text) => `\\$${commas(text)}`,
  "with a unit": (text) => `${text} apples`,
  "with a unit in LaTeX": (text) => `${text}\\text{ apples}`,
  "in percent": (text) => `${text}\\%`,
  "as a share in percent": (text) =>
    /^-?\d*\.?\d{1,4}$/.test(text) ? `${Number((Number(text) * 100).toFixed(6))}%` : undefined,
  "as a fraction": (text) => {
    const match = /^(-?)(\d*)\.(\d+)$/.exec(text);
    if (match) return `${match[1]}${BigInt(match[2] + match[3])}/${10n ** BigInt(match[3].length)}`;
    return /^-?\d+$/.test(text) ? `\\frac{${2n * BigInt(text)}}{2}` : undefined;
  },
  "after ####": (text) => `So it is that.\n#### ${text}`,
  "in a sentence": (text) => `The answer is $${commas(text)}.`,
  "as the last number": (text) => `So they have ${text} apples in total.`,
};

test("GSM8K: golds and all results of its calculator equal their rewritings", { skip }, () => {
  const answers = rows("gsm8k").map(({ answer }) => answer);
  const results = answers.flatMap((answer) =>
    [...answer.matchAll(/<<[^<>]*=([^<>=]*)>>/g)].map(([, result]) => result.trim()),
  );
  const numbers = [...answers.map((answer) => answer.split("####")[1].trim()), ...results];
  assert.equal(numbers.length, 1319 + 4282);
  for (const [name, rewrite] of Object.entries(rewritings))
    for (const number of numbers) {
      const prediction = rewrite(number.replaceAll(",", ""));
      if (prediction !== undefined) assert.ok(verify(number, prediction), `${number} ${name}: ${prediction}`);
    }
});

/**
 * The readings of an answer without its unit, as texts or rounded numbers: a second opinion on the "equal" of random
 * pairs, which knows nothing of the layers. 28% is 28 and 0.28.
 */
function plain(answer: string): string[] {
  const text = answer
    .replace(/\\text\s*\{.*?\}|\(.*?[a-zA-Z].*?\)|\\[$!,% ]|\$|,|%|^[a-zA-Z]\s*=\s*|\^\{?\\circ\}?|st$/g, "")
    .replace(/\\[dt]?frac\s*(\d|\{-?\d+\})\s*(\d|\{\d+\})/g, "$1/$2")
    .replace(/[{}\s]/g, "")
    .replace(":", "/");
  const [numerator, denominator = "1"] = text.split("/");
  const value = Number(numerator) / Number(denominator);
  if (text === "" || !Number.isFinite(value)) return [text];
  return (answer.includes("%") ? [value, value / 100] : [value]).map((x) => x.toPrecision(9));
}

/** Pairs that `plain` cannot see to be equal. */
const known = new Set(["180^\\circ | \\pi", "\\pi | 180^\\circ", "A | \\text{A}", "\\text{A} | A"]);

test("among 100,000 random pairs of answers to different problems, those found equal are equal", { skip }, () => {
  const golds = Object.entries(goldsOf).flatMap(([name, goldOf]) => rows(name).map(goldOf));
  const math = rows("math").map(goldsOf.math);
  const next = random(12345);
  const doubtful: string[] = [];
  let equal = 0;
  for (let k = 0; k < 100_000; k++) {
    const pool = k % 2 ? golds : math;
    const [gold, prediction] = [pool[Math.floor(next() * pool.length)], pool[Math.floor(next() * pool.length)]];
    if (gold === prediction || compare(gold, prediction).verdict !== "equal") continue;
    equal++;
    const agrees = plain(gold).some((reading) => plain(prediction).includes(reading));
    if (!agrees && !known.has(`${gold} | ${prediction}`)) doubtful.push(`${gold} | ${prediction}`);
  }
  assert.deepEqual(doubtful, []);
  assert.ok(equal > 50, `only ${equal} pairs are equal`);
});
