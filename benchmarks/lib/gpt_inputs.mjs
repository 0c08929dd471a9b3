// Reads what `writeInputs` wrote.
import { readFileSync } from "node:fs";
import { join } from "node:path";

function numbers(file, Type) {
  const bytes = readFileSync(file);
  return new Type(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** Sizes, parameters as `{ name: { data, shape } }`, and the two halves of the tokens. */
export function readInputs(directory) {
  const { shapes, ...sizes } = JSON.parse(readFileSync(join(directory, "sizes.json"), "utf8"));
  const weights = numbers(join(directory, "weights.f32"), Float32Array);
  const tokens = numbers(join(directory, "tokens.i32"), Int32Array);
  const parameters = {};
  let offset = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const size = shape.reduce((a, b) => a * b, 1);
    parameters[name] = { data: weights.slice(offset, offset + size), shape };
    offset += size;
  }
  const half = tokens.length / 2;
  return { sizes, parameters, inputs: tokens.slice(0, half), targets: tokens.slice(half) };
}
