// Values as plain JSON that keeps what JSON drops: typed arrays, NaN, −0, bigints, undefined, errors. Runs in Node and in
// Chromium, so that what one computed can be compared with what the other did.

/** `value` in terms of JSON; different values stay different, the order of keys does not count. */
export function plain(value) {
  if (value === undefined) return { undefined: true };
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number")
    return Number.isFinite(value) && !Object.is(value, -0) ? value : { number: spell(value) };
  if (typeof value === "bigint") return { bigint: String(value) };
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Error) return { error: `${value.name}: ${value.message}` };
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return { [value.constructor.name]: Array.from(value, plain) };
  if (value instanceof ArrayBuffer) return { ArrayBuffer: Array.from(new Uint8Array(value)) };
  if (value instanceof Map || value instanceof Set) return { [value.constructor.name]: Array.from(value, plain) };
  if (typeof value === "object")
    return {
      object: Object.fromEntries(
        Object.keys(value)
          .sort()
          .map((key) => [key, plain(value[key])]),
      ),
    };
  throw new TypeError(`Cannot compare a ${typeof value}`);
}

const spell = (value) => (Object.is(value, -0) ? "-0" : String(value));

/** Spacing of float32 at 1: what rounding can make of a difference in the last bit of a double. */
const FLOAT32 = 2 ** -23;

/**
 * `found`, a value by `plain`, with each number that is as good as the one in its place in `expected` replaced by that
 * one. Near means a difference of at most `tolerance`, or that part of the larger one beyond 1; in float32, if anything
 * is tolerated, a rounding too.
 */
export function snap(found, expected, tolerance) {
  if (typeof found === "number" && typeof expected === "number") {
    const scale = Math.max(1, Math.abs(found), Math.abs(expected));
    return Math.abs(found - expected) <= tolerance * scale ? expected : found;
  }
  if (Array.isArray(found)) return found.map((value, i) => snap(value, expected?.[i], tolerance));
  if (found === null || typeof found !== "object") return found;
  const within = (key) => (key === "Float32Array" && tolerance > 0 ? Math.max(tolerance, FLOAT32) : tolerance);
  return Object.fromEntries(
    Object.entries(found).map(([key, value]) => [key, snap(value, expected?.[key], within(key))]),
  );
}
