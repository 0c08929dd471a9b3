import assert from "node:assert/strict";
import { test } from "node:test";
import type { Shape } from "../ir/dims.ts";
import { constant, type DType, scalar, type Tensor } from "../ir/tensor.ts";
import { apply, applyAll, dims, gatherRows, pick, reshape, rotaryTables, slice, streamedLogProbs } from "../ops/mod.ts";
import { type Check, checkGradients, Numbers, type Operand } from "./gradient_check_test_util.ts";
import { rules } from "./rules.ts";

const integers = (...values: number[]): Tensor => constant(values, [values.length], "int64");
const between =
  (low: number, high: number): Operand["draw"] =>
  (numbers) =>
    numbers.uniform(low, high);
const positive = between(0.3, 2);
/** Away from 0, of either sign: for what has a kink or a pole there. */
const awayFromZero: Operand["draw"] = (numbers) => numbers.uniform(0.2, 1.5) * (numbers.uniform() < 0.5 ? -1 : 1);
/** Away from the integers and their halves. */
const awayFromSteps: Operand["draw"] = (numbers) => numbers.integer(-2, 2) + numbers.uniform(0.1, 0.4);
/** No two within 0.05 of each other: for what depends on order. */
const distinct = (): Operand["draw"] => {
  let order: number[] = [];
  return (numbers, index, size) => {
    if (index === 0) order = numbers.permutation(size);
    return order[index] * 0.1 - 0.5;
  };
};
const indicesBelow =
  (count: number): Operand["draw"] =>
  (numbers) =>
    numbers.integer(0, count - 1);

/** Shapes of one operand: scalar, vector, matrix, symbolic, with an axis of size 1. */
function shapes(numbers: Numbers): Shape[] {
  const size = () => numbers.integer(2, 4);
  return [[], [size()], [size(), size()], ["batch", size()], ["batch", 1, size()]];
}

/** Pairs of shapes that broadcast: equal, stretched on either side or on both, of different rank, symbolic. */
function pairs(numbers: Numbers): [Shape, Shape][] {
  const [a, b, c] = [numbers.integer(2, 4), numbers.integer(2, 4), numbers.integer(2, 3)];
  return [
    [
      [a, b],
      [a, b],
    ],
    [[a, b], [b]],
    [[b], [a, b]],
    [
      [a, 1],
      [1, b],
    ],
    [[], [a, b]],
    [
      ["batch", a],
      ["batch", 1],
    ],
    [[a], ["batch", 1]],
    [
      ["batch", a, b],
      [c, 1, a, 1],
    ],
  ];
}

const unary =
  (operator: string, draw?: Operand["draw"], attributes = {}, extra: Partial<Check> = {}) =>
  (numbers: Numbers): Check[] =>
    shapes(numbers).map((shape) => ({
      operands: [{ shape, draw }],
      build: (x) => apply(operator, [x], attributes),
      ...extra,
    }));

const binary =
  (operator: string, drawA?: Operand["draw"], drawB: Operand["draw"] = drawA) =>
  (numbers: Numbers): Check[] =>
    pairs(numbers).map(([a, b]) => ({
      operands: [
        { shape: a, draw: drawA },
        { shape: b, draw: drawB },
      ],
      build: (x, y) => apply(operator, [x, y]),
    }));

/** Reductions over all, over one axis, over several, kept and dropped, symbolic. */
const reduction =
  (operator: string, draw?: () => Operand["draw"]) =>
  (numbers: Numbers): Check[] => {
    const [a, b, c] = [numbers.integer(2, 4), numbers.integer(2, 4), numbers.integer(2, 3)];
    const cases: [Shape, number[] | undefined, number][] = [
      [[a, b], undefined, 0],
      [[a, b, c], [1], 0],
      [[a, b, c], [0, -1], 1],
      [["batch", a, b], [0], 0],
      [["batch", a, b], [-1], 1],
      [["batch", a], undefined, 1],
    ];
    return cases.map(([shape, axes, keepdims]) => ({
      operands: [{ shape, draw: draw?.() }],
      build: (x) => apply(operator, [x, axes && integers(...axes)], { keepdims }),
    }));
  };

const alongAxis =
  (operator: string) =>
  (numbers: Numbers): Check[] => {
    const [a, b, c] = [numbers.integer(2, 4), numbers.integer(2, 4), numbers.integer(2, 3)];
    const cases: [Shape, number][] = [
      [[a], 0],
      [[a, b], -1],
      [[a, b, c], 1],
      [["batch", a], -1],
      [["batch", a], 0],
      [[a, "batch"], 1],
    ];
    return cases.map(([shape, axis]) => ({
      operands: [{ shape }],
      build: (x) => apply(operator, [x], { axis }),
    }));
  };

const extremum = (operator: string) => (numbers: Numbers) => {
  // Steps of 0.1 and an offset of 0.05 between the operands: no ties.
  const [low, high] = [distinct(), distinct()];
  const offset: Operand["draw"] = (from, index, size) => high!(from, index, size) + 0.05;
  const two = binary(operator, low, offset)(numbers);
  const third = (from: Numbers, index: number, size: number) => low!(from, index, size) + 0.025;
  const three: Check = {
    operands: [
      { shape: [3, 4], draw: low },
      { shape: [4], draw: offset },
      { shape: [3, 1], draw: third },
    ],
    build: (...operands) => apply(operator, operands),
  };
  return [...two, three];
};

/** What every rule in the table is checked with. */
const checks: Record<string, (numbers: Numbers) => Check[]> = {
  Identity: unary("Identity"),
  Dropout: unary("Dropout"),
  Cast: (numbers) =>
    shapes(numbers).map((shape) => ({
      operands: [{ shape }],
      dtype: "float32",
      build: (x) => apply("Sin", [apply("Cast", [x], { to: 11 })]),
    })),
  Add: binary("Add"),
  Sub: binary("Sub"),
  Mul: binary("Mul"),
  Div: binary("Div", between(-1, 1), awayFromZero),
  Pow: (numbers) => [
    ...binary("Pow", positive, between(-2, 2))(numbers),
    {
      operands: [{ shape: ["batch", 3], draw: awayFromZero }],
      build: (x) => apply("Pow", [x, scalar(2, "float64")]),
    },
    { operands: [{ shape: [3], draw: awayFromZero }], build: (x) => apply("Pow", [x, scalar(3, "int64")]) },
  ],
  Neg: unary("Neg"),
  Abs: unary("Abs", awayFromZero),
  Exp: unary("Exp"),
  Log: unary("Log", positive),
  Sqrt: unary("Sqrt", positive),
  Reciprocal: unary("Reciprocal", awayFromZero),
  Sin: unary("Sin", between(-3, 3)),
  Cos: unary("Cos", between(-3, 3)),
  Sigmoid: unary("Sigmoid", between(-4, 4)),
  Tanh: unary("Tanh", between(-2, 2)),
  Relu: unary("Relu", awayFromZero),
  LeakyRelu: (numbers) => [
    ...unary("LeakyRelu", awayFromZero)(numbers),
    ...unary("LeakyRelu", awayFromZero, { alpha: { float: 0.25 } })(numbers),
  ],
  Elu: (numbers) => [
    ...unary("Elu", awayFromZero)(numbers),
    ...unary("Elu", awayFromZero, { alpha: { float: 0.5 } })(numbers),
  ],
  HardSwish: unary("HardSwish", (numbers) => [-4, -2, 1, 4][numbers.integer(0, 3)] + numbers.uniform(-0.9, 0.9)),
  Softplus: unary("Softplus", between(-3, 3)),
  Erf: unary("Erf", between(-2, 2), {}, { dtype: "float32" }),
  Gelu: unary("Gelu", between(-3, 3), {}, { dtype: "float32" }),
  // ONNX Runtime's kernel wants at least one axis.
  FastGelu: (numbers) =>
    unary(
      "FastGelu",
      between(-3, 3),
      {},
      { dtype: "float32" },
    )(numbers).filter(({ operands }) => operands[0].shape.length > 0),
  QuickGelu: (numbers) => [
    ...unary("QuickGelu", between(-3, 3), { alpha: { float: 1.5 } })(numbers),
    ...unary("QuickGelu", between(-3, 3), {}, { tolerance: 1e-6 })(numbers),
  ],
  Clip: (numbers) =>
    shapes(numbers).flatMap((shape) =>
      [
        [-0.5, 0.5],
        [-0.5, undefined],
        [undefined, 0.5],
      ].map(([low, high]) => ({
        operands: [{ shape, draw: (from: Numbers) => from.integer(-1, 1) + from.uniform(-0.4, 0.4) }],
        build: (x: Tensor) =>
          apply("Clip", [
            x,
            low === undefined ? undefined : scalar(low, x.dtype),
            high === undefined ? undefined : scalar(high, x.dtype),
          ]),
      })),
    ),
  Where: (numbers) =>
    pairs(numbers).flatMap(([a, b]) =>
      [a, b, [1]].map((shape) => ({
        operands: [{ shape, dtype: "bool" as DType, draw: indicesBelow(2) }, { shape: a }, { shape: b }],
        build: (condition: Tensor, x: Tensor, y: Tensor) => apply("Where", [condition, x, y]),
      })),
    ),
  Max: extremum("Max"),
  Min: extremum("Min"),
  Sign: unary("Sign", awayFromZero),
  Floor: unary("Floor", awayFromSteps),
  Ceil: unary("Ceil", awayFromSteps),
  Round: unary("Round", awayFromSteps),

  MatMul: (numbers) => {
    const [a, b, c, d] = [2, 3, 2, 2].map((size) => size + numbers.integer(0, 1));
    const cases: [Shape, Shape][] = [
      [
        [a, b],
        [b, c],
      ],
      [[b], [b]],
      [[b], [b, c]],
      [[a, b], [b]],
      [
        [d, a, b],
        [b, c],
      ],
      [[d, a, b], [b]],
      [[b], [d, b, c]],
      [
        [a, b],
        [d, b, c],
      ],
      [
        [d, a, b],
        [d, b, c],
      ],
      [
        [d, 1, a, b],
        [c, b, a],
      ],
      [
        ["batch", b],
        [b, c],
      ],
      [
        ["batch", a, b],
        [b, c],
      ],
      [
        ["batch", a, b],
        ["batch", b, c],
      ],
      [
        ["batch", d, "time", b],
        ["batch", 1, b, "time"],
      ],
    ];
    return cases.map(([left, right]) => ({
      operands: [{ shape: left }, { shape: right }],
      symbols: { batch: 2, time: 3 },
      build: (x, y) => apply("MatMul", [x, y]),
    }));
  },
  Einsum: () => {
    const cases: [string, Shape[]][] = [
      [
        "ij,jk->ik",
        [
          [2, 3],
          [3, 4],
        ],
      ],
      [
        "btd,de->bte",
        [
          ["batch", 2, 3],
          [3, 2],
        ],
      ],
      [
        "bhqd,bhkd->bhqk",
        [
          ["batch", 2, 3, 2],
          ["batch", 2, 2, 2],
        ],
      ],
      [
        "ij,jk",
        [
          [2, 3],
          [3, 4],
        ],
      ],
      ["ij->ji", [[2, 3]]],
      ["ij->j", [[2, 3]]],
      ["i,jk,k->i", [[2], [3, 4], [4]]],
    ];
    return cases.map(([equation, operands]) => ({
      operands: operands.map((shape) => ({ shape })),
      build: (...x: Tensor[]) => apply("Einsum", x, { equation }),
    }));
  },
  Gemm: (numbers) => {
    const [m, k, n] = [2, 3, 2].map((size) => size + numbers.integer(0, 1));
    return [0, 1].flatMap((transA) =>
      [0, 1].flatMap((transB) =>
        [[], [n], [m, 1], [m, n], undefined].map((bias, i) => ({
          operands: [
            { shape: transA ? [k, m] : [m, k] },
            { shape: transB ? [n, k] : [k, n] },
            ...(bias ? [{ shape: bias }] : []),
          ],
          build: (a: Tensor, b: Tensor, c?: Tensor) =>
            apply(
              "Gemm",
              [a, b, c],
              i % 2 ? { transA, transB } : { transA, transB, alpha: { float: 0.5 }, beta: { float: 2 } },
            ),
        })),
      ),
    );
  },

  ReduceSum: reduction("ReduceSum"),
  ReduceMean: reduction("ReduceMean"),
  ReduceMax: reduction("ReduceMax", distinct),
  ReduceMin: reduction("ReduceMin", distinct),
  ReduceSumSquare: reduction("ReduceSumSquare"),
  ReduceL2: reduction("ReduceL2", () => awayFromZero),
  ReduceLogSumExp: reduction("ReduceLogSumExp"),
  Softmax: alongAxis("Softmax"),
  LogSoftmax: alongAxis("LogSoftmax"),
  CumSum: () =>
    [
      { reverse: 0, exclusive: 0 },
      { reverse: 1, exclusive: 0 },
      { reverse: 0, exclusive: 1 },
      { reverse: 1, exclusive: 1 },
    ].flatMap((attributes) =>
      [0, 1, -1].map((axis) => ({
        operands: [{ shape: ["batch", 3] }],
        build: (x: Tensor) => apply("CumSum", [x, scalar(axis, "int64")], attributes),
      })),
    ),
  TopK: () =>
    [
      { axis: -1, largest: 1 },
      { axis: 0, largest: 1 },
      { axis: 1, largest: 0 },
    ].map((attributes) => ({
      operands: [{ shape: [3, 4], draw: distinct() }],
      build: (x: Tensor) => applyAll("TopK", [x, integers(2)], attributes, { outputs: 2 })[0],
    })),

  LayerNormalization: (numbers) => {
    const size = numbers.integer(3, 5);
    const cases: Shape[] = [[size], [2, size], ["batch", 2, size]];
    return cases.flatMap((shape) =>
      [true, false].map((biased) => ({
        operands: [{ shape, draw: between(-2, 2) }, { shape: [size] }, ...(biased ? [{ shape: [size] }] : [])],
        tolerance: 1e-6,
        build: (x: Tensor, weight: Tensor, bias?: Tensor) =>
          applyAll("LayerNormalization", [x, weight, bias], { axis: -1, epsilon: { float: 1e-3 } })[0],
      })),
    );
  },
  SimplifiedLayerNormalization: (numbers) => {
    const size = numbers.integer(3, 5);
    const cases: Shape[] = [[size], [2, size], ["batch", 2, size]];
    return cases.map((shape) => ({
      operands: [{ shape, draw: between(-2, 2) }, { shape: [size] }],
      tolerance: 1e-6,
      build: (x, weight) =>
        applyAll("SimplifiedLayerNormalization", [x, weight], { axis: -1, epsilon: { float: 1e-3 } })[0],
    }));
  },

  Reshape: () => [
    { operands: [{ shape: [2, 6] }], build: (x) => reshape(x, [3, 4]) },
    { operands: [{ shape: [2, 6] }], build: (x) => apply("Reshape", [x, integers(0, -1, 2)]) },
    { operands: [{ shape: ["batch", 6] }], build: (x) => reshape(x, ["batch", 2, 3]) },
    {
      operands: [{ shape: ["batch", "time", 4] }],
      symbols: { batch: 2, time: 3 },
      build: (x) => reshape(x, ["batch*time", 4]),
    },
    {
      operands: [{ shape: ["batch", "time", 4] }],
      symbols: { batch: 2, time: 3 },
      build: (x) => reshape(x, ["batch", "time", 2, 2]),
    },
  ],
  Flatten: () =>
    [0, 1, 2, 3, -1].map((axis) => ({
      operands: [{ shape: ["batch", 2, 3] }],
      build: (x: Tensor) => apply("Flatten", [x], { axis }),
    })),
  Squeeze: () => [
    { operands: [{ shape: [1, "batch", 1] }], build: (x) => apply("Squeeze", [x, integers(0, -1)]) },
    { operands: [{ shape: [1, "batch", 1] }], build: (x) => apply("Squeeze", [x, integers(2)]) },
    { operands: [{ shape: [1, 3, 1] }], build: (x) => apply("Squeeze", [x]) },
  ],
  Unsqueeze: () => [
    { operands: [{ shape: ["batch", 2] }], build: (x) => apply("Unsqueeze", [x, integers(0, -1)]) },
    { operands: [{ shape: ["batch", 2] }], build: (x) => apply("Unsqueeze", [x, integers(-1, 1)]) },
    { operands: [{ shape: [] }], build: (x) => apply("Unsqueeze", [x, integers(0)]) },
  ],
  Transpose: () => [
    { operands: [{ shape: ["batch", 2, 4] }], build: (x) => apply("Transpose", [x], { perm: [2, 0, 1] }) },
    { operands: [{ shape: ["batch", 2, 4] }], build: (x) => apply("Transpose", [x], { perm: [1, 2, 0] }) },
    { operands: [{ shape: ["batch", 2] }], build: (x) => apply("Transpose", [x]) },
  ],
  Expand: () => [
    { operands: [{ shape: [3, 1] }], build: (x) => apply("Expand", [x, integers(2, 3, 4)]) },
    { operands: [{ shape: [1, 3] }], build: (x) => apply("Expand", [x, integers(2, 1)]) },
    { operands: [{ shape: ["batch", 1] }], build: (x) => apply("Expand", [x, dims(["batch", 4])]) },
    {
      operands: [{ shape: [] }, { shape: ["batch"], differentiate: false }],
      build: (x, y) => apply("Expand", [x, apply("Shape", [y])]),
    },
  ],
  Tile: () => [
    { operands: [{ shape: [2, 3] }], build: (x) => apply("Tile", [x, integers(2, 3)]) },
    { operands: [{ shape: ["batch", 2] }], build: (x) => apply("Tile", [x, integers(3, 1)]) },
  ],
  Slice: () => {
    const cut =
      (starts: number[], ends: number[], axes?: number[], steps?: number[]) =>
      (x: Tensor): Tensor =>
        apply("Slice", [
          x,
          integers(...starts),
          integers(...ends),
          axes && integers(...axes),
          steps && integers(...steps),
        ]);
    const fixed = [
      cut([1], [3]),
      cut([1, 0], [9, -1]),
      cut([-2], [Number.MAX_SAFE_INTEGER], [1]),
      cut([0], [5], [1], [2]),
      cut([1], [5], [-1], [3]),
      cut([-1], [Number.MIN_SAFE_INTEGER], [1], [-1]),
      cut([3, 0], [0, 4], [0, 1], [-2, 1]),
      cut([-9], [-3], [1]),
    ];
    const symbolic = [cut([1], [Number.MAX_SAFE_INTEGER], [0]), cut([0], [-1], [0]), cut([-2], [-1], [0])];
    return [
      ...fixed.map((build) => ({ operands: [{ shape: [4, 5] }], build })),
      ...symbolic.map((build) => ({ operands: [{ shape: ["batch", 2] as Shape }], build })),
      {
        operands: [{ shape: ["batch", 5] as Shape }, { shape: ["short"] as Shape, differentiate: false }],
        symbols: { batch: 3, short: 2 },
        build: (x: Tensor) => slice(x, 0, 0, "short"),
      },
    ];
  },
  Concat: () => [
    {
      operands: [{ shape: [2, 3] }, { shape: [2, 1] }, { shape: [2, 2] }],
      build: (...x) => apply("Concat", x, { axis: 1 }),
    },
    { operands: [{ shape: ["batch", 2] }, { shape: ["batch", 3] }], build: (...x) => apply("Concat", x, { axis: -1 }) },
    {
      operands: [{ shape: ["batch", 2] }, { shape: ["time", 2] }],
      symbols: { batch: 2, time: 3 },
      build: (...x) => apply("Concat", x, { axis: 0 }),
    },
  ],
  Split: () => [
    {
      operands: [{ shape: [6, 2] }],
      build: (x) => applyAll("Split", [x, integers(1, 3, 2)], { axis: 0 }, { outputs: 3 }),
    },
    // Of the second part nothing is used: its cotangent is zero.
    {
      operands: [{ shape: ["batch", 6] }],
      build: (x) => applyAll("Split", [x, integers(1, 3, 2)], { axis: 1 }, { outputs: 3 }).filter((_, i) => i !== 1),
    },
    {
      operands: [{ shape: ["batch", 6] }],
      build: (x) => applyAll("Split", [x, integers(1, 3, 2)], { axis: -1 }, { outputs: 3 }).slice(2),
    },
    {
      operands: [{ shape: ["batch", 6] }],
      build: (x) => applyAll("Split", [x], { axis: 1, num_outputs: 3 }, { outputs: 3 }),
    },
  ],
  Pad: () => [
    { operands: [{ shape: [2, 3] }], build: (x) => apply("Pad", [x, integers(1, 0, 2, 1)]) },
    { operands: [{ shape: [4, 3] }], build: (x) => apply("Pad", [x, integers(-1, 2, 0, -1)]) },
    { operands: [{ shape: [2, 3] }], build: (x) => apply("Pad", [x, integers(1, 2), undefined, integers(1)]) },
    { operands: [{ shape: ["batch", 3] }], build: (x) => apply("Pad", [x, integers(1, 0, 1, 1)]) },
    { operands: [{ shape: [2, "batch"] }], build: (x) => apply("Pad", [x, dims(["batch", 0, 0, "batch"])]) },
  ],
  Trilu: () =>
    [0, 1].flatMap((upper) =>
      [undefined, 1, -1].map((k) => ({
        operands: [{ shape: ["batch", 3, 4] }],
        build: (x: Tensor) => apply("Trilu", [x, k === undefined ? undefined : scalar(k, "int64")], { upper }),
      })),
    ),

  Gather: () => {
    const cases: [Shape, Shape, number, number][] = [
      [[5, 2], [3], 0, 5],
      [[5, 2], [], 0, 5],
      [[5, 2], [2, 3], 0, 5],
      [[5, 2], ["batch", 2], 0, 5],
      [[2, 4], [3], 1, 4],
      [[2, 4], [], -1, 4],
      [[2, 4], [2, 2], 1, 4],
      [[4, 2], [3], -2, 4],
      [["batch", 4, 2], [3], 1, 4],
      [["batch", 4, 2], ["batch", 2], -2, 4],
      [["batch", 2], [2, 2], 0, 3],
    ];
    return cases.flatMap(([shape, indices, axis, size]) =>
      (["int32", "int64"] as const).map((dtype) => ({
        operands: [{ shape }, { shape: indices, dtype, draw: (from: Numbers) => from.integer(-size, size - 1) }],
        build: (x: Tensor, at: Tensor) => apply("Gather", [x, at], { axis }),
      })),
    );
  },
  GatherElements: () => [
    {
      operands: [{ shape: [3, 4] }, { shape: [3, 2], dtype: "int64", draw: indicesBelow(4) }],
      build: (x, at) => apply("GatherElements", [x, at], { axis: 1 }),
    },
    {
      operands: [{ shape: [3, 4] }, { shape: [5, 4], dtype: "int32", draw: indicesBelow(3) }],
      build: (x, at) => apply("GatherElements", [x, at]),
    },
    {
      operands: [{ shape: ["batch", 2, 4] }, { shape: ["batch", 2], dtype: "int32", draw: indicesBelow(4) }],
      build: (x, at) => pick(x, at),
    },
  ],
  GatherRows: () => [
    // Rows 0 to 3 go to 3, 1; 0; none; 2, 4. Place 5 is named by no row: its cotangent goes nowhere.
    {
      operands: [{ shape: [4, 2, 3] }],
      build: (x) =>
        slice(
          gatherRows(x, integers(1, 0, 3, 0, 3, 2), constant([3, 1, 0, -1, -1, -1, 4, 2], [4, 2], "int64")),
          0,
          0,
          5,
        ),
    },
    {
      operands: [{ shape: [3, 2] }],
      build: (x) => gatherRows(x, integers(2, 0, 1), constant([1, 2, 0], [3, 1], "int32")),
    },
    {
      operands: [{ shape: [3, 2] }],
      build: (x) => gatherRows(x, integers(2, 0, 1), constant([1, 2, 0], [3, 1], "int32"), { complete: true }),
    },
    {
      operands: [{ shape: [2, 3] }],
      build: (x) => gatherRows(x, integers(1, 0, 0, 1), constant([1, 2, 0, 3], [2, 2], "int64"), { complete: true }),
    },
  ],
  GatherND: () => [
    {
      operands: [{ shape: [3, 3, 2] }, { shape: [4, 2], dtype: "int64", draw: indicesBelow(3) }],
      build: (x, at) => apply("GatherND", [x, at]),
    },
    {
      operands: [{ shape: [3, 3] }, { shape: ["batch", 2, 1], dtype: "int64", draw: indicesBelow(3) }],
      build: (x, at) => apply("GatherND", [x, at]),
    },
  ],
  ScatterND: () =>
    ["add", "none"].flatMap((reduction) => [
      {
        operands: [{ shape: [4, 2] as Shape }, { shape: [2, 2] as Shape }],
        build: (x: Tensor, y: Tensor) => apply("ScatterND", [x, constant([3, 1], [2, 1], "int64"), y], { reduction }),
      },
      {
        operands: [{ shape: ["batch", 2, 2] as Shape }, { shape: [2, 2] as Shape }],
        build: (x: Tensor, y: Tensor) =>
          apply("ScatterND", [x, constant([0, 1, 2, 0], [2, 2], "int64"), y], { reduction }),
      },
    ]),
  ScatterElements: () =>
    ["add", "none"].flatMap((reduction) => [
      {
        operands: [{ shape: [2, 4] as Shape }, { shape: [2, 2] as Shape }],
        build: (x: Tensor, y: Tensor) =>
          apply("ScatterElements", [x, constant([3, 1, 0, 2], [2, 2], "int64"), y], { axis: -1, reduction }),
      },
      {
        operands: [{ shape: ["batch", 2] as Shape }, { shape: [2, 1] as Shape }],
        build: (x: Tensor, y: Tensor) =>
          apply("ScatterElements", [x, constant([2, 0], [2, 1], "int64"), y], { reduction }),
      },
    ]),
  RotaryEmbedding: () => {
    const tables = rotaryTables(8, 6, 100);
    return [0, 1].map((interleaved) => ({
      operands: [
        { shape: ["batch", 2, 3, 6] as Shape },
        { shape: ["batch", 3] as Shape, dtype: "int64" as DType, draw: indicesBelow(8) },
      ],
      dtype: "float32" as DType,
      // Linear in x: a wide step costs nothing.
      step: 0.5,
      tolerance: 1e-4,
      build: (x: Tensor, positions: Tensor) =>
        apply("RotaryEmbedding", [x, positions, tables.cos, tables.sin], { interleaved }),
    }));
  },
  StreamedLogProbs: () =>
    (
      [
        [6, 3],
        [5, 2],
        ["batch", 2],
        [4, 8],
      ] as [number | "batch", number][]
    ).flatMap(([tokens, chunk]) =>
      (["both", "logProbs", "entropies"] as const).map((wanted) => ({
        operands: [
          { shape: [tokens, 3] },
          { shape: [3, 5] },
          { shape: [tokens], dtype: "int32" as DType, draw: indicesBelow(5) },
        ],
        build: (hidden: Tensor, weight: Tensor, targets: Tensor) => {
          const { logProbs, entropies } = streamedLogProbs(hidden, weight, targets, { chunk });
          return wanted === "both" ? [logProbs, entropies] : wanted === "logProbs" ? logProbs : entropies;
        },
      })),
    ),
};

test("every rule in the table has a check", () => {
  assert.deepEqual(Object.keys(checks).sort(), Object.keys(rules).sort());
});

for (const [operator, make] of Object.entries(checks)) {
  test(`the rule of ${operator} agrees with finite differences`, async () => {
    const seed = [...operator].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) >>> 0, 7);
    for (const [i, check] of make(new Numbers(seed)).entries()) {
      const used = await checkGradients(check, seed + i, `${operator} #${i}`);
      assert.ok(used.has(operator), `the graph of ${operator} #${i} does not use it`);
    }
  });
}
