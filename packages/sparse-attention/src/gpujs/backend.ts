// The backend "gpu.js": typed arrays in and out, attention and φ in kernels of gpu.js. The choice of blocks and the lists
// of who chose which are whole numbers and few: they are made here, by the same code as on the CPU.
import type { Backend, Request } from "../backend.ts";
import type { AttentionInput, Branches, Compression, Data, ForwardInput, Residuals, SparseCache } from "../contract.ts";
import { type Heads, zeros } from "../cpu/attention.ts";
import { selectTop } from "../cpu/selection.ts";
import { causalRanges, compressedRanges, type Layout, type Pattern } from "../layout.ts";
import { type Attended, attend, attendBackward, withInfinity } from "./attention.ts";
import { type Compressed, compress, compressBackward } from "./compress.ts";
import { ArrayCache, attendLast } from "./decode.ts";
import { combineCode, gatedCode, rowProductCode } from "./kernels.ts";
import { type GpuJs, type Held, Scope } from "./runtime.ts";
import { type Stretches, stretchesOfBlocks, stretchesOfRanges } from "./stretches.ts";

type F = Float32Array;
type Phi = { keys?: Compression<F>; values?: Compression<F> };

/** One attention as it was made. */
interface Branch {
  inputs: { query: F; keys: F; values: F };
  stretches: Stretches;
  attended: Attended;
}

/** What was compressed. */
interface Raw {
  layout: Layout;
  phi: Phi;
  keys: Compressed;
  values: Compressed;
}

class ArrayResiduals<K extends Residuals["kind"]> implements Residuals {
  readonly kind: K;
  readonly blocks: Int32Array | undefined;
  readonly branches: Branch[];
  readonly raw: Raw | undefined;
  readonly gates: F | undefined;
  constructor(kind: K, branches: Branch[], raw?: Raw, gates?: F, blocks?: Int32Array) {
    this.kind = kind;
    this.branches = branches;
    this.raw = raw;
    this.gates = gates;
    this.blocks = blocks;
  }
  dispose(): void {}
}

/** Makes the backend. */
export function gpuJsBackend(gpu: GpuJs, heads: Heads, pattern: Pattern): Backend {
  const { kvHeads, headDim, valueDim } = heads;
  const keySizes = { kvHeads, dim: headDim };
  const valueSizes = { kvHeads, dim: valueDim };

  /** One attention; inputs are on the device only while it runs. */
  async function branchOf(inputs: Branch["inputs"], stretches: Stretches, layout?: Layout) {
    const scope = new Scope(gpu);
    try {
      const held = {
        query: await scope.up(inputs.query),
        keys: await scope.up(inputs.keys),
        values: await scope.up(inputs.values),
      };
      const { importance, ...attended } = await attend(gpu, held, heads, stretches, layout && { layout, pattern });
      return { branch: { inputs, stretches, attended }, importance };
    } finally {
      scope.free();
    }
  }

  async function compressBoth(keys: F, values: F, phi: Phi, layout: Layout): Promise<Raw> {
    return {
      layout,
      phi,
      keys: await compress(gpu, keys, phi.keys, keySizes, layout, pattern),
      values: await compress(gpu, values, phi.values, valueSizes, layout, pattern),
    };
  }

  /** Gradients of one attention whose output's gradient is on the device, gated or not. */
  async function gradientsOf(
    { inputs, stretches, attended }: Branch,
    outputGradient: Held,
    delta: Held,
    queryGradient: F,
    scope: Scope,
  ) {
    const held = {
      query: await scope.up(inputs.query),
      keys: await scope.up(inputs.keys),
      values: await scope.up(inputs.values),
    };
    return attendBackward(gpu, held, heads, stretches, attended.logSumExp, outputGradient, delta, queryGradient);
  }

  async function throughPhi({ layout, phi, keys, values }: Raw, gradient: { keys: F; values: F }) {
    const k = await compressBackward(gpu, keys, phi.keys, keySizes, layout, pattern, gradient.keys);
    const v = await compressBackward(gpu, values, phi.values, valueSizes, layout, pattern, gradient.values);
    return { keys: k.keys, values: v.keys, compression: { keys: k.weights, values: v.weights } };
  }

  return {
    name: "gpu.js",
    device: `gpu.js on ${gpu.mode}`,
    async forward(input: ForwardInput, layout: Layout) {
      const { query, keys, values, gates, compression = {} } = input as ForwardInput<F, F>;
      const raw = await compressBoth(keys.compressed, values.compressed, compression, layout);
      const ranges = stretchesOfRanges(compressedRanges(layout, pattern), layout.compressedBlocks, kvHeads);
      const small = { query, keys: raw.keys.compressed, values: raw.values.compressed };
      const compressed = await branchOf(small, ranges, layout);
      const blocks = selectTop(compressed.importance, kvHeads, layout, pattern);
      const chosen = stretchesOfBlocks(blocks, layout, pattern, kvHeads);
      const selected = await branchOf({ query, keys: keys.selected, values: values.selected }, chosen);
      const recent = stretchesOfRanges(causalRanges(layout, pattern.window), layout.tokens, kvHeads);
      const windowed = await branchOf({ query, keys: keys.window, values: values.window }, recent);
      const branches = [compressed.branch, selected.branch, windowed.branch];
      const output = await combine(
        gpu,
        branches.map(({ attended }) => attended.output),
        gates,
        valueDim,
      );
      return { output, residuals: new ArrayResiduals("sparse", branches, raw, gates, blocks) };
    },

    async backward(residuals: Residuals, outputGradient: Data) {
      const { branches, raw, gates } = residuals as ArrayResiduals<"sparse">;
      const { query } = branches[0].inputs;
      const queryGradient = new Float32Array(query.length);
      const gatesGradient = new Float32Array(gates!.length);
      const found: { keys: F; values: F }[] = [];
      for (const [number, branch] of branches.entries()) {
        const scope = new Scope(gpu);
        try {
          const gradient = await scope.up(outputGradient as F);
          const gate = await scope.up(gates!);
          const output = await scope.up(branch.attended.output);
          const rows = gatesGradient.length / 3;
          const gated = await scope.run(gatedCode(valueDim), gradient.length, gradient, gate, number);
          const delta = await scope.run(rowProductCode(valueDim), rows, gated, output);
          const toGate = await gpu.read(await scope.run(rowProductCode(valueDim), rows, gradient, output));
          for (let row = 0; row < rows; row++) gatesGradient[row * 3 + number] = toGate[row];
          found.push(await gradientsOf(branch, gated, delta, queryGradient, scope));
        } finally {
          scope.free();
        }
      }
      const { compression, ...small } = await throughPhi(raw!, found[0]);
      const each = (name: "keys" | "values"): Branches<F> => ({
        compressed: small[name],
        selected: found[1][name],
        window: found[2][name],
      });
      return { query: queryGradient, keys: each("keys"), values: each("values"), gates: gatesGradient, compression };
    },

    async attend(input: AttentionInput, { kind, layout, blocks, compression = {} }: Request) {
      const given = input as AttentionInput<F, F>;
      let raw: Raw | undefined;
      let inputs = { query: given.query, keys: given.keys, values: given.values };
      let stretches: Stretches;
      if (kind === "compressed") {
        raw = await compressBoth(given.keys, given.values, compression as Phi, layout);
        inputs = { query: given.query, keys: raw.keys.compressed, values: raw.values.compressed };
        stretches = stretchesOfRanges(compressedRanges(layout, pattern), layout.compressedBlocks, kvHeads);
      } else if (kind === "selected") stretches = stretchesOfBlocks(blocks as Int32Array, layout, pattern, kvHeads);
      else {
        const window = kind === "window" ? pattern.window : Infinity;
        stretches = stretchesOfRanges(causalRanges(layout, window), layout.tokens, kvHeads);
      }
      const { branch } = await branchOf(inputs, stretches);
      return {
        output: branch.attended.output,
        logSumExp: withInfinity(branch.attended.logSumExp),
        residuals: new ArrayResiduals(kind, [branch], raw),
      };
    },

    async attendBackward(residuals: Residuals, outputGradient: Data) {
      const { branches, raw } = residuals as ArrayResiduals<"full">;
      const [branch] = branches;
      const query = zeros(branch.inputs.query, branch.inputs.query.length);
      const scope = new Scope(gpu);
      try {
        const gradient = await scope.up(outputGradient as F);
        const output = await scope.up(branch.attended.output);
        const rows = branch.attended.logSumExp.length;
        const delta = await scope.run(rowProductCode(valueDim), rows, gradient, output);
        const found = await gradientsOf(branch, gradient, delta, query, scope);
        return { query, ...(raw ? await throughPhi(raw, found) : found) };
      } finally {
        scope.free();
      }
    },

    async importance({ query, keys, compression }, layout: Layout) {
      const made = await compress(gpu, keys as F, compression as Compression<F>, keySizes, layout, pattern);
      const ranges = stretchesOfRanges(compressedRanges(layout, pattern), layout.compressedBlocks, kvHeads);
      // Values do not matter for importance.
      const values = new Float32Array(layout.compressedBlocks * kvHeads * valueDim);
      const inputs = { query: query as F, keys: made.compressed, values };
      return (await branchOf(inputs, ranges, layout)).importance;
    },

    async select(importance: Data, layout: Layout) {
      return selectTop(importance as F, kvHeads, layout, pattern);
    },

    async createCache(batch: number, capacity: number, compression: Request["compression"]) {
      return new ArrayCache(gpu, batch, capacity, (compression ?? {}) as Phi, heads, pattern);
    },

    async append(cache: SparseCache, tokens: { keys: Branches<Data>; values: Branches<Data> }, time: number) {
      await (cache as ArrayCache).append(tokens as { keys: Branches<F>; values: Branches<F> }, time);
    },

    async attendLast(cache: SparseCache, query: Data, gates: Data) {
      const parts = await attendLast(cache as ArrayCache, query as F, branchOf);
      return combine(gpu, parts, gates as F, valueDim);
    },

    dispose() {
      return gpu.dispose();
    },
  };
}

/** Σ gate · part. */
async function combine(gpu: GpuJs, parts: F[], gates: F, valueDim: number): Promise<F> {
  const scope = new Scope(gpu);
  try {
    const held = [];
    for (const array of [...parts, gates]) held.push(await scope.up(array));
    return await gpu.read(await scope.run(combineCode(valueDim), parts[0].length, ...held));
  } finally {
    scope.free();
  }
}
