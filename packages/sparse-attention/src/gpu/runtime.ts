// What the kernels need of WebGPU: buffers, pipelines that are compiled once, one command buffer for each call.

// Standard values: Node has no globals for them.
const usage = { MAP_READ: 0x1, COPY_SRC: 0x4, COPY_DST: 0x8, UNIFORM: 0x40, STORAGE: 0x80, QUERY_RESOLVE: 0x200 };

/** Numbers that a kernel reads: whole numbers and floats by name. */
export type Parameters = Record<string, number | { float: number }>;

/** A WGSL kernel: `code` names its buffers; `main` takes one workgroup for each unit of `workgroups`. */
export interface Kernel {
  label: string;
  code: string;
  parameters: Parameters;
  /** Name → element type and buffer, in the order of the bindings. */
  buffers: Record<string, Binding>;
  /** Folded into two dimensions, as one may be at most 65,535: `code` gets the number as `unit`. */
  workgroups: number;
}

export interface Binding {
  type: string;
  buffer: GPUBuffer;
  /** Whether the kernel writes it. */
  write?: boolean;
}

export const f32 = (buffer: GPUBuffer): Binding => ({ type: "f32", buffer });
export const vec4 = (buffer: GPUBuffer): Binding => ({ type: "vec4<f32>", buffer });
export const u32 = (buffer: GPUBuffer): Binding => ({ type: "u32", buffer });
export const i32 = (buffer: GPUBuffer): Binding => ({ type: "i32", buffer });
/** The same, written by the kernel. */
export const out = (binding: Binding): Binding => ({ ...binding, write: true });

/** One dispatch as it was made: what the benchmark times and counts. */
export interface Dispatch {
  label: string;
  workgroups: number;
  /** By the device's clock where it has timestamp queries, else from its submission to the news of its end. */
  milliseconds: number;
}

/** Buffers of one device and the commands that wait to be submitted. */
export class Runtime {
  readonly device: GPUDevice;
  /** Called after each dispatch has finished, when set: every dispatch is then submitted alone and waited for. */
  onDispatch: ((dispatch: Dispatch) => void) | undefined;
  /** Bytes that a pass may use for what would grow with the square of the length: it goes portion by portion. */
  scratch: number = 128 * 2 ** 20;
  readonly #pipelines = new Map<string, GPUComputePipeline>();
  #encoder: GPUCommandEncoder | undefined;
  #temporary: GPUBuffer[] = [];
  #lost: string | undefined;
  #errors: string[] = [];
  #clock: { times: GPUQuerySet; buffer: GPUBuffer } | undefined;

  /** Whether kernels write short loops out: not where the device is software, which would take minutes to compile them. */
  readonly unroll: boolean;

  /** How many workgroups the keys of few queries are shared out to, as far as there are keys: a GPU runs hundreds at once. */
  parallel: number = 1;

  /** How many neighbouring threads reduce by subgroup operations: see subgroups.ts. 1: none. */
  lanes: number = 1;

  constructor(device: GPUDevice, unroll: boolean) {
    this.device = device;
    this.unroll = unroll;
    device.lost.then(({ message, reason }) => {
      this.#lost = `${message || "no message"} (${reason || "unknown"})`;
    });
    device.addEventListener("uncapturederror", (event) =>
      this.#errors.push((event as GPUUncapturedErrorEvent).error.message),
    );
  }

  /** A buffer of `length` 4-byte numbers, zeros. */
  buffer(length: number): GPUBuffer {
    const size = Math.max(16, Math.ceil(length) * 4);
    const limit = Math.min(this.device.limits.maxStorageBufferBindingSize, this.device.limits.maxBufferSize);
    if (size > limit) throw new RangeError(`Cannot allocate a buffer of ${size} bytes: the device's limit is ${limit}`);
    return this.device.createBuffer({
      size,
      usage: usage.STORAGE | usage.COPY_SRC | usage.COPY_DST,
    });
  }

  /** A buffer that is destroyed after the next `submit`. */
  temporary(length: number): GPUBuffer {
    const buffer = this.buffer(length);
    this.#temporary.push(buffer);
    return buffer;
  }

  /** `data` itself when it is a buffer, else a copy of it on the device, destroyed after the next `submit` if temporary. */
  upload(data: Float32Array | Int32Array | Uint16Array | GPUBuffer, temporary: boolean = false): GPUBuffer {
    if (!ArrayBuffer.isView(data)) return data;
    const length = data.byteLength / 4;
    const buffer = temporary ? this.temporary(length) : this.buffer(length);
    if (length) this.device.queue.writeBuffer(buffer, 0, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    return buffer;
  }

  /** Appends a kernel to the commands. */
  async run({ label, code, parameters, buffers, workgroups }: Kernel): Promise<void> {
    if (workgroups < 1) return;
    const names = Object.keys(parameters);
    const x = Math.min(workgroups, 65535);
    const numbers = new DataView(new ArrayBuffer(Math.ceil((names.length + 1) / 4) * 16));
    numbers.setUint32(0, workgroups, true);
    names.forEach((name, i) => {
      const value = parameters[name];
      if (typeof value === "number") numbers.setUint32(4 * i + 4, value, true);
      else numbers.setFloat32(4 * i + 4, value.float, true);
    });
    const uniform = this.device.createBuffer({
      size: numbers.byteLength,
      usage: usage.UNIFORM | usage.COPY_DST,
    });
    this.#temporary.push(uniform);
    this.device.queue.writeBuffer(uniform, 0, numbers.buffer as ArrayBuffer);
    const fields = names.map((name) => `${name}: ${typeof parameters[name] === "number" ? "u32" : "f32"}`);
    const source = `${code.includes("subgroup") ? "enable subgroups;" : ""}
struct Parameters { workgroups: u32, ${fields.join(", ")} }
@group(0) @binding(0) var<uniform> params: Parameters;
${Object.entries(buffers)
  .map(
    ([name, { type, write }], i) =>
      `@group(0) @binding(${i + 1}) var<storage, ${write ? "read_write" : "read"}> ${name}: array<${type}>;`,
  )
  .join("\n")}
${code}`;
    const pipeline = await this.#pipeline(label, source);
    const group = this.device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [uniform, ...Object.values(buffers).map(({ buffer }) => buffer)].map((buffer, binding) => ({
        binding,
        resource: { buffer },
      })),
    });
    this.#encoder ??= this.device.createCommandEncoder();
    const clock = this.onDispatch && this.#openClock();
    const timestampWrites = clock && {
      querySet: clock.times,
      beginningOfPassWriteIndex: 0,
      endOfPassWriteIndex: 1,
    };
    const pass = this.#encoder.beginComputePass({ label, ...(clock && { timestampWrites }) });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(x, Math.ceil(workgroups / x));
    pass.end();
    if (!this.onDispatch) return;
    if (clock) this.#encoder.resolveQuerySet(clock.times, 0, 2, clock.buffer, 0);
    const commands = this.#encoder.finish();
    this.#encoder = undefined;
    await this.device.queue.onSubmittedWorkDone();
    const start = performance.now();
    this.device.queue.submit([commands]);
    await this.device.queue.onSubmittedWorkDone();
    const waited = performance.now() - start;
    const [begun, ended] = clock ? new BigUint64Array(await this.#fetch(clock.buffer, 16)) : [0n, 0n];
    this.onDispatch({ label, workgroups, milliseconds: Number(ended - begun) / 1e6 || waited });
  }

  #openClock() {
    if (!this.device.features.has("timestamp-query")) return undefined;
    this.#clock ??= {
      times: this.device.createQuerySet({ type: "timestamp", count: 2 }),
      buffer: this.device.createBuffer({ size: 16, usage: usage.QUERY_RESOLVE | usage.COPY_SRC }),
    };
    return this.#clock;
  }

  /** Appends a copy of `count` numbers to the commands. */
  copy(from: GPUBuffer, start: number, to: GPUBuffer, place: number, count: number): void {
    this.#encoder ??= this.device.createCommandEncoder();
    this.#encoder.copyBufferToBuffer(from, start * 4, to, place * 4, count * 4);
  }

  /** Destroys buffers after the next `submit`. */
  discard(...buffers: GPUBuffer[]): void {
    this.#temporary.push(...buffers);
  }

  /** Submits the commands; the device works on while the program goes on. */
  submit(): void {
    this.check();
    if (this.#encoder) this.device.queue.submit([this.#encoder.finish()]);
    this.#encoder = undefined;
    for (const buffer of this.#temporary) buffer.destroy();
    this.#temporary = [];
  }

  /** The first `length` numbers of a buffer, after everything that was submitted. */
  async read(buffer: GPUBuffer, length: number): Promise<ArrayBuffer> {
    this.submit();
    return length ? this.#fetch(buffer, length * 4) : new ArrayBuffer(0);
  }

  async #fetch(buffer: GPUBuffer, size: number): Promise<ArrayBuffer> {
    const copy = this.device.createBuffer({ size, usage: usage.COPY_DST | usage.MAP_READ });
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, copy, 0, size);
    this.device.queue.submit([encoder.finish()]);
    try {
      await copy.mapAsync(1);
    } catch (error) {
      this.check();
      throw error;
    }
    const bytes = copy.getMappedRange().slice(0);
    copy.destroy();
    this.check();
    return bytes;
  }

  /** Throws when the device is lost or has refused something. */
  check(): void {
    if (this.#lost) throw new Error(`The WebGPU device is lost: ${this.#lost}. Create the attention anew`);
    if (this.#errors.length) throw new Error(`WebGPU: ${this.#errors.splice(0).join("; ")}`);
  }

  async #pipeline(label: string, source: string): Promise<GPUComputePipeline> {
    const known = this.#pipelines.get(source);
    if (known) return known;
    this.check();
    const module = this.device.createShaderModule({ label, code: source });
    const pipeline = await this.device.createComputePipelineAsync({
      label,
      layout: "auto",
      compute: { module, entryPoint: "main" },
    });
    this.#pipelines.set(source, pipeline);
    return pipeline;
  }
}
