/**
 * From a pulse to seeds:
 *
 *     root = SHAKE256(domain ‖ commitment ‖ output of the pulse)
 *     seed = the stream of `@gradus/seeds` with that root, purpose, step (the seed's number), prompt and sample
 *
 * So every random choice has a name, nobody could choose the root, and one rollout is recomputed alone.
 *
 * @module
 */

import { fromHex, toHex } from "@gradus/beacon";
import { stream } from "@gradus/seeds";
import { shake256 } from "@noble/hashes/sha3.js";

/** The root of all random choices that follow from a commitment and a pulse. */
export function rootOf(domain: string, commitment: string, output: string): string {
  const bytes = new TextEncoder().encode(`gradus ${domain} `);
  return toHex(
    shake256.create({ dkLen: 32 }).update(bytes).update(fromHex(commitment)).update(fromHex(output)).digest(),
  );
}

/** The seed with which a question is sampled for the `run`-th of the K seeds. */
export function seedOf(root: string, run: number, question: number): number {
  return stream(root, { purpose: "evaluation", step: run, prompt: question }).uint32();
}

/**
 * Which of `total` rollouts an audit recomputes: `checks` different ones.
 *
 * A trainer who falsified a share f of them passes with probability (1 − f)^checks.
 */
export function chosenBy(root: string, total: number, checks: number): number[] {
  const order = Array.from({ length: total }, (_, i) => i);
  return stream(root, { purpose: "audit" })
    .shuffle(order)
    .slice(0, checks)
    .sort((a, b) => a - b);
}
