/**
 * Is this pulse genuine, and is it the one that follows that pulse? The answer to "no" is the reason, in words and as a code.
 */

import { sha3_512 } from "@noble/hashes/sha3.js";
import { fromHex, toHex } from "../encoding.ts";
import { verifyMlDsa } from "../signature/ml_dsa.ts";
import { listValue, listValuesAfter } from "./anchors.ts";
import { parsePulse } from "./parse.ts";
import { commitmentTo, encodePulse, outputOf, type Pulse, STATUS } from "./pulse.ts";

/** What is wrong with a pulse. */
export type Refusal =
  | "malformed"
  | "key"
  | "output"
  | "signature"
  | "chain"
  | "repeated"
  | "skipped"
  | "fork"
  | "back-dated"
  | "time"
  | "precommitment"
  | "list"
  | "status"
  | "period";

/** The verdict on a pulse. */
export type Verdict =
  | { readonly valid: true }
  | { readonly valid: false; readonly code: Refusal; readonly reason: string };

const refuse = (code: Refusal, reason: string): Verdict => ({ valid: false, code, reason });
const valid: Verdict = { valid: true };

/**
 * Checks one pulse by itself: its form (as {@link parsePulse} does, so that no two texts pass for the same pulse), the key it
 * names, its output, its signature.
 *
 * @param pulse The pulse.
 * @param publicKey The beacon's key, 1952 bytes, from somewhere that is trusted.
 *
 * @example
 * ```ts
 * const beacon = createBeacon({ signer: mlDsaSigner(new Uint8Array(32)), entropy: operatingSystem(), period: 60_000 });
 * const pulse = await beacon.pulse(Date.UTC(2026, 0, 1));
 * await verifyPulse(pulse, beacon.publicKey); // { valid: true }
 * await verifyPulse({ ...pulse, statusCode: 0 }, beacon.publicKey); // code "output": a field was changed
 * ```
 */
export async function verifyPulse(pulse: Pulse, publicKey: Uint8Array): Promise<Verdict> {
  try {
    parsePulse(pulse);
  } catch (error) {
    return refuse("malformed", (error as Error).message);
  }
  const key = toHex(sha3_512(publicKey));
  if (pulse.certificateId !== key) {
    return refuse(
      "key",
      `pulse ${pulse.pulseIndex} names the key ${pulse.certificateId.slice(0, 16)}…, expected ${key.slice(0, 16)}…`,
    );
  }
  if (outputOf(pulse) !== pulse.outputValue) {
    return refuse("output", `the output of pulse ${pulse.pulseIndex} is not the hash of its fields: one was changed`);
  }
  if (!(await verifyMlDsa(encodePulse(pulse), fromHex(pulse.signatureValue), publicKey))) {
    return refuse("signature", `the signature of pulse ${pulse.pulseIndex} is not by this beacon's key`);
  }
  return valid;
}

/**
 * Checks that `pulse` is the successor of `previous`: the next index, later by one period (or by several, with the status
 * that says so), opening the previous pulse's commitment and repeating its output. Checks no signature.
 *
 * @param previous The pulse before, or undefined if `pulse` shall be the first of its chain.
 * @param pulse The pulse.
 */
export function verifySuccession(previous: Pulse | undefined, pulse: Pulse): Verdict {
  const name = `pulse ${pulse.pulseIndex}`;
  const list = listValuesAfter(previous, pulse.timeStamp, pulse.uri);
  const listed = () =>
    JSON.stringify(list.map(({ type, uri, value }) => [type, uri, value])) ===
    JSON.stringify(pulse.listValues.map(({ type, uri, value }) => [type, uri, value]));
  if (!previous) {
    if (pulse.pulseIndex !== 1) return refuse("skipped", `a chain begins with pulse 1, found ${pulse.pulseIndex}`);
    if (pulse.statusCode !== STATUS.first) return refuse("status", `${name} begins a chain, its status must say so`);
    return listed() ? valid : refuse("list", `${name} begins a chain, and lists earlier outputs`);
  }
  if (pulse.chainIndex !== previous.chainIndex || pulse.certificateId !== previous.certificateId) {
    return refuse(
      "chain",
      `${name} is of chain ${pulse.chainIndex}, expected chain ${previous.chainIndex} and its key`,
    );
  }
  if (pulse.pulseIndex <= previous.pulseIndex) {
    return pulse.outputValue === previous.outputValue || pulse.pulseIndex < previous.pulseIndex
      ? refuse("repeated", `${name} comes after pulse ${previous.pulseIndex}: repeated`)
      : refuse("fork", `two different pulses have the index ${pulse.pulseIndex}`);
  }
  if (pulse.pulseIndex !== previous.pulseIndex + 1) {
    return refuse(
      "skipped",
      `${name} comes after pulse ${previous.pulseIndex}: ${pulse.pulseIndex - previous.pulseIndex - 1} skipped`,
    );
  }
  if (listValue(pulse, "previous") !== previous.outputValue) {
    return refuse("fork", `${name} continues another pulse ${previous.pulseIndex} than this one`);
  }
  if (pulse.period !== previous.period) {
    return refuse("period", `${name} changes the period from ${previous.period} to ${pulse.period} ms`);
  }
  const elapsed = Date.parse(pulse.timeStamp) - Date.parse(previous.timeStamp);
  if (elapsed <= 0) return refuse("back-dated", `${name} is dated ${pulse.timeStamp}, not after ${previous.timeStamp}`);
  if (elapsed % pulse.period !== 0) {
    return refuse("time", `${name} comes ${elapsed} ms after the one before, expected a multiple of ${pulse.period}`);
  }
  const status = elapsed === pulse.period ? 0 : STATUS.gap;
  if (pulse.statusCode !== status) {
    return refuse(
      "status",
      `${name} comes ${elapsed} ms after the one before: expected status ${status}, found ${pulse.statusCode}`,
    );
  }
  if (commitmentTo(pulse.localRandomValue) !== previous.precommitmentValue) {
    return refuse("precommitment", `${name} does not open the commitment of pulse ${previous.pulseIndex}`);
  }
  return listed() ? valid : refuse("list", `${name} lists other earlier outputs than it has to`);
}

/** Options of {@link verifyChain}. */
export interface VerifyChainOptions {
  /** The pulse before the first one, already trusted. Default: the pulses are a chain from its beginning. */
  after?: Pulse;
}

/**
 * Checks a whole chain: each pulse by itself and as the successor of the one before. The first refusal is returned.
 *
 * @example
 * ```ts
 * const beacon = createBeacon({ signer: mlDsaSigner(new Uint8Array(32)), entropy: operatingSystem(), period: 1000 });
 * const pulses = [await beacon.pulse(0), await beacon.pulse(1000), await beacon.pulse(2000)];
 * await verifyChain(pulses, beacon.publicKey); // { valid: true }
 * await verifyChain([pulses[0], pulses[2]], beacon.publicKey); // code "skipped"
 * ```
 */
export async function verifyChain(
  pulses: Iterable<Pulse>,
  publicKey: Uint8Array,
  { after }: VerifyChainOptions = {},
): Promise<Verdict> {
  let previous = after;
  for (const pulse of pulses) {
    const alone = await verifyPulse(pulse, publicKey);
    if (!alone.valid) return alone;
    const succession = verifySuccession(previous, pulse);
    if (!succession.valid) return succession;
    previous = pulse;
  }
  return valid;
}

/**
 * Whether two pulses prove that a beacon forked its chain: both genuine, the same place, different outputs. Whoever holds
 * both can show them to anybody.
 */
export async function provesFork(a: Pulse, b: Pulse, publicKey: Uint8Array): Promise<boolean> {
  const samePlace = a.chainIndex === b.chainIndex && a.pulseIndex === b.pulseIndex;
  if (!samePlace || a.outputValue === b.outputValue) return false;
  return (await verifyPulse(a, publicKey)).valid && (await verifyPulse(b, publicKey)).valid;
}
