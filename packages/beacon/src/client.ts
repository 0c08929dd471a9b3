/**
 * A beacon's client: fetches pulses over HTTP and believes none that does not verify.
 */

import { parsePulse } from "./pulse/parse.ts";
import type { Pulse } from "./pulse/pulse.ts";
import { verifyPulse } from "./pulse/verify.ts";

/** Options of {@link beaconClient}. */
export interface BeaconClientOptions {
  /** The beacon's key, 1952 bytes, from somewhere that is trusted: not from the server. */
  publicKey: Uint8Array;
  /** Milliseconds to wait for an answer. Default 10,000. */
  timeout?: number;
}

/** Fetches verified pulses. */
export interface BeaconClient {
  /** The last pulse. */
  last(): Promise<Pulse>;
  /** The pulse with an index, from 1. */
  at(pulseIndex: number): Promise<Pulse>;
  /** The first pulse at or after a time, milliseconds since 1970. */
  since(time: number): Promise<Pulse>;
}

/**
 * A client of the server that `@gradus/beacon/node` has.
 *
 * @param url Where the server is, `"http://127.0.0.1:8645"`.
 * @throws {Error} At a request: no such pulse, no answer, or one that does not verify, with the reason.
 *
 * @example
 * ```ts no-run
 * declare const publicKey: Uint8Array;
 * const client = beaconClient("http://127.0.0.1:8645", { publicKey });
 * const { outputValue } = await client.last();
 * ```
 */
export function beaconClient(url: string, { publicKey, timeout = 10_000 }: BeaconClientOptions): BeaconClient {
  const get = async (path: string): Promise<Pulse> => {
    const response = await fetch(`${url.replace(/\/$/, "")}${path}`, { signal: AbortSignal.timeout(timeout) });
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot get ${path}: ${response.status} ${text.slice(0, 200)}`);
    const pulse = parsePulse(text);
    const verdict = await verifyPulse(pulse, publicKey);
    if (!verdict.valid) throw new Error(`Cannot believe ${path}: ${verdict.reason}`);
    return pulse;
  };
  const asked = (path: string, pulse: Pulse, holds: boolean): Pulse => {
    if (!holds)
      throw new Error(`Cannot believe ${path}: the answer is pulse ${pulse.pulseIndex} of ${pulse.timeStamp}`);
    return pulse;
  };
  return {
    last: () => get("/pulse/last"),
    at: async (pulseIndex) => {
      const path = `/pulse/${pulseIndex}`;
      const pulse = await get(path);
      return asked(path, pulse, pulse.pulseIndex === pulseIndex);
    },
    since: async (time) => {
      const path = `/pulse/time/${time}`;
      const pulse = await get(path);
      return asked(path, pulse, Date.parse(pulse.timeStamp) >= time);
    },
  };
}
