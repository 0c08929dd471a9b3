/**
 * The beacon's operator: makes one pulse after another.
 */

import { sha3_512 } from "@noble/hashes/sha3.js";
import { toHex } from "../encoding.ts";
import type { Signer } from "../signature/ml_dsa.ts";
import { listValuesAfter } from "./anchors.ts";
import { type Draw, type EntropySource, externalValue, type ImportedPulse } from "./entropy_source.ts";
import { commitmentTo, encodePulse, outputOf, type Pulse, type PulseBody, STATUS, ZERO } from "./pulse.ts";

/** A draw that the last pulse has committed to: a secret until the next pulse opens it. */
export interface PendingDraw extends Omit<Draw, "value"> {
  /** 64 bytes, hexadecimal. */
  readonly value: string;
}

/** Options of {@link createBeacon}. */
export interface BeaconOptions {
  signer: Signer;
  /** Where local random values come from. */
  entropy: EntropySource;
  /** Milliseconds between pulses, a positive integer. */
  period: number;
  /** Prefix of the pulses' addresses. Default `"urn:gradus-beacon"`. */
  uri?: string;
  /** Default 0. */
  chainIndex?: number;
  /** To go on with a chain: its last pulse, and the draw that it committed to. */
  resume?: { last: Pulse; pending: PendingDraw };
}

/** The last millisecond of the year 9999: later ones have no timestamp of four digits. */
const LAST = Date.UTC(10_000, 0) - 1;

/** A beacon at work. */
export interface Beacon {
  readonly publicKey: Uint8Array;
  /** The last pulse made. */
  readonly last: Pulse | undefined;
  /** What {@link BeaconOptions.resume} needs after a restart. **Secret.** */
  readonly pending: PendingDraw | undefined;
  /**
   * Makes the next pulse. Calls made at the same time wait for each other.
   *
   * @param time Milliseconds since 1970, a whole number of periods after the last pulse.
   * @param imported Another beacon's pulse to mix in.
   * @throws {RangeError} A time that is not after the last pulse by a multiple of the period, or not in the years 1970 to 9999.
   */
  pulse(time: number, imported?: ImportedPulse): Promise<Pulse>;
}

/**
 * Starts a beacon, or resumes one.
 *
 * @throws {RangeError} A period that is no positive integer below 2^32, a pending draw that the last pulse did not commit to, or
 *   another period, chain or key than the last pulse's.
 *
 * @example
 * ```ts
 * const signer = mlDsaSigner(crypto.getRandomValues(new Uint8Array(32)));
 * const beacon = createBeacon({ signer, entropy: operatingSystem(), period: 60_000 });
 * const first = await beacon.pulse(Date.UTC(2026, 10, 24, 12, 0));
 * const second = await beacon.pulse(Date.UTC(2026, 10, 24, 12, 1));
 * second.listValues[0].value === first.outputValue; // true: chained
 * ```
 */
export function createBeacon(options: BeaconOptions): Beacon {
  const { signer, entropy, period, uri = "urn:gradus-beacon", chainIndex = 0, resume } = options;
  if (!Number.isInteger(period) || period < 1 || period >= 2 ** 32) {
    throw new RangeError(`Cannot start a beacon: period must be a positive integer below 2^32, found ${period}`);
  }
  if (resume && commitmentTo(resume.pending.value) !== resume.last.precommitmentValue) {
    throw new RangeError(
      `Cannot resume a beacon: pulse ${resume.last.pulseIndex} committed to another draw than the pending one`,
    );
  }
  const certificateId = toHex(sha3_512(signer.publicKey));
  for (const [name, value] of Object.entries({ period, chainIndex, certificateId })) {
    const before = resume?.last[name as keyof Pulse] ?? value;
    if (before !== value) throw new RangeError(`Cannot resume a beacon: its ${name} was ${before}, found ${value}`);
  }
  let last = resume?.last;
  let pending = resume?.pending;
  const draw = async (): Promise<PendingDraw> => {
    const { kind, simulated, certifiedBits, value } = await entropy.draw();
    if (value.length !== 64)
      throw new RangeError(`Cannot draw: expected 64 bytes of the source, found ${value.length}`);
    return { kind, simulated, certifiedBits, value: toHex(value) };
  };

  const make = async (time: number, imported?: ImportedPulse): Promise<Pulse> => {
    const elapsed = last ? time - Date.parse(last.timeStamp) : period;
    if (!Number.isInteger(time) || time < 0 || time > LAST || !(elapsed > 0) || elapsed % period !== 0) {
      const expected = last
        ? `a time a multiple of ${period} ms after ${last.timeStamp}`
        : "whole milliseconds since 1970";
      throw new RangeError(`Cannot make a pulse: expected ${expected}, found ${time}`);
    }
    const now = pending ?? (await draw());
    const next = await draw();
    const pulseIndex = last ? last.pulseIndex + 1 : 1;
    const address = `${uri}/chain/${chainIndex}/pulse/${pulseIndex}`;
    const timeStamp = new Date(time).toISOString();
    const external = imported && externalValue(imported);
    const body: PulseBody = {
      uri: address,
      version: "gradus-beacon-1",
      cipherSuite: 0,
      period,
      certificateId,
      chainIndex,
      pulseIndex,
      timeStamp,
      localRandomValue: now.value,
      external: {
        sourceId: external ? toHex(external.sourceId) : ZERO,
        statusCode: external ? 0 : 1,
        value: external ? toHex(external.value) : ZERO,
      },
      listValues: listValuesAfter(last, timeStamp, address),
      precommitmentValue: commitmentTo(next.value),
      statusCode: last ? (elapsed === period ? 0 : STATUS.gap) : STATUS.first,
      source: { kind: now.kind, simulated: now.simulated, certifiedBits: now.certifiedBits },
    };
    const signatureValue = toHex(await signer.sign(encodePulse(body)));
    last = { ...body, signatureValue, outputValue: outputOf(body) };
    pending = next;
    return last;
  };
  // One after the other: two pulses made at once would have the same place, a fork that the operator signed himself.
  let queue: Promise<unknown> = Promise.resolve();

  return {
    publicKey: signer.publicKey,
    get last() {
      return last;
    },
    get pending() {
      return pending;
    },
    pulse(time, imported) {
      const made = queue.then(() => make(time, imported));
      queue = made.catch(() => {});
      return made;
    },
  };
}
