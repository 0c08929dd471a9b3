// Small kernels that read each row of the output once: gates, and what the backward pass needs of each row.
import { joinRow } from "../subgroups.ts";
import { entry } from "../tile.ts";

/** output = Σ gate · part. Buffers: compressed, selected, window_, gates, output. One thread for each vec4. */
export const combineCode = (valueDim: number): string => `${entry(64)}
  let at = unit * 64u + lid;
  if (at >= params.rows * ${valueDim / 4}u) { return; }
  let row = at / ${valueDim / 4}u * 3u;
  output[at] = gates[row] * compressed[at] + gates[row + 1u] * selected[at] + gates[row + 2u] * window_[at];
}`;

/** Float32 to float16, what is beyond its range being cut to 65,504. Buffers: numbers, packed. One thread for each vec4. */
export const packCode: string = `${entry(64)}
  let at = unit * 64u + lid;
  if (at >= params.count) { return; }
  let x = clamp(numbers[at], vec4<f32>(-65504.0), vec4<f32>(65504.0));
  packed[at] = vec2<u32>(pack2x16float(x.xy), pack2x16float(x.zw));
}`;

/** log Σ exp of a part of the keys, of a row that sees none of them: any other is larger. */
export const noneSeen = -3e38;

/**
 * One attention of those over parts of the keys (queries.ts). Buffers: parts, partSums (their logSumExp, `noneSeen` for none),
 * output, logSumExp. One thread for each vec4.
 */
export const mergeCode = (valueDim: number): string => `${entry(64)}
  let at = unit * 64u + lid;
  if (at >= params.rows * ${valueDim / 4}u) { return; }
  let row = at / ${valueDim / 4}u;
  var top = ${noneSeen};
  for (var i = 0u; i < params.parts; i++) { top = max(top, partSums[i * params.rows + row]); }
  var total = 0.0;
  var sum = vec4<f32>();
  for (var i = 0u; i < params.parts; i++) {
    let weight = select(0.0, exp(partSums[i * params.rows + row] - top), top > -1e38);
    total += weight;
    sum += weight * parts[i * params.rows * ${valueDim / 4}u + at];
  }
  output[at] = select(vec4<f32>(), sum / total, total != 0.0);
  if (at % ${valueDim / 4}u == 0u) { logSumExp[row] = select(bitcast<f32>(params.nothing), top + log(total), total != 0.0); }
}`;

/** float16 to float32. Buffers: packed, numbers. One thread for each vec4. */
export const unpackCode: string = `${entry(64)}
  let at = unit * 64u + lid;
  if (at < params.count) { numbers[at] = vec4<f32>(unpack2x16float(packed[at].x), unpack2x16float(packed[at].y)); }
}`;

/**
 * rowStats[row] = (logSumExp · log₂e, δ, gate, 0), where δ = gate · dO·O. Buffers: output, outputGradient, logSumExp,
 * rowStats and, for a branch, gates and gatesGradient, whose gradient is dO·O. 16 threads for each row.
 */
export const rowStatsCode = (valueDim: number, gated: boolean, lanes: number): string => `
var<workgroup> sums: array<f32, 64>;
${entry(64)}
  let row = unit * 4u + tr;
  var sum = 0.0;
  if (row < params.rows) {
    for (var i = tc; i < ${valueDim / 4}u; i += 16u) {
      sum += dot(output[row * ${valueDim / 4}u + i], outputGradient[row * ${valueDim / 4}u + i]);
    }
  }
  ${joinRow(lanes, "sum", (a, b) => `${a} + ${b}`, "sums")}
  if (tc != 0u || row >= params.rows) { return; }
  ${gated ? "let gate = gates[row * 3u + params.branch]; gatesGradient[row * 3u + params.branch] = sum;" : "let gate = 1.0;"}
  rowStats[row] = vec4<f32>(logSumExp[row] * ${Math.LOG2E}, gate * sum, gate, 0.0);
}`;
