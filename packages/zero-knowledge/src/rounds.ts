/**
 * How many rounds a proof takes.
 *
 * A prover without a proper colouring leaves at least one edge wrong in every round, so he survives one with probability at most
 * 1 − 1/|E|, and k independent ones with (1 − 1/|E|)^k ≤ 2^{−λ}.
 *
 * Source: Goldreich, Micali, Wigderson, "Proofs that yield nothing but their validity", J. ACM 38 (1991).
 */

/**
 * k = ⌈λ ln 2 / −ln(1 − 1/|E|)⌉. K4 (6 edges): λ = 40 → 153, 128 → 487; Petersen's graph (15): 402, 1286; 1097 edges: 30,402,
 * 97,285.
 *
 * @param edges |E|, a positive integer.
 * @param lambda λ, bits of soundness. Default 128.
 * @throws {RangeError} Numbers that are not positive.
 *
 * @example
 * ```ts
 * roundsFor(6, 40); // 153
 * ```
 */
export function roundsFor(edges: number, lambda: number = 128): number {
  if (!Number.isInteger(edges) || edges < 1 || !(lambda > 0)) {
    throw new RangeError(`Cannot count rounds: expected edges ≥ 1 and lambda > 0, found ${edges} and ${lambda}`);
  }
  // With one edge a cheat is caught for certain, and one round is enough.
  return edges === 1 ? 1 : Math.ceil((lambda * Math.LN2) / -Math.log1p(-1 / edges));
}

/** The probability that a cheat survives k rounds. */
export function cheatingProbability(edges: number, rounds: number): number {
  return (1 - 1 / edges) ** rounds;
}
