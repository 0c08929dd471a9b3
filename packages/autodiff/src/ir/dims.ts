/**
 * Symbolic dimensions. A dimension is a number or a polynomial with integer coefficients over named symbols, kept as
 * its canonical text (`"2*batch*time + 1"`), so that two dimensions are equal when their texts are.
 *
 * @module
 */

/** A size: a number, or a symbol or polynomial over symbols such as `"batch"`, `"4*batch*time"`, `"past + 1"`. */
export type Dim = number | string;
/** One dimension for each axis, outermost first. */
export type Shape = readonly Dim[];

/** Coefficient of each monomial; a monomial is its sorted symbols joined by `*`, the constant term's is `""`. */
type Polynomial = Map<string, number>;

function parse(dim: Dim): Polynomial {
  if (typeof dim === "number") return new Map([["", dim]]);
  const polynomial: Polynomial = new Map();
  for (const term of dim.split(" + ")) {
    const factors = term.split("*");
    const coefficient = /^-?\d+$/.test(factors[0]) ? Number(factors.shift()) : 1;
    const monomial = factors.join("*");
    polynomial.set(monomial, (polynomial.get(monomial) ?? 0) + coefficient);
  }
  return polynomial;
}

function print(polynomial: Polynomial): Dim {
  const terms = [...polynomial].filter(([, coefficient]) => coefficient !== 0).sort(([a], [b]) => (a < b ? 1 : -1));
  if (terms.length === 0) return 0;
  if (terms.length === 1 && terms[0][0] === "") return terms[0][1];
  return terms
    .map(([monomial, coefficient]) =>
      monomial === "" ? `${coefficient}` : coefficient === 1 ? monomial : `${coefficient}*${monomial}`,
    )
    .join(" + ");
}

/** a + b. */
export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return a + b;
  const sum = parse(a);
  for (const [monomial, coefficient] of parse(b)) sum.set(monomial, (sum.get(monomial) ?? 0) + coefficient);
  return print(sum);
}

/** a − b. */
export function subtractDims(a: Dim, b: Dim): Dim {
  return addDims(a, multiplyDims(b, -1));
}

/** a · b. */
export function multiplyDims(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return a * b + 0; // + 0 makes −0 a plain 0
  const product: Polynomial = new Map();
  for (const [left, c] of parse(a)) {
    for (const [right, d] of parse(b)) {
      const monomial = [...left.split("*"), ...right.split("*")]
        .filter((symbol) => symbol !== "")
        .sort()
        .join("*");
      product.set(monomial, (product.get(monomial) ?? 0) + c * d);
    }
  }
  return print(product);
}

/** a / b where it comes out even: a constant or one monomial divides every term. `undefined` where it does not. */
export function divideDims(a: Dim, b: Dim): Dim | undefined {
  if (a === b) return 1;
  const divisor = parse(b);
  if (divisor.size !== 1) return undefined;
  const [[symbols, divisorCoefficient]] = divisor;
  if (a === 0 && b !== 0) return 0;
  const quotient: Polynomial = new Map();
  for (const [monomial, coefficient] of parse(a)) {
    const rest = monomial.split("*").filter((symbol) => symbol !== "");
    for (const symbol of symbols.split("*")) {
      if (symbol === "") continue;
      const at = rest.indexOf(symbol);
      if (at < 0) return undefined;
      rest.splice(at, 1);
    }
    if (coefficient % divisorCoefficient !== 0) return undefined;
    quotient.set(rest.join("*"), coefficient / divisorCoefficient);
  }
  return print(quotient);
}

/** Π dims: how many elements a shape has. */
export function sizeOf(shape: Shape): Dim {
  return shape.reduce<Dim>((product, dim) => multiplyDims(product, dim), 1);
}

/** The symbols that occur in a dimension. */
export function symbolsOf(dim: Dim): string[] {
  return [...new Set([...parse(dim).keys()].flatMap((monomial) => monomial.split("*")).filter((name) => name !== ""))];
}

/** The value of a dimension once its symbols are known. Throws `RangeError` for a symbol without a value. */
export function evaluateDim(dim: Dim, symbols: Readonly<Record<string, number>>): number {
  let total = 0;
  for (const [monomial, coefficient] of parse(dim)) {
    let term = coefficient;
    for (const symbol of monomial.split("*")) {
      if (symbol === "") continue;
      if (symbols[symbol] === undefined)
        throw new RangeError(`Cannot evaluate dimension "${dim}": "${symbol}" has no value`);
      term *= symbols[symbol];
    }
    total += term;
  }
  return total;
}

/** A polynomial as a list of terms, for whoever has to compute it: coefficient and symbols (with repetition). */
export function termsOf(dim: Dim): { coefficient: number; symbols: string[] }[] {
  return [...parse(dim)].map(([monomial, coefficient]) => ({
    coefficient,
    symbols: monomial === "" ? [] : monomial.split("*"),
  }));
}
