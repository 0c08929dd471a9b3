// The backend "webgpu": arrays go to the device, results come back where the query came from.
import type { Backend, Request } from "../backend.ts";
import { isArray } from "../check.ts";
import type {
  AttentionInput,
  Branches,
  Data,
  DecodeInput,
  ForwardInput,
  Half,
  Residuals,
  SparseCache,
} from "../contract.ts";
import type { Heads } from "../cpu/attention.ts";
import type { Layout, Pattern } from "../layout.ts";
import { attendLastOnDevice, DeviceCache } from "./decode.ts";
import { type Columns, type DeviceAttended, type DeviceInputs, Engine } from "./engine.ts";
import { attendBackward } from "./gradients.ts";
import { Inputs } from "./inputs.ts";
import { hiddenWidth, PhiOnDevice, type PhiPair, upWeights } from "./phi.ts";
import { type Place, Places } from "./places.ts";
import type { Runtime } from "./runtime.ts";
import { fetchNumbers, GpuResiduals, uploader } from "./transfer.ts";

type B = GPUBuffer;

interface SparseState {
  place: Place;
  onDevice: boolean;
  gates: B;
  phi: PhiPair;
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
  phi?: PhiPair;
}

const branchNames = ["compressed", "selected", "window"] as const;

/** Makes the backend on a device. */
export function gpuBackend(
  runtime: Runtime,
  heads: Heads,
  pattern: Pattern,
  device: string,
  close: () => void,
  half: boolean = false,
): Backend & { runtime: Runtime } {
  const engine = new Engine(runtime, heads, pattern, half);
  const { queryHeads, kvHeads, headDim, valueDim } = heads;
  const places = new Places(runtime, pattern);

  const phi = new PhiOnDevice(runtime, heads, pattern);
  const fetch = (buffer: B, length: number, onDevice: boolean) => fetchNumbers(runtime, buffer, length, onDevice);
  const keyLength = (tokens: number) => tokens * kvHeads * headDim;
  const valueLength = (tokens: number) => tokens * kvHeads * valueDim;

  return {
    name: "webgpu",
    device,
    runtime,
    async forward(input: ForwardInput, layout: Layout) {
      runtime.check();
      const place = places.of(layout);
      const { tokens } = place;
      const owned: B[] = [];
      const onDevice = !isArray(input.query);
      const given = new Inputs(engine, owned);
      const gates = uploader(runtime, owned)(input.gates);
      const raw = {
        keys: await given.raw(input.keys.compressed, keyLength(tokens)),
        values: await given.raw(input.values.compressed, valueLength(tokens)),
      };
      const query = await given.stored(input.query, tokens * queryHeads * headDim);
      const compressedTo = await phi.forward(raw, place, input.compression, owned);
      const { compressedBlocks } = layout;
      const inputs = {
        compressed: {
          query,
          keys: await engine.pack(compressedTo.keys, keyLength(compressedBlocks), owned),
          values: await engine.pack(compressedTo.values, valueLength(compressedBlocks), owned),
        },
        selected: {
          query,
          keys: await given.stored(input.keys.selected, keyLength(tokens)),
          values: await given.stored(input.values.selected, valueLength(tokens)),
        },
        window: {
          query,
          keys: await given.stored(input.keys.window, keyLength(tokens)),
          values: await given.stored(input.values.window, valueLength(tokens)),
        },
      };
      const small = [inputs.compressed, place.compressed, place] as const;
      const { attended: compressed, blocks } = await engine.attendSelecting("compressed", ...small, { blocks: true });
      const columns = {
        compressed: place.compressed,
        selected: places.blockColumns(place, blocks!, pattern.selectedBlocks),
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
        gates,
        phi: compressedTo.phi,
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
      const {
        place,
        onDevice,
        gates,
        phi: pair,
        inputs,
        attended,
        columns,
      } = (residuals as GpuResiduals<"sparse", SparseState>).state;
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
        await attendBackward(engine, name, inputs[name], columns[name], tokens, attended[name], gradient, into, {
          accumulate: branch > 0,
          gate,
        });
      }
      const into = { keys: keys.compressed, values: values.compressed };
      const weights = await phi.backward(pair, { keys: k, values: v }, into);
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
        compression: await phi.fetch(pair, weights, onDevice),
      };
    },

    async attend(input: AttentionInput, { kind, layout, blocks, blockCount, compression }: Request) {
      runtime.check();
      const place = places.of(layout);
      const { tokens } = place;
      const owned: B[] = [];
      const onDevice = !isArray(input.query);
      const given = new Inputs(engine, owned);
      const query = await given.stored(input.query, tokens * queryHeads * headDim);
      const state = { place, onDevice } as OneState;
      if (kind === "compressed") {
        const raw = {
          keys: await given.raw(input.keys, keyLength(tokens)),
          values: await given.raw(input.values, valueLength(tokens)),
        };
        const { phi: pair, keys, values } = await phi.forward(raw, place, compression, owned);
        state.phi = pair;
        state.input = {
          query,
          keys: await engine.pack(keys, keyLength(layout.compressedBlocks), owned),
          values: await engine.pack(values, valueLength(layout.compressedBlocks), owned),
        };
        state.columns = place.compressed;
      } else if (kind === "selected") {
        const buffer = ArrayBuffer.isView(blocks) ? runtime.upload(blocks) : blocks!;
        if (ArrayBuffer.isView(blocks)) owned.push(buffer);
        state.columns = places.blockColumns(place, buffer, blockCount!);
      } else state.columns = place[kind];
      state.input ??= {
        query,
        keys: await given.stored(input.keys, keyLength(tokens)),
        values: await given.stored(input.values, valueLength(tokens)),
      };
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
      const {
        place,
        onDevice,
        input,
        columns,
        attended,
        phi: pair,
      } = (residuals as GpuResiduals<"full", OneState>).state;
      const { tokens } = place;
      const gradient = runtime.upload(outputGradient, true);
      const rows = columns.keyCount;
      const query = runtime.buffer(tokens * queryHeads * headDim);
      const into = {
        query,
        keys: pair ? runtime.temporary(keyLength(rows)) : runtime.buffer(keyLength(rows)),
        values: pair ? runtime.temporary(valueLength(rows)) : runtime.buffer(valueLength(rows)),
      };
      await attendBackward(engine, residuals.kind, input, columns, tokens, attended, gradient, into);
      const keys = pair ? runtime.buffer(keyLength(tokens)) : into.keys;
      const values = pair ? runtime.buffer(valueLength(tokens)) : into.values;
      const weights = pair && (await phi.backward(pair, into, { keys, values }));
      runtime.submit();
      return {
        query: await fetch(query, tokens * queryHeads * headDim, onDevice),
        keys: await fetch(keys, keyLength(tokens), onDevice),
        values: await fetch(values, valueLength(tokens), onDevice),
        ...(weights && { compression: await phi.fetch(pair!, weights, onDevice) }),
      };
    },

    async importance({ query, keys, compression }, layout: Layout) {
      runtime.check();
      const place = places.of(layout);
      const owned: B[] = [];
      const given = new Inputs(engine, owned);
      const q = await given.stored(query, place.tokens * queryHeads * headDim);
      const raw = await given.raw(keys, keyLength(place.tokens));
      const { compressed: made } = await phi.one(raw, headDim, place, compression, owned);
      const blockKeys = await engine.pack(made, keyLength(layout.compressedBlocks), owned);
      // Values do not matter for logSumExp: the keys stand in for them.
      const compressed = { ...heads, valueDim: headDim };
      const alone = new Engine(runtime, compressed, pattern, half);
      const input = { query: q, keys: blockKeys, values: blockKeys };
      const wanted = { importance: true } as const;
      const { attended, importance } = await alone.attendSelecting(
        "compressed",
        input,
        place.compressed,
        place,
        wanted,
      );
      runtime.submit();
      const result = await fetch(importance!, place.tokens * kvHeads * place.selectionBlocks, !isArray(query));
      for (const buffer of [...owned, ...Object.values(attended)]) buffer.destroy();
      return result;
    },

    async select(importance: Data, layout: Layout) {
      runtime.check();
      const place = places.of(layout);
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
      const up = uploader(runtime, owned);
      const hidden = { keys: hiddenWidth(compression?.keys), values: hiddenWidth(compression?.values) };
      const weights = { keys: upWeights(compression?.keys, up), values: upWeights(compression?.values, up), hidden };
      return new DeviceCache(engine, batch, capacity, weights, owned);
    },

    async append(cache: SparseCache, tokens: Pick<DecodeInput, "keys" | "values">, time: number) {
      runtime.check();
      await (cache as DeviceCache).append(tokens, time);
      runtime.submit();
    },

    async attendLast(cache: SparseCache, query: Data | Half, gates: Data) {
      const made: B[] = [];
      const g = runtime.upload(gates, true);
      const q = await new Inputs(engine, made).stored(query, cache.batch * queryHeads * headDim);
      runtime.discard(...made);
      const output = await attendLastOnDevice(engine, cache as DeviceCache, q, g);
      runtime.submit();
      return fetch(output, cache.batch * queryHeads * valueDim, !isArray(query));
    },

    dispose() {
      places.dispose();
      close();
    },
  };
}
