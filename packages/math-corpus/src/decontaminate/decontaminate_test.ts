import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wordReader } from "../text/words.ts";
import { decontaminator, naiveContaminated } from "./decontaminate.ts";

const word = fc.constantFrom("a", "b", "cd", "求", "7");
const sentence = (maxLength: number) => fc.array(word, { maxLength }).map((words) => words.join(" "));

test("the search finds what comparing words finds, for n-grams of any length", () => {
  const read = wordReader();
  fc.assert(
    fc.property(
      fc.array(sentence(14), { maxLength: 4 }),
      sentence(60),
      fc.integer({ min: 1, max: 10 }),
      fc.nat(9),
      (benchmarks, text, gram, less) => {
        const shortest = Math.max(1, gram - less);
        const found = decontaminator(benchmarks, { gram, shortest });
        const expected = naiveContaminated(text, benchmarks, gram, shortest);
        assert.equal(found.find(text) !== undefined, expected);
        assert.equal(found.findWords(read(text).words) >= 0, expected);
        assert.equal(found.removeLines(text).removed > 0, expected);
      },
    ),
    { numRuns: 1000 },
  );
});

const question = "How many positive whole-number divisors does 196 have when counted with great care";

test("ten words in a row contaminate and nine do not, whatever the punctuation and case", () => {
  const { find } = decontaminator([question]);
  assert.ok(find("… HOW many (positive whole–number) divisors does 196 have, when?"));
  assert.equal(find("How many positive whole-number divisors does 196 have?"), undefined);
});

test("a benchmark text of three to nine words counts whole, a shorter one never", () => {
  const { find, benchmarks } = decontaminator(["What is 2 + 2?", "Solve it"]);
  assert.deepEqual(benchmarks, { searched: 1, tooShort: 1 });
  assert.equal(find("He asked: what is 2+2? Four.")?.benchmark, 0);
  assert.equal(find("What is 2 + 3? Solve it!"), undefined);
});

test("Chinese counts by characters", () => {
  const { find } = decontaminator(["小明有十二支铅笔，又买了三盒"]);
  assert.ok(find("问题：小明有十二支铅笔又买"));
  assert.equal(find("小明有十二支铅笔"), undefined);
});

test("only the lines that share an n-gram go, all of those that it spans", () => {
  const { removeLines } = decontaminator([question]);
  const [first, second] = question.split(/ (?=does)/);
  assert.deepEqual(removeLines(`Before.\n${first}\n${second}\nAfter.`), { text: "Before.\nAfter.", removed: 2 });
  assert.deepEqual(removeLines("Clean.\nText."), { text: "Clean.\nText.", removed: 0 });
});

test("wrong arguments are named", () => {
  assert.throws(() => decontaminator([1 as unknown as string]), /benchmarks\[0\] must be a string, found 1/);
  assert.throws(() => decontaminator([], { grams: 3 } as object), /no option "grams", expected gram, shortest/);
});
