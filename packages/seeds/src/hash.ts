/**
 * SipHash-2-4, a keyed 64-bit hash of short messages, in 32-bit halves.
 *
 * Source: Aumasson, Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012.
 */

// The state, v0 … v3, as low and high words. It lives here only while `sipHash` runs.
let l0 = 0;
let h0 = 0;
let l1 = 0;
let h1 = 0;
let l2 = 0;
let h2 = 0;
let l3 = 0;
let h3 = 0;

function rounds(count: number): void {
  let a = l0;
  let A = h0;
  let b = l1;
  let B = h1;
  let c = l2;
  let C = h2;
  let d = l3;
  let D = h3;
  for (let i = 0; i < count; i++) {
    let t = (a >>> 0) + (b >>> 0); // v0 += v1
    A = (A + B + (t > 0xffffffff ? 1 : 0)) | 0;
    a = t | 0;
    t = (b << 13) | (B >>> 19); // v1 <<<= 13
    B = (B << 13) | (b >>> 19);
    b = t ^ a; // v1 ^= v0
    B ^= A;
    t = a; // v0 <<<= 32
    a = A;
    A = t;
    t = (c >>> 0) + (d >>> 0); // v2 += v3
    C = (C + D + (t > 0xffffffff ? 1 : 0)) | 0;
    c = t | 0;
    t = (d << 16) | (D >>> 16); // v3 <<<= 16
    D = (D << 16) | (d >>> 16);
    d = t ^ c; // v3 ^= v2
    D ^= C;
    t = (a >>> 0) + (d >>> 0); // v0 += v3
    A = (A + D + (t > 0xffffffff ? 1 : 0)) | 0;
    a = t | 0;
    t = (d << 21) | (D >>> 11); // v3 <<<= 21
    D = (D << 21) | (d >>> 11);
    d = t ^ a; // v3 ^= v0
    D ^= A;
    t = (c >>> 0) + (b >>> 0); // v2 += v1
    C = (C + B + (t > 0xffffffff ? 1 : 0)) | 0;
    c = t | 0;
    t = (b << 17) | (B >>> 15); // v1 <<<= 17
    B = (B << 17) | (b >>> 15);
    b = t ^ c; // v1 ^= v2
    B ^= C;
    t = c; // v2 <<<= 32
    c = C;
    C = t;
  }
  l0 = a;
  h0 = A;
  l1 = b;
  h1 = B;
  l2 = c;
  h2 = C;
  l3 = d;
  h3 = D;
}

function compress(low: number, high: number): void {
  l3 ^= low;
  h3 ^= high;
  rounds(2);
  l0 ^= low;
  h0 ^= high;
}

/**
 * SipHash-2-4 of a string's UTF-16 code units, little-endian, under a 128-bit key.
 *
 * Code units rather than UTF-8 because they need no encoder and keep lone surrogates apart.
 *
 * @param text The message.
 * @param k0Low Key words, from the lowest.
 * @param k0High Second key word.
 * @param k1Low Third key word.
 * @param k1High Highest key word.
 * @returns The hash as `[low, high]`, unsigned 32-bit integers.
 *
 * @example
 * ```ts
 * sipHash("init", 42, 0, 0, 0); // two words
 * ```
 */
export function sipHash(text: string, k0Low: number, k0High: number, k1Low: number, k1High: number): [number, number] {
  l0 = k0Low ^ 0x70736575; // "somepseudorandomlygeneratedbytes"
  h0 = k0High ^ 0x736f6d65;
  l1 = k1Low ^ 0x6e646f6d;
  h1 = k1High ^ 0x646f7261;
  l2 = k0Low ^ 0x6e657261;
  h2 = k0High ^ 0x6c796765;
  l3 = k1Low ^ 0x79746573;
  h3 = k1High ^ 0x74656462;
  const length = text.length;
  const whole = length & ~3;
  for (let i = 0; i < whole; i += 4) {
    compress(
      text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16),
      text.charCodeAt(i + 2) | (text.charCodeAt(i + 3) << 16),
    );
  }
  let low = 0;
  let high = (length * 2) << 24; // the last byte is the message's length in bytes, modulo 256
  if (length - whole >= 1) low |= text.charCodeAt(whole);
  if (length - whole >= 2) low |= text.charCodeAt(whole + 1) << 16;
  if (length - whole === 3) high |= text.charCodeAt(whole + 2);
  compress(low, high);
  l2 ^= 0xff;
  rounds(4);
  return [(l0 ^ l1 ^ l2 ^ l3) >>> 0, (h0 ^ h1 ^ h2 ^ h3) >>> 0];
}
