/**
 * Axis arithmetic: round tick values, smoothing and thinning of curves.
 *
 * @module
 */

/** One point of a curve. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Round values (1, 2 or 5 times a power of ten apart) that cover the range, about `count` of them.
 *
 * @example
 * ```ts
 * ticks(0, 0.94, 4); // [0, 0.25, …]: 0, 0.2, 0.4, 0.6, 0.8, 1
 * ```
 */
export function ticks(low: number, high: number, count: number): number[] {
  const span = high > low ? high - low : Math.abs(high) || 1;
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((multiple) => multiple * power >= rough * 0.999) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(Math.ceil(high / step - 1e-9), first + 1);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Mean of each of at most `count` equal runs of points: a curve thin enough to draw. */
export function thin(points: readonly Point[], count: number): Point[] {
  if (points.length <= count) return [...points];
  return Array.from({ length: count }, (_, i) => {
    const run = points.slice(Math.floor((i * points.length) / count), Math.floor(((i + 1) * points.length) / count));
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    return { x: mean(run.map(({ x }) => x)), y: mean(run.map(({ y }) => y)) };
  });
}

/** A centred moving average over about an eighth of the curve, narrower at its ends so that they stay in place. */
export function smooth(points: readonly Point[]): Point[] {
  const half = Math.floor(points.length / 16);
  return points.map(({ x }, i) => {
    const reach = Math.min(half, i, points.length - 1 - i);
    let sum = 0;
    for (let j = i - reach; j <= i + reach; j++) sum += points[j].y;
    return { x, y: sum / (2 * reach + 1) };
  });
}
