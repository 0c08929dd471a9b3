/** Circuits as drawings. */

import type { Circuit, Gate } from "./circuit.ts";

const STEP = 36;
const ROW = 32;

/** The qubits that a gate touches: first the one with its symbol, or the two that are exchanged. */
function touched(gate: Gate): { boxes: number[]; dots: readonly number[]; label: string } {
  const when = "condition" in gate && gate.condition !== undefined ? `|c${gate.condition}` : "";
  switch (gate.kind) {
    case "h":
      return { boxes: [gate.target], dots: [], label: "H" };
    case "x":
      return { boxes: [gate.target], dots: gate.controls, label: `X${when}` };
    case "swap":
      return { boxes: [gate.a, gate.b], dots: gate.controls, label: "×" };
    case "phase":
      return { boxes: gate.qubits.slice(-1), dots: gate.qubits.slice(0, -1), label: `P${when}` };
    case "measure":
      return { boxes: [gate.target], dots: [], label: `M${gate.bit}` };
  }
}

/**
 * The circuit as an SVG image: one line for each qubit, gates from left to right, as far left as their qubits are free.
 *
 * @param circuit Any; a thousand gates make a wide image.
 *
 * @example
 * ```ts
 * toSvg({ qubits: 2, bits: 0, gates: [{ kind: "h", target: 0 }, { kind: "x", target: 1, controls: [0] }] }).slice(0, 4); // "<svg"
 * ```
 */
export function toSvg({ qubits, gates }: Circuit): string {
  const free = new Array<number>(qubits).fill(0);
  const parts: string[] = [];
  for (const gate of gates) {
    const { boxes, dots, label } = touched(gate);
    const all = [...boxes, ...dots];
    const [first, last] = [Math.min(...all), Math.max(...all)];
    const column = Math.max(...free.slice(first, last + 1));
    free.fill(column + 1, first, last + 1);
    const x = 60 + column * STEP;
    const y = (qubit: number) => 20 + qubit * ROW;
    if (first < last) parts.push(`<path d="M${x} ${y(first)}V${y(last)}"/>`);
    for (const dot of dots) parts.push(`<circle cx="${x}" cy="${y(dot)}" r="4" fill="currentColor"/>`);
    for (const box of boxes) {
      parts.push(`<rect x="${x - 14}" y="${y(box) - 11}" width="28" height="22" rx="3" fill="Canvas"/>`);
      parts.push(`<text x="${x}" y="${y(box) + 4}">${label}</text>`);
    }
  }
  const width = 90 + Math.max(...free) * STEP;
  const height = 20 + qubits * ROW;
  const lines = free.map((_, qubit) => {
    const y = 20 + qubit * ROW;
    return `<path d="M40 ${y}H${width - 10}"/><text x="20" y="${y + 4}">q${qubit}</text>`;
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `stroke="currentColor" fill="none" style="color-scheme:light dark"><style>text{font:11px sans-serif;` +
    `text-anchor:middle;fill:currentColor;stroke:none}</style>${[...lines, ...parts].join("")}</svg>`
  );
}
