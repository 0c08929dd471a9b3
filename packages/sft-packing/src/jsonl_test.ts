import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatJsonl, parseJsonl } from "./jsonl.ts";

async function collect(chunks: Parameters<typeof parseJsonl>[0]): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const row of parseJsonl(chunks)) rows.push(row);
  return rows;
}

test("any JSON values come back, wherever the bytes are divided", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.jsonValue({ noUnicodeString: false })),
      fc.integer({ min: 1, max: 9 }),
      async (values, size) => {
        const bytes = new TextEncoder().encode(values.map(formatJsonl).join(""));
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
          bytes.subarray(i * size, (i + 1) * size),
        );
        assert.deepEqual(await collect(chunks), JSON.parse(JSON.stringify(values)));
      },
    ),
  );
});

test("empty lines, carriage returns and a missing last line break do no harm", async () => {
  assert.deepEqual(await collect(["\r\n1\r\n", "\n", "2"]), [1, 2]);
});

test("a line that is not JSON is named by its number", async () => {
  await assert.rejects(collect(['{"a":1}\n\n{"a":\n']), /SyntaxError: Cannot read line 3: it is not JSON: \{"a":/);
});

test("what JSON would hide is refused", () => {
  assert.throws(() => formatJsonl({ loss: Number.NaN }), /TypeError: .*loss must be finite, found NaN/);
  assert.throws(() => formatJsonl(undefined), /TypeError: .*expected a JSON value, found undefined/);
});
