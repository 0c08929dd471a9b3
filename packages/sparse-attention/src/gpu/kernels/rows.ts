// Small kernels that read each row of the output once: gates, and what the backward pass needs of each row.
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

/**
 * rowStats[row] = (logSumExp · log₂e, δ, gate, 0), where δ = gate · dO·O. Buffers: output, outputGradient, logSumExp,
 * rowStats and, for a branch, gates and gatesGradient, whose gradient is dO·O. 16 threads for each row.
 */
export const rowStatsCode = (valueDim: number, gated: boolean): string => `
var<workgroup> sums: array<f32, 64>;
${entry(64)}
  let row = unit * 4u + tr;
  var sum = 0.0;
  if (row < params.rows) {
    for (var i = tc; i < ${valueDim / 4}u; i += 16u) {
      sum += dot(output[row * ${valueDim / 4}u + i], outputGradient[row * ${valueDim / 4}u + i]);
    }
  }
  sums[lid] = sum;
  workgroupBarrier();
  if (tc != 0u || row >= params.rows) { return; }
  sum = 0.0;
  for (var i = 0u; i < 16u; i++) { sum += sums[lid + i]; }
  ${gated ? "let gate = gates[row * 3u + params.branch]; gatesGradient[row * 3u + params.branch] = sum;" : "let gate = 1.0;"}
  rowStats[row] = vec4<f32>(logSumExp[row] * ${Math.LOG2E}, gate * sum, gate, 0.0);
}`;
