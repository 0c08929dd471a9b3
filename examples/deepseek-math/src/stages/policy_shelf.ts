/**
 * Policies that a run has open. A worker that computes a policy takes longer to start than a small policy takes to be moved
 * into it, so those that are done with are kept, and get the weights of the next checkpoint that is asked for.
 *
 * @module
 */

import { loadPolicy, type TransformerPolicy } from "@gradus/transformer";
import type { Stage } from "../recipe/configuration.ts";
import type { RunDirectory } from "../recipe/run_directory.ts";

/** Most bytes of checkpoints that are remembered; others are read again. */
const REMEMBERED = 1e9;

/** Opens checkpoints of a run. */
export class PolicyShelf {
  readonly #directory: RunDirectory;
  readonly #engine: { readonly device: "cpu" | "webgpu"; readonly threads?: number };
  readonly #idle: TransformerPolicy[] = [];
  readonly #weights = new Map<Stage, Float32Array>();

  constructor(directory: RunDirectory, engine: { readonly device: "cpu" | "webgpu"; readonly threads?: number }) {
    this.#directory = directory;
    this.#engine = engine;
  }

  /** The policy as a stage left it, with a fresh optimiser. Give it back. */
  async take(stage: Stage): Promise<TransformerPolicy> {
    const weights = this.#weights.get(stage);
    const idle = weights && this.#idle.pop();
    if (idle) {
      await follow(idle, weights);
      return idle;
    }
    const policy = await loadPolicy(this.#directory.checkpoint(stage), this.#engine);
    await this.remember(stage, policy);
    return policy;
  }

  /** Says that a policy is what the stage's checkpoint holds. */
  async remember(stage: Stage, policy: TransformerPolicy): Promise<void> {
    const { weights } = await policy.state();
    if (4 * weights.length * (this.#weights.size + 1) <= REMEMBERED) this.#weights.set(stage, weights.slice());
  }

  /** A policy is done with; whatever it holds is forgotten. */
  giveBack(policy: TransformerPolicy | undefined): void {
    if (policy) this.#idle.push(policy);
  }

  /** Ends all that were given back. */
  async close(): Promise<void> {
    for (const policy of this.#idle.splice(0)) await policy.dispose();
  }
}

/** Puts a policy where weights are, with a fresh optimiser. */
export async function follow(policy: TransformerPolicy, weights: Float32Array): Promise<void> {
  const zeros = () => new Float32Array(weights.length);
  await policy.restore({ weights: weights.slice(), momentum: zeros(), variance: zeros(), steps: 0 });
}
