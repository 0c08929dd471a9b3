// Numbers that every engine can be given alike: a hash of the place, so that no library's generator decides anything.

/** A whole number below 2³² that looks random: MurmurHash3's finaliser over the place and the seed. */
function hash(place, seed) {
  let h = (Math.imul(place + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** `count` whole numbers from 0 to `limit` − 1. */
export function integers(count, limit, seed) {
  return Int32Array.from({ length: count }, (_, place) => Math.floor((hash(place, seed) / 2 ** 32) * limit));
}

/** `count` numbers, uniform around 0, with this standard deviation. */
export function uniforms(count, deviation, seed) {
  const width = deviation * Math.sqrt(12);
  return Float32Array.from({ length: count }, (_, place) => (hash(place, seed) / 2 ** 32 - 0.5) * width);
}
