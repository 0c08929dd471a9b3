// The backend "webgpu": arrays go to the device, results come back where the query came from.
import type { Backend, Request } from "../backend.ts";
import { isArray } from "../check.ts";
import type { AttentionInput, Branches, Compression, Data, ForwardInput, Residuals, SparseCache } from "../contract.ts";
import type { Heads } from "../cpu/attention.ts";
import {
  causalRanges,
  compressedRanges,
  compressedTokens,
  coveringBlocks,
  type Layout,
  type Pattern,
  type Ranges,
  selectionTable,
} from "../layout.ts";
import { type CompressPlace, compressBackwardOnDevice, compressOnDevice } from "./compress.ts";
import { attendLastOnDevice, DeviceCache } from "./decode.ts";
import { type Columns, type DeviceAttended, type DeviceInputs, Engine } from "./engine.ts";
import type { Runtime } from "./runtime.ts";

type B = GPUBuffer;

/** A layout's tables on the device. */
interface Place {
  layout: Layout;
  tokens: number;
  selectionBlocks: number;
  /** Of the compressed branch. */
  tokenRanges: Ranges;
  ranges: B;
  full: Columns;
  window: Columns;
  compressed: Columns;
  table: B;
  tableLength: number;
  /** Token → first token of its segment. */
  starts: B;
  firstTokens: B;
  covering: B;
}

class GpuResiduals<K extends Residuals["kind"], T> implements Residuals {
  readonly kind: K;
  readonly blocks: B | undefined;
  readonly state: T;
  readonly owned: B[];
  constructor(kind: K, state: T, owned: B[], blocks?: B) {
    this.kind = kind;
    this.state = state;
    this.owned = owned;
    this.blocks = blocks;
  }
  dispose(): void {
    for (const buffer of this.owned.splice(0)) buffer.destroy();
  }
}

interface Phi {
  weights: Compression<B>;
  hidden: B | undefined;
  place: CompressPlace;
  raw: B;
}

interface SparseState {
  place: Place;
  onDevice: boolean;
  query: B;
  keys: Branches<B>;
  values: Branches<B>;
  gates: B;
  phi: { keys: Phi; values: Phi };
  inputs: Branches<DeviceInputs>;
  attended: Branches<DeviceAttended>;
  columns: Branches<Columns>;
}

interface OneState {
  place: Place;
  onDevice: boolean;
  input: DeviceInputs;
  columns: Columns;
  attended: DeviceAttended;
  phi?: { keys: Phi; values: Phi };
}

const branchNames = ["compressed", "selected", "window"] as const;

/** Makes the backend on a device. */
export function gpuBackend(
  runtime: Runtime,
  heads: Heads,
  pattern: Pattern,
  device: string,
  close: () => void,
): Backend & { runtime: Runtime } {
  const engine = new Engine(runtime, heads, pattern);
  const { queryHeads, kvHeads, headDim, valueDim } = heads;
  let last: { key: string; place: Place } | undefined;

  const columnsOf = ({ ofToken, ofKey }: Ranges): Columns => {
    let longest = 0;
    for (let key = 0; key < ofKey.length / 2; key++) longest = Math.max(longest, ofKey[2 * key + 1] - ofKey[2 * key]);
    return { ranges: runtime.upload(ofToken), keyRanges: runtime.upload(ofKey), keyCount: ofKey.length / 2, longest };
  };
  const destroyPlace = ({ full, window, compressed, table, starts, firstTokens, covering }: Place) => {
    for (const { ranges, keyRanges } of [full, window, compressed]) for (const b of [ranges, keyRanges!]) b.destroy();
    for (const buffer of [table, starts, firstTokens, covering]) buffer.destroy();
  };
  /** Tables are kept from one call to the next: training uses the same lengths again and again. */
  const placeOf = (layout: Layout): Place => {
    const key = layout.starts.join();
    if (last?.key === key) return last.place;
    const compressed = compressedRanges(layout, pattern);
    const table = selectionTable(layout, pattern);
    const columns = columnsOf(compressed);
    const starts = Int32Array.from(layout.segmentOf, (segment) => layout.starts[segment]);
    const place: Place = {
      layout,
      tokens: layout.tokens,
      selectionBlocks: layout.selectionBlocks,
      tokenRanges: compressed,
      ranges: columns.ranges,
      full: columnsOf(causalRanges(layout)),
      window: columnsOf(causalRanges(layout, pattern.window)),
      compressed: columns,
      table: runtime.upload(table),
      tableLength: table.length / 4,
      starts: runtime.upload(starts),
      firstTokens: runtime.upload(compressedTokens(layout, pattern)),
      covering: runtime.upload(coveringBlocks(layout, pattern)),
    };
    last = { key, place };
    return place;
  };
  const blockColumns = ({ full, table, tableLength, tokens }: Place, buffer: B, count: number): Columns => ({
    ranges: full.ranges,
    keyCount: tokens,
    longest: full.longest,
    blocks: { buffer, span: pattern.selectionBlock, count, table, tableLength },
  });
  const compressPlace = (place: Place, dim: number, weights: Compression<B> | Compression<Data>): CompressPlace => ({
    tokens: place.tokens,
    blocks: place.layout.compressedBlocks,
    firstTokens: place.firstTokens,
    covering: place.covering,
    kvHeads,
    dim,
    span: pattern.compressionBlock,
    hidden: weights ? lengthOf(weights.bias1) : 0,
  });
  /** What is uploaded here is ours; what came as a buffer is not. */
  const uploader = (owned: B[]) => (data: Data) => {
    if (!isArray(data)) return data;
    const buffer = runtime.upload(data);
    owned.push(buffer);
    return buffer;
  };
  const phiOf = async (raw: B, dim: number, place: Place, weights: Compression<Data>, owned: B[]) => {
    const up = uploader(owned);
    const onDevice = upWeights(weights, up);
    const phi: Phi = { weights: onDevice, hidden: undefined, place: compressPlace(place, dim, weights), raw };
    const { compressed, hidden } = await compressOnDevice(runtime, raw, onDevice, phi.place);
    phi.hidden = hidden;
    owned.push(compressed, ...(hidden ? [hidden] : []));
    return { phi, compressed };
  };
  const phiBackward = ({ raw, weights, hidden, place }: Phi, gradient: B, into: B) =>
    compressBackwardOnDevice(runtime, raw, weights, hidden, gradient, into, place);
  const fetch = async (buffer: B, length: number, onDevice: boolean): Promise<Data> => {
    if (onDevice) return buffer;
    const numbers = new Float32Array(await runtime.read(buffer, length));
    buffer.destroy();
    return numbers;
  };
  const fetchWeights = async (
    weights: Compression<B>,
    { dim, span, hidden }: CompressPlace,
    onDevice: boolean,
  ): Promise<Compression<Data>> =>
    weights && {
      position: await fetch(weights.position, span * kvHeads * dim, onDevice),
      weight1: await fetch(weights.weight1, span * dim * hidden, onDevice),
      bias1: await fetch(weights.bias1, hidden, onDevice),
      weight2: await fetch(weights.weight2, hidden * dim, onDevice),
      bias2: await fetch(weights.bias2, dim, onDevice),
    };
  const keyLength = (tokens: number) => tokens * kvHeads * headDim;
  const valueLength = (tokens: number) => tokens * kvHeads * valueDim;

  return {
    name: "webgpu",
    device,
    runtime,
    async forward(input: ForwardInput, layout: Layout) {
      runtime.check();
      const place = placeOf(layout);
      const { tokens } = place;
      const owned: B[] = [];
      const up = uploader(owned);
      const onDevice = !isArray(input.query);
      const seen = new Map<Data, B>();
      const upOnce = (data: Data) => {
        if (!seen.has(data)) seen.set(data, up(data));
        return seen.get(data)!;
      };
      const upBranches = ({ compressed, selected, window }: Branches<Data>) => ({
        compressed: upOnce(compressed),
        selected: upOnce(selected),
        window: upOnce(window),
      });
      const [query, gates, keys, values] = [
        up(input.query),
        up(input.gates),
        upBranches(input.keys),
        upBranches(input.values),
      ];
      const k = await phiOf(keys.compressed, headDim, place, input.compression?.keys, owned);
      const v = await phiOf(values.compressed, valueDim, place, input.compression?.values, owned);
      const inputs = {
        compressed: { query, keys: k.compressed, values: v.compressed },
        selected: { query, keys: keys.selected, values: values.selected },
        window: { query, keys: keys.window, values: values.window },
      };
      const compressed = await engine.attend("compressed", inputs.compressed, place.compressed, tokens);
      const { blocks } = await engine.select(query, k.compressed, compressed.logSumExp, place, { blocks: true });
      const columns = {
        compressed: place.compressed,
        selected: blockColumns(place, blocks!, pattern.selectedBlocks),
        window: place.window,
      };
      const attended = {
        compressed,
        selected: await engine.attend("selected", inputs.selected, columns.selected, tokens),
        window: await engine.attend("window", inputs.window, columns.window, tokens),
      };
      for (const { output, logSumExp } of Object.values(attended)) owned.push(output, logSumExp);
      owned.push(blocks!);
      const parts = branchNames.map((name) => attended[name].output) as [B, B, B];
      const output = await engine.combine(parts, gates, tokens);
      runtime.submit();
      const state: SparseState = {
        place,
        onDevice,
        query,
        keys,
        values,
        gates,
        phi: { keys: k.phi, values: v.phi },
        inputs,
        attended,
        columns,
      };
      return {
        output: await fetch(output, tokens * queryHeads * valueDim, onDevice),
        residuals: new GpuResiduals("sparse", state, owned, blocks!),
      };
    },

    async backward(residuals: Residuals, outputGradient: Data) {
      runtime.check();
      const { place, onDevice, gates, phi, inputs, attended, columns } = (
        residuals as GpuResiduals<"sparse", SparseState>
      ).state;
      const { tokens, layout } = place;
      const gradient = runtime.upload(outputGradient, true);
      const query = runtime.buffer(tokens * queryHeads * headDim);
      const gatesGradient = runtime.buffer(tokens * queryHeads * 3);
      const keysOf = () => runtime.buffer(keyLength(tokens));
      const valuesOf = () => runtime.buffer(valueLength(tokens));
      const keys = { compressed: keysOf(), selected: keysOf(), window: keysOf() };
      const values = { compressed: valuesOf(), selected: valuesOf(), window: valuesOf() };
      const k = runtime.temporary(keyLength(layout.compressedBlocks));
      const v = runtime.temporary(valueLength(layout.compressedBlocks));
      for (const [branch, name] of branchNames.entries()) {
        const into =
          name === "compressed" ? { query, keys: k, values: v } : { query, keys: keys[name], values: values[name] };
        const gate = { gates, gradient: gatesGradient, branch };
        await engine.attendBackward(name, inputs[name], columns[name], tokens, attended[name], gradient, into, {
          accumulate: branch > 0,
          gate,
        });
      }
      const weights = {
        keys: await phiBackward(phi.keys, k, keys.compressed),
        values: await phiBackward(phi.values, v, values.compressed),
      };
      runtime.submit();
      const all = async (branches: Branches<B>, length: number): Promise<Branches<Data>> => ({
        compressed: await fetch(branches.compressed, length, onDevice),
        selected: await fetch(branches.selected, length, onDevice),
        window: await fetch(branches.window, length, onDevice),
      });
      return {
        query: await fetch(query, tokens * queryHeads * headDim, onDevice),
        keys: await all(keys, keyLength(tokens)),
        values: await all(values, valueLength(tokens)),
        gates: await fetch(gatesGradient, tokens * queryHeads * 3, onDevice),
        compression: {
          keys: await fetchWeights(weights.keys, phi.keys.place, onDevice),
          values: await fetchWeights(weights.values, phi.values.place, onDevice),
        },
      };
    },

    async attend(input: AttentionInput, { kind, layout, blocks, blockCount, compression }: Request) {
      runtime.check();
      const place = placeOf(layout);
      const { tokens } = place;
      const owned: B[] = [];
      const up = uploader(owned);
      const onDevice = !isArray(input.query);
      const given = { query: up(input.query), keys: up(input.keys), values: up(input.values) };
      const state = { place, onDevice, input: given } as OneState;
      if (kind === "compressed") {
        const k = await phiOf(given.keys, headDim, place, compression?.keys, owned);
        const v = await phiOf(given.values, valueDim, place, compression?.values, owned);
        state.phi = { keys: k.phi, values: v.phi };
        state.input = { query: given.query, keys: k.compressed, values: v.compressed };
        state.columns = place.compressed;
      } else if (kind === "selected") {
        const buffer = ArrayBuffer.isView(blocks) ? runtime.upload(blocks) : blocks!;
        if (ArrayBuffer.isView(blocks)) owned.push(buffer);
        state.columns = blockColumns(place, buffer, blockCount!);
      } else state.columns = place[kind];
      state.attended = await engine.attend(kind, state.input, state.columns, tokens);
      runtime.submit();
      const { output, logSumExp } = state.attended;
      if (!onDevice) owned.push(output, logSumExp);
      const residuals = new GpuResiduals(kind, state, owned);
      if (onDevice) return { output, logSumExp, residuals };
      return {
        output: new Float32Array(await runtime.read(output, tokens * queryHeads * valueDim)),
        logSumExp: new Float32Array(await runtime.read(logSumExp, tokens * queryHeads)),
        residuals,
      };
    },

    async attendBackward(residuals: Residuals, outputGradient: Data) {
      runtime.check();
      const { place, onDevice, input, columns, attended, phi } = (residuals as GpuResiduals<"full", OneState>).state;
      const { tokens } = place;
      const gradient = runtime.upload(outputGradient, true);
      const rows = columns.keyCount;
      const query = runtime.buffer(tokens * queryHeads * headDim);
      const into = {
        query,
        keys: phi ? runtime.temporary(keyLength(rows)) : runtime.buffer(keyLength(rows)),
        values: phi ? runtime.temporary(valueLength(rows)) : runtime.buffer(valueLength(rows)),
      };
      await engine.attendBackward(residuals.kind, input, columns, tokens, attended, gradient, into);
      const keys = phi ? runtime.buffer(keyLength(tokens)) : into.keys;
      const values = phi ? runtime.buffer(valueLength(tokens)) : into.values;
      const weights = phi && {
        keys: await phiBackward(phi.keys, into.keys, keys),
        values: await phiBackward(phi.values, into.values, values),
      };
      runtime.submit();
      return {
        query: await fetch(query, tokens * queryHeads * headDim, onDevice),
        keys: await fetch(keys, keyLength(tokens), onDevice),
        values: await fetch(values, valueLength(tokens), onDevice),
        ...(weights && {
          compression: {
            keys: await fetchWeights(weights.keys, phi!.keys.place, onDevice),
            values: await fetchWeights(weights.values, phi!.values.place, onDevice),
          },
        }),
      };
    },

    async importance({ query, keys, compression }, layout: Layout) {
      runtime.check();
      const place = placeOf(layout);
      const owned: B[] = [];
      const up = uploader(owned);
      const q = up(query);
      const k = await phiOf(up(keys), headDim, place, compression, owned);
      // Values do not matter for logSumExp: the keys stand in for them.
      const compressed = { ...heads, valueDim: headDim };
      const alone = new Engine(runtime, compressed, pattern);
      const input = { query: q, keys: k.compressed, values: k.compressed };
      const { output, logSumExp } = await alone.attend("compressed", input, place.compressed, place.tokens);
      const { importance } = await engine.select(q, k.compressed, logSumExp, place, { importance: true });
      runtime.submit();
      const result = await fetch(importance!, place.tokens * kvHeads * place.selectionBlocks, !isArray(query));
      for (const buffer of [...owned, output, logSumExp]) buffer.destroy();
      return result;
    },

    async select(importance: Data, layout: Layout) {
      runtime.check();
      const place = placeOf(layout);
      const blocks = runtime.buffer(place.tokens * kvHeads * pattern.selectedBlocks);
      await engine.selectFrom(runtime.upload(importance, true), place, blocks, 0, place.tokens);
      runtime.submit();
      if (!isArray(importance)) return blocks;
      const numbers = new Int32Array(await runtime.read(blocks, place.tokens * kvHeads * pattern.selectedBlocks));
      blocks.destroy();
      return numbers;
    },

    async createCache(batch: number, capacity: number, compression: Request["compression"]) {
      runtime.check();
      const owned: B[] = [];
      const up = uploader(owned);
      const width = (weights: Compression<Data>) => (weights ? lengthOf(weights.bias1) : 0);
      const hidden = { keys: width(compression?.keys), values: width(compression?.values) };
      const phi = { keys: upWeights(compression?.keys, up), values: upWeights(compression?.values, up), hidden };
      return new DeviceCache(engine, batch, capacity, phi, owned);
    },

    async append(cache: SparseCache, tokens: { keys: Branches<Data>; values: Branches<Data> }, time: number) {
      runtime.check();
      await (cache as DeviceCache).append(tokens, time);
      runtime.submit();
    },

    async attendLast(cache: SparseCache, query: Data, gates: Data) {
      const [q, g] = [runtime.upload(query, true), runtime.upload(gates, true)];
      const output = await attendLastOnDevice(engine, cache as DeviceCache, q, g);
      runtime.submit();
      return fetch(output, cache.batch * queryHeads * valueDim, !isArray(query));
    },

    dispose() {
      if (last) destroyPlace(last.place);
      close();
    },
  };
}

const lengthOf = (data: Data): number => (isArray(data) ? data.length : data.size / 4);

const upWeights = (weights: Compression<Data>, up: (data: Data) => GPUBuffer): Compression<GPUBuffer> =>
  weights && {
    position: up(weights.position),
    weight1: up(weights.weight1),
    bias1: up(weights.bias1),
    weight2: up(weights.weight2),
    bias2: up(weights.bias2),
  };
