// float16 numbers that come in as bits.

/** The bits of a float16 array; undefined of anything else. */
export function bitsOf(data: unknown): Uint16Array | undefined {
  if (data instanceof Uint16Array) return data;
  if (!ArrayBuffer.isView(data) || Object.prototype.toString.call(data) !== "[object Float16Array]") return undefined;
  return new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
}

/** Whether the bits are those of a number. */
export const isFinite16 = (bits: number): boolean => (bits & 0x7c00) !== 0x7c00;

/** float16 as float32, which holds it exactly. */
export const float32Of = (bits: Uint16Array): Float32Array =>
  Float32Array.from(bits, (b) => {
    const [exponent, fraction] = [(b >> 10) & 31, b & 1023];
    const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24;
    return (b >> 15 ? -1 : 1) * (isFinite16(b) ? size : fraction ? Number.NaN : Infinity);
  });

/** The same input with float16 arrays of queries, keys and values as float32, for backends that have no other. */
export function widened<T extends object>(input: T): T {
  const one = ([name, value]: [string, unknown]): [string, unknown] => {
    const bits = bitsOf(value);
    if (bits) return [name, float32Of(bits)];
    const branches = (name === "keys" || name === "values") && value && !ArrayBuffer.isView(value);
    return [name, branches ? widened(value as object) : value];
  };
  return Object.fromEntries(Object.entries(input).map(one)) as T;
}
