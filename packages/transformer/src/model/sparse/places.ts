/**
 * Where things lie in rows of packed segments. Segments begin at multiples of l' (see `arrangeRows`), so compressed and
 * selection blocks lie on one grid for all rows, and only masks depend on the segments.
 *
 * @module
 */
import {
  add,
  and,
  cast,
  concat,
  constant,
  equal,
  full,
  greaterOrEqual,
  less,
  maskBias,
  mul,
  or,
  reshape,
  slice,
  sum,
  type Tensor,
  unsqueeze,
  where,
} from "@gradus/autodiff";
import type { Sparsity } from "../../files/sparsity.ts";

/** Added to the importance of blocks that are always chosen, and subtracted for those that are not there. */
export const ALWAYS = 1e6;

/** Masks of rows [R, T], for a chunk of queries at a time. */
export interface Places {
  readonly time: number;
  /** Segment of each token, [R, T]. */
  readonly segments: Tensor;
  /** [R, 1, T, 1]: 1 where a query sees a compressed block, else 0. */
  readonly seesCompressed: Tensor;
  /** How many compressed blocks the last query before `to` may see. */
  compressedBefore(to: number): number;
  /** What to add to the scores of queries `from` to `to` and the compressed blocks before: [R, 1, queries, blocks]. */
  compressedBias(from: number, to: number): Tensor;
  /** What to add to the importance of selection blocks, [R, 1, queries, columns]: ±ALWAYS, or 0 where the choice is free. */
  choiceBias(from: number, to: number, columns: number): Tensor;
}

const integers = (values: readonly number[], shape: readonly number[]): Tensor => constant(values, shape, "int32");
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Every `step`-th entry of each row, from the first on: [R, T] → [R, T / step]. */
function every(x: Tensor, step: number): Tensor {
  const [rows, time] = x.shape;
  const steps = Number(time) / step;
  return reshape(slice(reshape(x, [rows, steps, step]), 2, 0, 1), [rows, steps]);
}

/** The masks of rows whose segment ids are `segments` [R, T], T a multiple of l'. */
export function placesOf(segments: Tensor, sizes: Required<Sparsity>): Places {
  const { compressionBlock: l, compressionStride: d, selectionBlock, initialBlocks, localBlocks } = sizes;
  const time = Number(segments.shape[1]);
  const blocks = time / selectionBlock;
  const ofStride = every(segments, d);
  const ofBlock = every(segments, selectionBlock);

  // How many blocks of the same segment come before each block: [R, B].
  const earlier = constant(
    range(0, blocks * blocks).map((i) => Number(Math.floor(i / blocks) > i % blocks)),
    [1, blocks, blocks],
    "float32",
  );
  const same = cast(equal(unsqueeze(ofBlock, [2]), unsqueeze(ofBlock, [1])), "float32");
  const rank = sum(mul(same, earlier), { axes: [2] });

  const before =
    l === 1
      ? segments
      : concat([mul(add(slice(segments, 1, 0, l - 1), 1), -1), slice(segments, 1, 0, time - l + 1)], 1);
  const sees = cast(equal(before, segments), "float32");

  const compressedBefore = (to: number) => Math.floor((to - l) / d) + 1;
  const segmentsOf = (from: number, to: number) => unsqueeze(slice(segments, 1, from, to), [2]);
  return {
    time,
    segments,
    seesCompressed: unsqueeze(sees, [1, 3]),
    compressedBefore,
    compressedBias: (from, to) => {
      const count = compressedBefore(to);
      const ends = integers(
        range(0, count).map((c) => c * d + l - 1),
        [1, count],
      );
      const complete = greaterOrEqual(integers(range(from, to), [to - from, 1]), ends);
      const theirs = unsqueeze(slice(ofStride, 1, 0, count), [1]);
      return maskBias(unsqueeze(and(equal(segmentsOf(from, to), theirs), complete), [1]));
    },
    choiceBias: (from, to, columns) => {
      const count = Math.min(blocks, columns);
      const own = integers(
        range(from, to).map((t) => Math.floor(t / selectionBlock)),
        [to - from, 1],
      );
      const numbers = integers(range(0, count), [1, count]);
      const theirs = unsqueeze(slice(ofBlock, 1, 0, count), [1]);
      const visible = and(equal(segmentsOf(from, to), theirs), greaterOrEqual(own, numbers));
      const initial = unsqueeze(less(slice(rank, 1, 0, count), initialBlocks), [1]);
      const local = less(own, add(numbers, localBlocks));
      const bias = where(visible, where(or(initial, local), ALWAYS, 0), -ALWAYS);
      const more = full([segments.shape[0], to - from, columns - count], -ALWAYS);
      return unsqueeze(columns > count ? concat([bias, more], 2) : bias, [1]);
    },
  };
}
