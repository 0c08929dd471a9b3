/**
 * JSON Lines: one JSON value a line.
 *
 * @module
 */

/**
 * The values of a JSONL text that comes in pieces, e.g. a fetch's body. Empty lines are skipped; the last line needs no
 * line break.
 *
 * @throws {SyntaxError} A line is not JSON; the message has its number.
 *
 * @example
 * ```ts
 * const rows = [];
 * for await (const row of parseJsonl(new Blob(['{"a":1}\n{"a":', '2}\n']).stream())) rows.push(row);
 * rows; // [{ a: 1 }, { a: 2 }]
 * ```
 */
export async function* parseJsonl(
  chunks: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string> | ReadableStream<Uint8Array>,
): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let line = 0;
  let rest: string[] = [];
  for await (const chunk of chunks as AsyncIterable<Uint8Array | string>) {
    const text = typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      rest.push(text.slice(start, end));
      const whole = rest.join("");
      rest = [];
      start = end + 1;
      line++;
      if (whole.trim() !== "") yield parseLine(whole, line);
    }
    if (start < text.length) rest.push(text.slice(start));
  }
  const last = rest.join("") + decoder.decode();
  if (last.trim() !== "") yield parseLine(last, line + 1);
}

function parseLine(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot read line ${line}: it is not JSON: ${text.slice(0, 80)}`, { cause });
  }
}

/**
 * A row as a line, with its line break; typed arrays become arrays.
 *
 * @throws {TypeError} The row has a number that is not finite, which JSON would hide as `null`, or is no JSON at all.
 *
 * @example
 * ```ts
 * formatJsonl({ input_ids: Int32Array.of(1, 2) }); // '{"input_ids":[1,2]}\n'
 * ```
 */
export function formatJsonl(row: unknown): string {
  const text = JSON.stringify(row, (key, value) => {
    if (typeof value === "number" && !Number.isFinite(value)) {
      throw new TypeError(`Cannot write the row: ${key} must be finite, found ${value}`);
    }
    return ArrayBuffer.isView(value) ? Array.from(value as Int32Array) : value;
  });
  if (text === undefined) throw new TypeError(`Cannot write the row: expected a JSON value, found ${typeof row}`);
  return `${text}\n`;
}
