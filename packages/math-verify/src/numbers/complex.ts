/**
 * Complex numbers in double precision, with the principal branches.
 *
 * @module
 */

/** re + im·i */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

export const complex = (re: number, im = 0): Complex => ({ re, im });
export const NAN: Complex = complex(Number.NaN, Number.NaN);

export const add = (a: Complex, b: Complex): Complex => complex(a.re + b.re, a.im + b.im);
export const subtract = (a: Complex, b: Complex): Complex => complex(a.re - b.re, a.im - b.im);
export const modulus = (a: Complex): number => Math.hypot(a.re, a.im);
export const finite = (a: Complex): boolean => Number.isFinite(a.re) && Number.isFinite(a.im);

export function multiply(a: Complex, b: Complex): Complex {
  if (a.im === 0 && b.im === 0) return complex(a.re * b.re);
  return complex(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re);
}

export function divide(a: Complex, b: Complex): Complex {
  if (b.im === 0) return complex(a.re / b.re, a.im === 0 ? 0 : a.im / b.re);
  const size = b.re * b.re + b.im * b.im;
  return complex((a.re * b.re + a.im * b.im) / size, (a.im * b.re - a.re * b.im) / size);
}

export function exp(a: Complex): Complex {
  const size = Math.exp(a.re);
  return a.im === 0 ? complex(size) : complex(size * Math.cos(a.im), size * Math.sin(a.im));
}

export const log = (a: Complex): Complex =>
  a.im === 0 && a.re > 0 ? complex(Math.log(a.re)) : complex(Math.log(modulus(a)), Math.atan2(a.im, a.re));

export function power(base: Complex, exponent: Complex): Complex {
  if (exponent.im === 0) {
    const n = exponent.re;
    if (base.im === 0 && (base.re >= 0 || Number.isInteger(n))) return complex(base.re ** n);
    if (Number.isInteger(n) && Math.abs(n) <= 64) {
      let result = complex(1);
      for (let i = 0; i < Math.abs(n); i++) result = multiply(result, base);
      return n < 0 ? divide(complex(1), result) : result;
    }
  }
  if (base.re === 0 && base.im === 0) return exponent.re > 0 ? complex(0) : NAN;
  return exp(multiply(exponent, log(base)));
}

/** sin and cos of complex arguments. */
export const sin = (a: Complex): Complex =>
  a.im === 0 ? complex(Math.sin(a.re)) : complex(Math.sin(a.re) * Math.cosh(a.im), Math.cos(a.re) * Math.sinh(a.im));
export const cos = (a: Complex): Complex =>
  a.im === 0 ? complex(Math.cos(a.re)) : complex(Math.cos(a.re) * Math.cosh(a.im), -Math.sin(a.re) * Math.sinh(a.im));

// Lanczos' approximation with g = 7 and nine coefficients (Numerical Recipes, 3rd ed., section 6.1): 1e-15 relative.
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** Γ(x) for real x. */
export function gamma(x: number): number {
  if (x < 0.5) return Math.PI / (Math.sin(Math.PI * x) * gamma(1 - x));
  const z = x - 1;
  let series = LANCZOS[0];
  for (let i = 1; i < LANCZOS.length; i++) series += LANCZOS[i] / (z + i);
  const t = z + 7.5;
  return Math.sqrt(2 * Math.PI) * t ** (z + 0.5) * Math.exp(-t) * series;
}
