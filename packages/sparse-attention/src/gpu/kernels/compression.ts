// φ on the device: matrix products over gathered blocks.
import { entry, unroller } from "../tile.ts";

/**
 * A matrix product C[m, n] = Σ_k A[m, k] · B[k, n], where WGSL expressions say what A and B hold and what becomes of C.
 * 256 threads for 64 × 64 numbers, 4 × 4 each; `params` has m, n, k.
 */
export function productCode(a: string, b: string, store: string, unroll: boolean, declarations: string = ""): string {
  const each = unroller(unroll);
  return `
${declarations}
var<workgroup> as_: array<vec4<f32>, 256>;
var<workgroup> bs_: array<vec4<f32>, 256>;
fn a(m: u32, k: u32) -> f32 { ${a} }
fn b(k: u32, n: u32) -> f32 { ${b} }
fn store(m: u32, n: u32, value: f32) { ${store} }
${entry(256)}
  let tilesN = (params.n + 63u) / 64u;
  let m0 = unit / tilesN * 64u;
  let n0 = unit % tilesN * 64u;
  var s: array<vec4<f32>, 4>;
  for (var k0 = 0u; k0 < params.k; k0 += 16u) {
    let k = k0 + tr;
    var va = vec4<f32>();
    var vb = vec4<f32>();
    if (k < params.k) {
      ${each(
        4,
        (j) => `if (m0 + tc * 4u + ${j} < params.m) { va[${j}] = a(m0 + tc * 4u + ${j}, k); }
      if (n0 + tc * 4u + ${j} < params.n) { vb[${j}] = b(k, n0 + tc * 4u + ${j}); }`,
      )}
    }
    workgroupBarrier();
    as_[tr * 16u + tc] = va;
    bs_[tr * 16u + tc] = vb;
    workgroupBarrier();
    for (var kk = 0u; kk < 16u; kk++) {
      let x = as_[kk * 16u + tr];
      let y = bs_[kk * 16u + tc];
      ${each(4, (i) => `s[${i}] += x[${i}] * y;`)}
    }
  }
  ${each(4, (i) =>
    each(
      4,
      (j) =>
        `if (m0 + tr * 4u + ${i} < params.m && n0 + tc * 4u + ${j} < params.n) { store(m0 + tr * 4u + ${i}, n0 + tc * 4u + ${j}, s[${i}][${j}]); }`,
    ),
  )}
}`;
}

/** The number of workgroups of a product. */
export const productWorkgroups = (m: number, n: number): number => Math.ceil(m / 64) * Math.ceil(n / 64);

/** A sum over rows or blocks, one thread for each of `params.n` results: `term` assigns `sum`. */
export const sumCode = (term: string): string => `${entry(64)}
  let at = unit * 64u + lid;
  if (at >= params.n) { return; }
  var sum = 0.0;
  ${term}
  result[at] = sum;
}`;

/** SiLU and its derivative. */
export const silu = `
fn silu(x: f32) -> f32 { return x / (1.0 + exp(-x)); }
fn siluSlope(x: f32) -> f32 { let s = 1.0 / (1.0 + exp(-x)); return s * (1.0 + x * (1.0 - s)); }`;
