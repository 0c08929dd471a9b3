/**
 * An append-only store of pulses: what has been published stays, what does not follow is refused.
 */

import type { Pulse } from "./pulse/pulse.ts";
import { verifyPulse, verifySuccession } from "./pulse/verify.ts";

/** Keeps a chain. */
export interface PulseStore {
  /**
   * Appends the next pulse.
   *
   * @throws {Error} A pulse that is not genuine, or not the successor of the last one: with the reason.
   */
  append(pulse: Pulse): Promise<void>;
  /** The pulse with an index, from 1. */
  at(pulseIndex: number): Promise<Pulse | undefined>;
  /** The last pulse. */
  last(): Promise<Pulse | undefined>;
  /** The first pulse at or after a time, milliseconds since 1970. */
  since(time: number): Promise<Pulse | undefined>;
}

/**
 * A store in memory.
 *
 * @param publicKey The beacon's key: every pulse is verified with it.
 *
 * @example
 * ```ts
 * const beacon = createBeacon({ signer: mlDsaSigner(new Uint8Array(32)), entropy: operatingSystem(), period: 1000 });
 * const store = memoryStore(beacon.publicKey);
 * await store.append(await beacon.pulse(0));
 * (await store.last())?.pulseIndex; // 1
 * ```
 */
export function memoryStore(publicKey: Uint8Array): PulseStore {
  const pulses: Pulse[] = [];
  return {
    append: oneByOne(async (pulse) => {
      await checkAppend(pulses.at(-1), pulse, publicKey);
      pulses.push(pulse);
    }),
    at: async (pulseIndex) => pulses[pulseIndex - 1],
    last: async () => pulses.at(-1),
    since: async (time) => firstSince(pulses, time),
  };
}

/** Calls made at the same time wait for each other: what is appended has to follow the one before. */
export function oneByOne(append: PulseStore["append"]): PulseStore["append"] {
  let queue: Promise<void> = Promise.resolve();
  return (pulse) => {
    const appended = queue.then(() => append(pulse));
    queue = appended.catch(() => {});
    return appended;
  };
}

/** Refuses a pulse that may not be appended after `last`. @throws {Error} With the reason. */
export async function checkAppend(last: Pulse | undefined, pulse: Pulse, publicKey: Uint8Array): Promise<void> {
  const alone = await verifyPulse(pulse, publicKey);
  const verdict = alone.valid ? verifySuccession(last, pulse) : alone;
  if (!verdict.valid) throw new Error(`Cannot append pulse ${pulse.pulseIndex}: ${verdict.reason}`);
}

/** Binary search by time. */
export function firstSince(pulses: readonly Pulse[], time: number): Pulse | undefined {
  let [low, high] = [0, pulses.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Date.parse(pulses[middle].timeStamp) < time) low = middle + 1;
    else high = middle;
  }
  return pulses[low];
}
