import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createInterpreter } from "./interpreter.ts";
import { lastProgram, truncateOutput } from "./text.ts";
import { type SampleTokens, toolLoop } from "./tool_loop.ts";

const encode = (text: string): Int32Array => Int32Array.from(text, (c) => c.codePointAt(0)!);
const decode = (tokens: Int32Array): string => String.fromCodePoint(...tokens);
const run = async (program: string) => ({ output: `<${program.trim()}>` });
const script =
  (...texts: string[]): SampleTokens =>
  async (sequences, { round }) =>
    sequences.map(() => ({ tokens: encode(texts[round]), logProbs: new Float32Array(texts[round].length).fill(-1) }));

test("what the model wrote stays, the tools' tokens are masked and have no log-probability", async () => {
  const first = "Let us see.\n```python\n1 + 1\n```\n```output";
  const [trajectory] = await toolLoop([encode("Q")], {
    sample: script(first, "It is 2."),
    encode,
    decode,
    run,
    maxNewTokens: 200,
  });
  const tool = "\n<1 + 1>\n```\n";
  equal(decode(trajectory.tokens), `${first}${tool}It is 2.`);
  deepEqual(decode(trajectory.tokens.filter((_, i) => trajectory.mask[i] === 0)), tool);
  ok(trajectory.logProbs!.every((p, i) => p === (trajectory.mask[i] ? -1 : 0)));
  deepEqual(trajectory.calls, [{ program: "1 + 1\n", shown: "<1 + 1>", error: undefined }]);
  equal(trajectory.finishReason, "stop");
});

test("what is sampled after the marker is dropped, and the next round sees all before it", async () => {
  const seen: string[] = [];
  await toolLoop([encode("Q\n")], {
    sample: async (sequences, { round }) => {
      seen.push(decode(sequences[0]));
      return [{ tokens: encode(round === 0 ? "```python\nx\n```\n```output\n7 (guessed)\n```" : "Done.") }];
    },
    encode,
    decode,
    run,
    maxNewTokens: 200,
  });
  deepEqual(seen, ["Q\n", "Q\n```python\nx\n```\n```output\n<x>\n```\n"]);
});

test("a program's error is shown, long outputs by their ends", async () => {
  const [{ calls }] = await toolLoop([encode("Q")], {
    sample: script("```python\nx\n```\n```output", "."),
    encode,
    decode,
    run: async () => ({ output: "a".repeat(500), error: "NameError: no x" }),
    outputEnds: 15,
    maxNewTokens: 200,
  });
  equal(calls[0].shown, `${"a".repeat(15)}...NameError: no x`);
});

test("at most so many programs are run; without one the model is done", async () => {
  const ask = "```python\nx\n```\n```output";
  const options = { encode, decode, run, maxNewTokens: 500 };
  const [twice] = await toolLoop([encode("Q")], { ...options, sample: script(ask, ask, ask) });
  equal(twice.calls.length, 2);
  equal(twice.finishReason, "rounds");
  const [never] = await toolLoop([encode("Q")], { ...options, sample: script("no program ```output") });
  equal(never.calls.length, 0);
  equal(never.finishReason, "stop");
});

test("nothing is longer than the limit, and an output that does not fit is left out", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 0, max: 30 }), async (maxNewTokens, length) => {
      const [{ tokens, mask, finishReason }] = await toolLoop([encode("Q")], {
        sample: script("```python\nx\n```\n```output", "y".repeat(length)),
        encode,
        decode,
        run,
        maxNewTokens,
      });
      ok(tokens.length <= maxNewTokens);
      equal(mask.length, tokens.length);
      const full = "```python\nx\n```\n```output\n<x>\n```\n".length + length;
      equal(finishReason, full <= maxNewTokens && (length > 0 || full < maxNewTokens) ? "stop" : "length");
    }),
  );
});

test("a token that reaches beyond the marker stays whole, whatever the pieces are", async () => {
  const text = "```python\nx\n```\n```output\nand more";
  const marked = text.indexOf("```output") + "```output".length;
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: text.length - 1 })), async (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), text.length];
      const pieces = places.slice(1).map((end, i) => text.slice(places[i], end));
      const vocabulary = [...pieces, "E"];
      const [{ tokens, mask }] = await toolLoop([Int32Array.of()], {
        sample: async (_, { round }) => [
          { tokens: round === 0 ? Int32Array.from(pieces.keys()) : Int32Array.of(pieces.length) },
        ],
        encode: () => [pieces.length],
        decode: (ids) => Array.from(ids, (id) => vocabulary[id]).join(""),
        run,
        maxNewTokens: 100,
      });
      const own = tokens.filter((_, i) => mask[i] === 1).slice(0, -1);
      deepEqual([...own], [...own.keys()]);
      ok(places[own.length] >= marked && places[own.length - 1] < marked);
    }),
  );
});

test("prompts go their own ways, with a real interpreter", async () => {
  const python = await createInterpreter();
  const texts = [["```python\nprint(2**10)\n```\n```output", "\\boxed{1024}"], ["I know: 7."]];
  const trajectories = await toolLoop([encode("a"), encode("b")], {
    sample: async (sequences, { round }) =>
      sequences.map((tokens) => ({ tokens: encode(texts[tokens[0] - 97][round]) })),
    encode,
    decode,
    run: python.run,
    maxNewTokens: 200,
  });
  python.close();
  deepEqual(
    trajectories.map(({ tokens }) => decode(tokens)),
    ["```python\nprint(2**10)\n```\n```output\n1024\n```\n\\boxed{1024}", "I know: 7."],
  );
});

test("what is wrong is named", async () => {
  const options = { sample: script("x"), encode, decode, run };
  await rejects(
    toolLoop([], { ...options, maxNewTokens: 0 }),
    /maxNewTokens must be a whole number from 1 on, found 0/,
  );
  await rejects(
    toolLoop([encode("a")], { ...options, sample: async () => [], maxNewTokens: 9 }),
    /sample must give 1 continuations, found 0/,
  );
});

test("programs and outputs in texts", () => {
  equal(lastProgram("```python\na\n```\n```python\nb"), "b");
  equal(lastProgram("```python"), null);
  equal(lastProgram("none"), null);
  equal(lastProgram("```js\n1\n```"), null);
  equal(truncateOutput("x".repeat(100)), "x".repeat(100));
  equal(truncateOutput(`${"x".repeat(100)}y`), `${"x".repeat(50)}...${"x".repeat(49)}y`);
});
