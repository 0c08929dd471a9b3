/**
 * Where a beacon's local random values come from.
 */

import { sha3_512 } from "@noble/hashes/sha3.js";
import { type BellTestOptions, runBellTest } from "../bell/experiment.ts";
import type { BellSource } from "../bell/source.ts";
import { type CertifyOptions, certify } from "../entropy/certificate.ts";
import { type Bits, bitsOf, packBits } from "../extractor/bits.ts";
import { extractableBits, toeplitz } from "../extractor/toeplitz.ts";
import type { PulseSource } from "./pulse.ts";

/** A draw of 64 bytes, with what a pulse says about them. */
export interface Draw extends PulseSource {
  readonly value: Uint8Array;
}

/** Draws local random values. */
export interface EntropySource {
  draw(): Promise<Draw>;
}

/** The operating system's generator: unpredictable as far as the machine can be trusted; nothing is certified. */
export function operatingSystem(): EntropySource {
  return {
    draw: async () => ({
      kind: "operating-system",
      simulated: false,
      certifiedBits: 0,
      value: globalThis.crypto.getRandomValues(new Uint8Array(64)),
    }),
  };
}

/** Options of {@link simulatedBellTest}. */
export interface SimulatedBellTestOptions extends CertifyOptions, Omit<BellTestOptions, "seed"> {
  /** The devices under test. */
  source: BellSource;
  /** Seed of the simulation's draw number i. Default: 32 bytes of the operating system's. */
  seed?: (draw: number) => string;
  /** Fills an array with the extractor's seed; called only after the raw data are fixed. Default: the operating system. */
  extractorSeed?: (bytes: Uint8Array) => void;
}

/**
 * The whole pipeline on simulated devices: Bell test → score → certificate or abort → Toeplitz extraction of 512 bits. Alice's
 * outcomes are the raw data. Pulses made from it say `simulated: true`.
 *
 * A draw rejects when the certificate does not suffice for 512 bits; the beacon then makes no pulse.
 *
 * @throws {Error} At a draw: "Cannot draw from the Bell test: …", with the score and the bits.
 *
 * @example
 * ```ts
 * const entropy = simulatedBellTest({ source: quantumSource(), trials: 160_000, minimumScore: 2.8 });
 * const { value, simulated, certifiedBits } = await entropy.draw(); // 64 bytes, true, 6,446
 * ```
 */
export function simulatedBellTest(options: SimulatedBellTestOptions): EntropySource {
  const { source, minimumScore, smoothing, failure, trials, testShare } = options;
  const fill = options.extractorSeed ?? fillRandom;
  let count = 0;
  return {
    async draw() {
      const seed = options.seed?.(count) ?? `${globalThis.crypto.getRandomValues(new Uint32Array(8))}`;
      count++;
      const result = runBellTest(source, { trials, testShare, seed });
      const { aborted, bits, score } = certify(result, { minimumScore, smoothing, failure });
      if (extractableBits(bits) < 512) {
        const found = aborted
          ? `score ${score.toFixed(4)} is below the declared ${minimumScore}`
          : `${bits} bits certified`;
        throw new Error(`Cannot draw from the Bell test: ${found}, expected enough to extract 512`);
      }
      const raw = aliceOutcomes(result.trials);
      const diagonals = new Uint8Array((raw.length + 512 + 6) >> 3);
      fill(diagonals);
      const { bytes } = toeplitz(raw, bitsOf(diagonals, raw.length + 511), 512);
      return { kind: "simulated-bell-test", simulated: true, certifiedBits: bits, value: bytes };
    },
  };
}

function aliceOutcomes(trials: Uint8Array): Bits {
  return packBits(trials.map((trial) => (trial >> 2) & 1));
}

/** WebCrypto gives at most 65,536 bytes at a time. */
function fillRandom(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i += 65_536) {
    globalThis.crypto.getRandomValues(bytes.subarray(i, i + 65_536) as Uint8Array<ArrayBuffer>);
  }
}

/** A pulse of another beacon, to be mixed in as {@link Pulse.external}. */
export interface ImportedPulse {
  /** A stable name, `"drand quicknet"`. */
  readonly beacon: string;
  /** Its output. */
  readonly value: Uint8Array;
}

/** What a pulse says about an imported one: hashes of the name and of the value, 64 bytes each. */
export function externalValue({ beacon, value }: ImportedPulse): { sourceId: Uint8Array; value: Uint8Array } {
  return { sourceId: sha3_512(new TextEncoder().encode(beacon)), value: sha3_512(value) };
}
