// φ and its gradients on the device: see cpu/compression.ts for what is computed.
import type { Compression, CompressionWeights } from "../cpu/compression.ts";
import { productCode, productWorkgroups, silu, sumCode } from "./kernels/compression.ts";
import { f32, out, type Runtime, u32 } from "./runtime.ts";

/** Sizes and the device's tables of one layout. */
export interface CompressPlace {
  tokens: number;
  /** All compressed blocks. */
  blocks: number;
  /** First token of each block, u32. */
  firstTokens: GPUBuffer;
  /** The stretch of blocks that each token lies in, u32 pairs. */
  covering: GPUBuffer;
  kvHeads: number;
  dim: number;
  /** l */
  span: number;
  /** Width of the hidden layer; 0 for the mean. */
  hidden: number;
}

const inputOf = ({ kvHeads, dim }: CompressPlace, m: string, k: string) => `
  let at = ((firstTokens[${m} / ${kvHeads}u] + ${k} / ${dim}u) * ${kvHeads}u + ${m} % ${kvHeads}u) * ${dim}u + ${k} % ${dim}u;
  return keys[at] + position[(${k} / ${dim}u * ${kvHeads}u + ${m} % ${kvHeads}u) * ${dim}u + ${k} % ${dim}u];`;

/** Compressed keys, and the hidden layer before its activation, which the backward pass needs. */
export async function compressOnDevice(
  runtime: Runtime,
  keys: GPUBuffer,
  weights: Compression<GPUBuffer>,
  place: CompressPlace,
): Promise<{ compressed: GPUBuffer; hidden: GPUBuffer | undefined }> {
  const { blocks, firstTokens, kvHeads, dim, span, hidden: width } = place;
  const rows = blocks * kvHeads;
  const compressed = runtime.buffer(rows * dim);
  if (!rows) return { compressed, hidden: undefined };
  if (!weights) {
    await runtime.run({
      label: "mean",
      code: sumCode(`let block = at / ${kvHeads * dim}u;
  for (var i = 0u; i < ${span}u; i++) { sum += keys[(firstTokens[block] + i) * ${kvHeads * dim}u + at % ${kvHeads * dim}u]; }
  sum /= ${span}.0;`),
      parameters: { n: rows * dim },
      buffers: { keys: f32(keys), firstTokens: u32(firstTokens), result: out(f32(compressed)) },
      workgroups: Math.ceil((rows * dim) / 64),
    });
    return { compressed, hidden: undefined };
  }
  const hidden = runtime.buffer(rows * width);
  await runtime.run({
    label: "φ layer 1",
    code: productCode(
      inputOf(place, "m", "k"),
      `return weight1[k * ${width}u + n];`,
      `hidden[m * ${width}u + n] = value + bias1[n];`,
      runtime.unroll,
    ),
    parameters: { m: rows, n: width, k: span * dim },
    buffers: {
      keys: f32(keys),
      firstTokens: u32(firstTokens),
      position: f32(weights.position),
      weight1: f32(weights.weight1),
      bias1: f32(weights.bias1),
      hidden: out(f32(hidden)),
    },
    workgroups: productWorkgroups(rows, width),
  });
  await runtime.run({
    label: "φ layer 2",
    code: productCode(
      `return silu(hidden[m * ${width}u + k]);`,
      `return weight2[k * ${dim}u + n];`,
      `compressed[m * ${dim}u + n] = value + bias2[n];`,
      runtime.unroll,
      silu,
    ),
    parameters: { m: rows, n: dim, k: width },
    buffers: {
      hidden: f32(hidden),
      weight2: f32(weights.weight2),
      bias2: f32(weights.bias2),
      compressed: out(f32(compressed)),
    },
    workgroups: productWorkgroups(rows, dim),
  });
  return { compressed, hidden };
}

/** Gradients: of the keys into `keysGradient` (written), of the weights in buffers of their own. */
export async function compressBackwardOnDevice(
  runtime: Runtime,
  keys: GPUBuffer,
  weights: Compression<GPUBuffer>,
  hidden: GPUBuffer | undefined,
  outputGradient: GPUBuffer,
  keysGradient: GPUBuffer,
  place: CompressPlace,
): Promise<Compression<GPUBuffer>> {
  const { tokens, blocks, firstTokens, covering, kvHeads, dim, span, hidden: width } = place;
  const rows = blocks * kvHeads;
  const gradients: CompressionWeights<GPUBuffer> | undefined = weights && {
    position: runtime.buffer(span * kvHeads * dim),
    weight1: runtime.buffer(span * dim * width),
    bias1: runtime.buffer(width),
    weight2: runtime.buffer(width * dim),
    bias2: runtime.buffer(dim),
  };
  if (!rows) return gradients;
  const toKeys = (term: string, gradient: GPUBuffer) =>
    runtime.run({
      label: "φ dK",
      code: sumCode(`let token = at / ${kvHeads * dim}u;
  for (var block = covering[2u * token]; block < covering[2u * token + 1u]; block++) { ${term} }`),
      parameters: { n: tokens * kvHeads * dim },
      buffers: {
        gradient: f32(gradient),
        covering: u32(covering),
        ...(weights && { firstTokens: u32(firstTokens) }),
        result: out(f32(keysGradient)),
      },
      workgroups: Math.ceil((tokens * kvHeads * dim) / 64),
    });
  if (!weights || !gradients || !hidden) {
    await toKeys(`sum += gradient[block * ${kvHeads * dim}u + at % ${kvHeads * dim}u] / ${span}.0;`, outputGradient);
    return gradients;
  }
  const hiddenGradient = runtime.temporary(rows * width);
  const inputGradient = runtime.temporary(rows * span * dim);
  await runtime.run({
    label: "φ dHidden",
    code: productCode(
      `return gradient[m * ${dim}u + k];`,
      `return weight2[n * ${dim}u + k];`,
      `hiddenGradient[m * ${width}u + n] = value * siluSlope(hidden[m * ${width}u + n]);`,
      runtime.unroll,
      silu,
    ),
    parameters: { m: rows, n: width, k: dim },
    buffers: {
      gradient: f32(outputGradient),
      weight2: f32(weights.weight2),
      hidden: f32(hidden),
      hiddenGradient: out(f32(hiddenGradient)),
    },
    workgroups: productWorkgroups(rows, width),
  });
  await runtime.run({
    label: "φ dWeight2",
    code: productCode(
      `return silu(hidden[k * ${width}u + m]);`,
      `return gradient[k * ${dim}u + n];`,
      `result[m * ${dim}u + n] = value;`,
      runtime.unroll,
      silu,
    ),
    parameters: { m: width, n: dim, k: rows },
    buffers: { gradient: f32(outputGradient), hidden: f32(hidden), result: out(f32(gradients.weight2)) },
    workgroups: productWorkgroups(width, dim),
  });
  await runtime.run({
    label: "φ dWeight1",
    code: productCode(
      inputOf(place, "k", "m"),
      `return hiddenGradient[k * ${width}u + n];`,
      `result[m * ${width}u + n] = value;`,
      runtime.unroll,
    ),
    parameters: { m: span * dim, n: width, k: rows },
    buffers: {
      keys: f32(keys),
      firstTokens: u32(firstTokens),
      position: f32(weights.position),
      hiddenGradient: f32(hiddenGradient),
      result: out(f32(gradients.weight1)),
    },
    workgroups: productWorkgroups(span * dim, width),
  });
  await runtime.run({
    label: "φ dInput",
    code: productCode(
      `return hiddenGradient[m * ${width}u + k];`,
      `return weight1[n * ${width}u + k];`,
      `result[m * ${span * dim}u + n] = value;`,
      runtime.unroll,
    ),
    parameters: { m: rows, n: span * dim, k: width },
    buffers: { hiddenGradient: f32(hiddenGradient), weight1: f32(weights.weight1), result: out(f32(inputGradient)) },
    workgroups: productWorkgroups(rows, span * dim),
  });
  for (const [gradient, result, n] of [
    [hiddenGradient, gradients.bias1, width],
    [outputGradient, gradients.bias2, dim],
  ] as const)
    await runtime.run({
      label: "φ dBias",
      code: sumCode("for (var row = 0u; row < params.rows; row++) { sum += gradient[row * params.n + at]; }"),
      parameters: { n, rows },
      buffers: { gradient: f32(gradient), result: out(f32(result)) },
      workgroups: Math.ceil(n / 64),
    });
  await runtime.run({
    label: "φ dPosition",
    code: sumCode(`let kvHead = at / ${dim}u % ${kvHeads}u;
  let place = at / ${dim * kvHeads}u * ${dim}u + at % ${dim}u;
  for (var block = 0u; block < params.blocks; block++) { sum += gradient[(block * ${kvHeads}u + kvHead) * ${span * dim}u + place]; }`),
    parameters: { n: span * kvHeads * dim, blocks },
    buffers: { gradient: f32(inputGradient), result: out(f32(gradients.position)) },
    workgroups: Math.ceil((span * kvHeads * dim) / 64),
  });
  await toKeys(
    `sum += gradient[(block * ${kvHeads}u + at / ${dim}u % ${kvHeads}u) * ${span * dim}u + (token - firstTokens[block]) * ${dim}u + at % ${dim}u];`,
    inputGradient,
  );
  return gradients;
}
