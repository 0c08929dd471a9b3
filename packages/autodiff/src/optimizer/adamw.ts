/**
 * AdamW on flat arrays (Loshchilov & Hutter, arXiv 1711.05101). It runs in JavaScript rather than in the graph: one pass
 * over memory that is there anyway, where a graph would copy weights and both moments out of the runtime at every step.
 *
 * @module
 */

/** Settings of one update. */
export interface AdamWOptions {
  learningRate: number;
  /** Decay rates of the two moments. Default (0.9, 0.95), DeepSeekMath's. */
  betas?: readonly [number, number];
  /** Added to the root of the second moment. Default 1e-8. */
  epsilon?: number;
  /** Decoupled decay: w ← w − learningRate · weightDecay · w. Default 0. */
  weightDecay?: number;
  /** Gradients are scaled down to this global L2 norm. Default 1; `Infinity` never clips. */
  maxGradientNorm?: number;
}

/** What an update did. */
export interface AdamWReport {
  /** Updates made so far, this one included. */
  step: number;
  /** Global L2 norm of the gradient before clipping. */
  gradientNorm: number;
  /** The factor applied to the gradient, at most 1. */
  clipFactor: number;
}

/** √Σ g², summed in double precision in order, so that it is the same in every run. */
export function globalNorm(gradient: Float32Array): number {
  let total = 0;
  for (let i = 0; i < gradient.length; i++) total += gradient[i] * gradient[i];
  return Math.sqrt(total);
}

/**
 * State of AdamW for one flat vector of weights.
 *
 * ```ts
 * import { AdamW } from "@gradus/autodiff";
 * const weights = Float32Array.of(1, -2);
 * const optimizer = new AdamW(weights.length);
 * const { step } = optimizer.step(weights, Float32Array.of(0.5, -0.5), { learningRate: 0.1 });
 * console.log(step, weights); // 1, about [0.9, -1.9]
 * ```
 */
export class AdamW {
  /** First and second moments. */
  readonly momentum: Float32Array;
  readonly variance: Float32Array;
  readonly #decays: Uint8Array | undefined;
  steps = 0;

  /** `decays` marks with 1 the weights that decay; default: all. Norms and biases should not. */
  constructor(size: number, { decays }: { decays?: Uint8Array } = {}) {
    if (decays && decays.length !== size) {
      throw new RangeError(`Cannot make AdamW: decays has ${decays.length} entries, expected ${size}`);
    }
    this.momentum = new Float32Array(size);
    this.variance = new Float32Array(size);
    this.#decays = decays;
  }

  /**
   * Updates the weights in place. Throws `RangeError` when sizes disagree or the gradient is not finite; the weights and
   * the state are untouched then.
   */
  step(weights: Float32Array, gradient: Float32Array, options: AdamWOptions): AdamWReport {
    const {
      learningRate,
      betas: [beta1, beta2] = [0.9, 0.95],
      epsilon = 1e-8,
      weightDecay = 0,
      maxGradientNorm = 1,
    } = options;
    const { momentum, variance } = this;
    if (weights.length !== momentum.length || gradient.length !== momentum.length) {
      throw new RangeError(
        `Cannot update ${weights.length} weights by ${gradient.length} gradients: expected ${momentum.length} of both`,
      );
    }
    const gradientNorm = globalNorm(gradient);
    if (!Number.isFinite(gradientNorm)) throw new RangeError(`Cannot update: the gradient's norm is ${gradientNorm}`);
    const clipFactor = gradientNorm > maxGradientNorm ? maxGradientNorm / gradientNorm : 1;
    this.steps++;
    const rate = learningRate / (1 - beta1 ** this.steps);
    const correction = 1 / Math.sqrt(1 - beta2 ** this.steps);
    const keep = 1 - learningRate * weightDecay;
    const decays = this.#decays;
    for (let i = 0; i < weights.length; i++) {
      const g = gradient[i] * clipFactor;
      const m = beta1 * momentum[i] + (1 - beta1) * g;
      const v = beta2 * variance[i] + (1 - beta2) * g * g;
      momentum[i] = m;
      variance[i] = v;
      const w = decays === undefined || decays[i] === 1 ? weights[i] * keep : weights[i];
      weights[i] = w - (rate * m) / (Math.sqrt(v) * correction + epsilon);
    }
    return { step: this.steps, gradientNorm, clipFactor };
  }
}
