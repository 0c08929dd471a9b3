import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pageOf } from "./page.ts";
import { readWarc, type WarcOptions } from "./warc.ts";
import { formatWarc } from "./write_warc.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

async function read(chunks: Uint8Array[], options?: WarcOptions) {
  const records = [];
  for await (const record of readWarc(chunks, options)) records.push({ ...record, content: record.content.slice() });
  return records;
}

test("records come out as they went in, however the file is cut into pieces", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ text: fc.string({ unit: "binary", minLength: 1 }), html: fc.boolean() }), { maxLength: 5 }),
      fc.integer({ min: 1, max: 50 }),
      async (pages, size) => {
        const inputs = pages.map(({ text, html }, i) => {
          // Halves of characters have no bytes, a byte order mark is dropped, and a page without text is none.
          const body = `x${text.replace(/[\ud800-\udfff]/g, "")}`;
          return html ? { url: `http://a.org/${i}`, html: body } : { url: `http://a.org/${i}`, text: body };
        });
        const file = Buffer.concat(inputs.map((page) => formatWarc(page)));
        const chunks = Array.from({ length: Math.ceil(file.length / size) }, (_, i) =>
          file.subarray(i * size, (i + 1) * size),
        );
        assert.deepEqual((await read(chunks)).map(pageOf), inputs);
      },
    ),
  );
});

test("records of other types, and those too long, come without content", async () => {
  const file = Buffer.concat([
    formatWarc({ url: "a:b", text: "x".repeat(100) }),
    formatWarc({ url: "a:c", html: "y" }),
  ]);
  const lengths = async (options: WarcOptions) => (await read([file], options)).map(({ content }) => content.length);
  assert.deepEqual(await lengths({ types: ["conversion"] }), [100, 0]);
  assert.deepEqual(await lengths({ maxBytes: 99 }), [0, 60]);
});

test("a file that is no WARC file, or ends too early, is an error that says so", async () => {
  await assert.rejects(read([bytes("<html>")]), /record 0: expected it to begin with "WARC\/", found "<html>"/);
  const record = formatWarc({ url: "a:b", text: "hello" });
  await assert.rejects(read([record.subarray(0, record.length - 6)]), /record 0: the file ends within it/);
  await assert.rejects(read([bytes("WARC/1.0\r\nWARC-Type: response\r\n\r\n")]), /expected a Content-Length/);
});

const respond = (head: string, body: Uint8Array | string) => {
  const content = Buffer.concat([bytes(`HTTP/1.1 ${head}\r\n\r\n`), typeof body === "string" ? bytes(body) : body]);
  return pageOf({ type: "response", headers: new Map([["warc-target-uri", "<http://a.org/>"]]), content });
};

test("only successful answers of HTML or text are pages", () => {
  assert.equal(respond("404 Not Found\r\nContent-Type: text/html", "x"), undefined);
  assert.equal(respond("200 OK\r\nContent-Type: image/png", "x"), undefined);
  assert.equal(respond("200 OK\r\nContent-Encoding: gzip", "x"), undefined);
  assert.deepEqual(respond("200 OK\r\nContent-Type: text/plain", "x"), { url: "http://a.org/", text: "x" });
});

test("character sets are taken from the header, else from the page, else UTF-8; chunked bodies are joined", () => {
  const latin = Uint8Array.of(0x3c, 0x70, 0x3e, 0xe9);
  assert.equal(respond("200 OK\r\nContent-Type: text/html; charset=ISO-8859-1", latin)?.html, "<p>é");
  assert.equal(respond("200 OK", Buffer.concat([bytes("<meta charset=latin1>"), latin]))?.html?.at(-1), "é");
  assert.equal(respond("200 OK\r\nContent-Type: text/html; charset=no-such", "é")?.html, "é");
  assert.equal(respond("200 OK\r\nTransfer-Encoding: chunked", "3\r\n<p>\r\n2;x=y\r\nab\r\n0\r\n\r\n")?.html, "<p>ab");
});
