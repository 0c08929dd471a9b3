// Forward and backward against the float64 reference of @gradus/sparse-attention, which was written apart from this.
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildModel, input, openSession, pullback, type Tensor, type TensorData } from "@gradus/autodiff";
import { layoutOf, sparseAttention, sparseAttentionBackward } from "@gradus/sparse-attention/reference";
import type { Sparsity } from "../../files/sparsity.ts";
import { pseudoRandom } from "../../testing/models.ts";
import { BRANCHES, type Branches, type Compression, type SparseOperands } from "./operands.ts";
import { type SparseRowOptions, sparseRowAttention } from "./rows.ts";

interface Shape {
  rows: readonly (readonly number[])[];
  time: number;
  heads: number;
  keyValueHeads: number;
  headSize: number;
  sizes: Required<Sparsity>;
}

const small: Required<Sparsity> = {
  compressionBlock: 8,
  compressionStride: 4,
  compressionHidden: 6,
  selectionBlock: 16,
  selectedBlocks: 4,
  initialBlocks: 1,
  localBlocks: 2,
  window: 12,
};
const PHI = ["position", "weight1", "bias1", "weight2", "bias2"] as const;

/** Named operands, flat as the graph takes them: [R, heads, T, E]. */
function operandsOf({ rows, time, heads, keyValueHeads: kv, headSize, sizes }: Shape, random: () => number) {
  const make = (shape: number[], scale = 1): TensorData & { data: Float32Array } => ({
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => (2 * random() - 1) * scale),
    shape,
  });
  const { compressionBlock: l, compressionHidden: hidden } = sizes;
  const feeds: Record<string, TensorData & { data: Float32Array }> = {
    query: make([rows.length, heads, time, headSize], 2 / Math.sqrt(headSize)),
  };
  for (const branch of BRANCHES) {
    feeds[`keys.${branch}`] = make([rows.length, kv, time, headSize], 2);
    feeds[`values.${branch}`] = make([rows.length, kv, time, headSize]);
    feeds[`gates.${branch}`] = make([rows.length, heads, time, 1]);
  }
  for (const of of ["keys", "values"]) {
    feeds[`${of}.position`] = make([l, kv, headSize]);
    feeds[`${of}.weight1`] = make([l * headSize, hidden], 0.5);
    feeds[`${of}.bias1`] = make([hidden]);
    feeds[`${of}.weight2`] = make([hidden, headSize]);
    feeds[`${of}.bias2`] = make([headSize]);
  }
  return feeds;
}

/** [R, heads, T, E] → [R · T, heads, E], as the reference has it, in double precision. */
function byToken({ data, shape: [rows, heads, time, size] }: TensorData): Float64Array {
  const result = new Float64Array(data.length);
  for (let r = 0; r < rows; r++)
    for (let h = 0; h < heads; h++)
      for (let t = 0; t < time; t++)
        for (let e = 0; e < size; e++)
          result[((r * time + t) * heads + h) * size + e] = Number(data[((r * heads + h) * time + t) * size + e]);
  return result;
}

async function compute(shape: Shape, feeds: Record<string, TensorData>, options: SparseRowOptions) {
  const { rows, time } = shape;
  const segments = new Int32Array(rows.length * time);
  rows.forEach((lengths, row) => {
    let at = row * time;
    lengths.forEach((length, i) => {
      segments.fill(i + 1, at, at + length);
      at += Math.ceil(length / shape.sizes.selectionBlock) * shape.sizes.selectionBlock;
    });
  });
  const inputs = Object.fromEntries(
    Object.entries(feeds).map(([name, { shape: of }]) => {
      const isRow = !/position|weight|bias/.test(name);
      return [name, input(name, "float32", isRow ? ["rows", ...of.slice(1)] : of)];
    }),
  );
  const branches = (of: string) =>
    Object.fromEntries(BRANCHES.map((branch) => [branch, inputs[`${of}.${branch}`]])) as unknown as Branches<Tensor>;
  const phi = (of: string) =>
    Object.fromEntries(PHI.map((part) => [part, inputs[`${of}.${part}`]])) as unknown as Compression;
  const operands: SparseOperands = {
    query: inputs.query,
    keys: branches("keys"),
    values: branches("values"),
    gates: branches("gates"),
    compression: { keys: phi("keys"), values: phi("values") },
  };
  const ids = input("segments", "int32", ["rows", time]);
  const output = sparseRowAttention(ids, shape.sizes, options)(0, operands);
  const cotangent = input("cotangent", "float32", output.shape);
  const names = Object.keys(inputs);
  const gradients = pullback(
    [{ output, cotangent }],
    names.map((name) => inputs[name]),
  );
  const outputs = Object.fromEntries(names.map((name, i) => [`d.${name}`, gradients[i]]));
  const session = await openSession(buildModel({ outputs: { output, ...outputs } }), { threads: 2 });
  const random = pseudoRandom(7);
  const g = Float32Array.from(feeds.query.data as Float32Array, (_, i) => {
    const t = Math.floor(i / shape.headSize) % time;
    const row = Math.floor(i / (shape.headSize * time * shape.heads));
    return segments[row * time + t] > 0 ? 2 * random() - 1 : 0; // as the loss, which says nothing of padding
  });
  const found = await session.run({
    ...feeds,
    segments: { data: segments, shape: [rows.length, time] },
    cotangent: { data: g, shape: feeds.query.shape },
  });
  await session.dispose();
  return { found, cotangent: { data: g, shape: feeds.query.shape } };
}

/** The reference's output and gradients, each [R · T, ..] with zeros where there is padding. */
function expectedOf(shape: Shape, feeds: Record<string, TensorData>, cotangent: TensorData) {
  const { rows, time, heads: queryHeads, keyValueHeads: kvHeads, headSize, sizes } = shape;
  const heads = { queryHeads, kvHeads, headDim: headSize, valueDim: headSize, scale: 1 };
  const expected: Record<string, Float64Array> = {};
  const byRow: Record<string, Float64Array> = {};
  for (const [name, feed] of Object.entries({ ...feeds, output: cotangent }))
    if (feed.shape.length === 4) byRow[name] = byToken(feed);
  const add = (name: string, part: ArrayLike<number>, at: number, length: number) => {
    expected[name] ??= new Float64Array(length);
    for (let i = 0; i < part.length; i++) expected[name][at + i] += part[i];
  };
  rows.forEach((lengths, row) => {
    let at = row * time;
    for (const length of lengths) {
      const cut = (name: string) => {
        const width = byRow[name].length / (rows.length * time);
        return byRow[name].slice(at * width, (at + length) * width);
      };
      const branches = (of: string) => ({
        compressed: cut(`${of}.compressed`),
        selected: cut(`${of}.selected`),
        window: cut(`${of}.window`),
      });
      const phi = (of: string) =>
        Object.fromEntries(PHI.map((part) => [part, Float64Array.from(feeds[`${of}.${part}`].data as Float32Array)]));
      const open = branches("gates");
      const gates = Float64Array.from(
        { length: 3 * open.window.length },
        (_, i) => open[BRANCHES[i % 3]][Math.floor(i / 3)],
      );
      const inputs = {
        query: cut("query"),
        keys: branches("keys"),
        values: branches("values"),
        gates,
        compression: { keys: phi("keys") as never, values: phi("values") as never },
      };
      const { output, residuals } = sparseAttention(inputs, heads, layoutOf(Int32Array.of(0, length), sizes), sizes);
      const put = (name: string, part: ArrayLike<number>) =>
        add(name, part, (at * part.length) / length, (rows.length * time * part.length) / length);
      put("output", output);
      const back = sparseAttentionBackward(residuals, cut("output"), heads, sizes);
      put("d.query", back.query);
      BRANCHES.forEach((branch, b) => {
        put(`d.keys.${branch}`, back.keys[branch]);
        put(`d.values.${branch}`, back.values[branch]);
        put(
          `d.gates.${branch}`,
          back.gates.filter((_, i) => i % 3 === b),
        );
      });
      for (const of of ["keys", "values"] as const)
        for (const part of PHI) {
          const of1 = back.compression![of]![part];
          add(`d.${of}.${part}`, of1, 0, of1.length);
        }
      at += Math.ceil(length / sizes.selectionBlock) * sizes.selectionBlock;
    }
  });
  return expected;
}

const shapes: Record<string, Shape> = {
  "one segment of many blocks": { rows: [[150]], time: 160, heads: 4, keyValueHeads: 2, headSize: 4, sizes: small },
  "rows of packed segments": {
    rows: [[5, 70, 1], [33, 47, 16], [112]],
    time: 112,
    heads: 4,
    keyValueHeads: 1,
    headSize: 8,
    sizes: small,
  },
  "no groups, blocks without overlap, one block chosen by force": {
    rows: [[96], [7, 60]],
    time: 96,
    heads: 2,
    keyValueHeads: 2,
    headSize: 4,
    sizes: { ...small, compressionStride: 8, selectedBlocks: 2, initialBlocks: 0, localBlocks: 1, window: 1 },
  },
  "a group of 16 and a window longer than a block": {
    rows: [[128]],
    time: 128,
    heads: 16,
    keyValueHeads: 1,
    headSize: 4,
    sizes: { ...small, compressionStride: 2, selectedBlocks: 5, localBlocks: 1, window: 40 },
  },
  "less than one compressed block": { rows: [[7]], time: 16, heads: 2, keyValueHeads: 1, headSize: 4, sizes: small },
};

for (const [name, shape] of Object.entries(shapes))
  for (const options of [
    { selected: "dense" },
    { selected: "tiles" },
    { selected: "dense", queryChunk: 32 },
    { selected: "tiles", queryChunk: 48 },
  ] as SparseRowOptions[])
    test(`forward and backward are the reference's: ${name}, ${JSON.stringify(options)}`, async () => {
      const feeds = operandsOf(shape, pseudoRandom(11));
      const { found, cotangent } = await compute(shape, feeds, options);
      const expected = expectedOf(shape, feeds, cotangent);
      assert.equal(Object.keys(expected).length, Object.keys(found).length);
      for (const [part, numbers] of Object.entries(expected)) {
        const actual = found[part].shape.length === 4 ? byToken(found[part]) : found[part].data;
        // Scores that all rise by the same change nothing: the gradient of the keys' last bias is 0 but for rounding.
        let [difference, size] = [0, part === "d.keys.bias2" ? 1 : 1e-3];
        numbers.forEach((x, i) => {
          if (part === "output" && !isReal(shape, i, numbers.length)) return; // padding computes something, unread
          difference = Math.max(difference, Math.abs(x - Number(actual[i])));
          size = Math.max(size, Math.abs(x));
        });
        const bound = part === "output" ? 1e-5 : 1e-4;
        assert.ok(difference <= bound * size, `${part}: relative error ${difference / size}`);
      }
    });

/** Whether entry i of an output [R · T, ..] belongs to a token of a segment. */
function isReal({ rows, time, sizes }: Shape, i: number, length: number): boolean {
  const token = Math.floor(i / (length / (rows.length * time)));
  let at = token - (token % time);
  for (const segment of rows[Math.floor(token / time)]) {
    if (token >= at && token < at + segment) return true;
    at += Math.ceil(segment / sizes.selectionBlock) * sizes.selectionBlock;
  }
  return false;
}
