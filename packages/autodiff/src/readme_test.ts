import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inference } from "./infer/mod.ts";
import { rules } from "./vjp/rules.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

/** The operators that the README lists below a marker. */
function listed(marker: string): string[] {
  const [, list] = new RegExp(`<!-- ${marker} -->\\s+(.+)\\n`).exec(readme)!;
  return list.split(", ");
}

test("the README lists the operators that there are", () => {
  // The streamed head's gradient is made by its rule only.
  const operators = Object.keys(inference)
    .filter((operator) => operator !== "StreamedLogProbsGradient")
    .sort();
  assert.deepEqual(
    listed("differentiable"),
    operators.filter((operator) => Object.hasOwn(rules, operator)),
  );
  assert.deepEqual(
    listed("inference only"),
    operators.filter((operator) => !Object.hasOwn(rules, operator)),
  );
});

test("every operator with a rule has shape inference", () => {
  for (const operator of Object.keys(rules)) assert.ok(Object.hasOwn(inference, operator), operator);
});
