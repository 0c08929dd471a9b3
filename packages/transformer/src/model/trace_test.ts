import assert from "node:assert/strict";
import { test } from "node:test";
import { llama, sparse } from "../testing/models.ts";
import { attentionTraceModel } from "./trace.ts";

test("only sparse attention over whole selection blocks is traced", () => {
  assert.throws(() => attentionTraceModel(llama, 64), {
    name: "RangeError",
    message: /expected attention "nsa", found full/,
  });
  assert.throws(() => attentionTraceModel(sparse, 40), { name: "RangeError", message: /a multiple of 16, found 40/ });
  assert.ok(attentionTraceModel(sparse, 48).length > 1000);
});
