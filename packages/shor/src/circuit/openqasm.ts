/** Circuits as OpenQASM 3 text, which other simulators and machines read. */

import type { Circuit, Gate } from "./circuit.ts";

const PREFIX = ["", "c", "cc"];

/** A gate's name with so many controls: those of `stdgates.inc` where it has them, else a modifier. */
function named(base: string, controls: number, known: readonly string[]): string {
  const short = `${PREFIX[controls] ?? ""}${base}`;
  return controls < PREFIX.length && known.includes(short) ? short : `${"ctrl @ ".repeat(controls)}${base}`;
}

function statement(gate: Gate): string {
  const list = (qubits: readonly number[]) => qubits.map((qubit) => `q[${qubit}]`).join(", ");
  const when = "condition" in gate && gate.condition !== undefined ? `if (c[${gate.condition}]) ` : "";
  switch (gate.kind) {
    case "h":
      return `h q[${gate.target}];`;
    case "x":
      return `${when}${named("x", gate.controls.length, ["x", "cx", "ccx"])} ${list([...gate.controls, gate.target])};`;
    case "swap":
      return `${named("swap", gate.controls.length, ["swap", "cswap"])} ${list([...gate.controls, gate.a, gate.b])};`;
    case "phase": {
      const [base, ...controls] = gate.qubits.toReversed();
      const name = named("p", controls.length, ["p", "cp"]).replace(/p$/, `p(${gate.angle})`);
      return `${when}${name} ${list([...controls.toReversed(), base])};`;
    }
    case "measure":
      return `c[${gate.bit}] = measure q[${gate.target}];`;
  }
}

/**
 * The circuit as OpenQASM 3.
 *
 * @example
 * ```ts
 * toOpenQasm({ qubits: 2, bits: 1, gates: [{ kind: "h", target: 0 }, { kind: "measure", target: 0, bit: 0 }] });
 * // OPENQASM 3.0; … h q[0]; c[0] = measure q[0];
 * ```
 */
export function toOpenQasm({ qubits, bits, gates }: Circuit): string {
  const head = [
    "OPENQASM 3.0;",
    'include "stdgates.inc";',
    `qubit[${qubits}] q;`,
    ...(bits ? [`bit[${bits}] c;`] : []),
  ];
  return `${[...head, ...gates.map(statement)].join("\n")}\n`;
}
