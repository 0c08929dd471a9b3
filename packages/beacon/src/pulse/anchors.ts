/**
 * The earlier outputs that a pulse repeats. With them a verifier goes from a pulse to one of last year in a few leaps, each
 * of them under the signature.
 */

import { type ListValue, type Pulse, type PulseBody, ZERO } from "./pulse.ts";

/** How much of an ISO time names the hour, day, month and year. */
const PREFIX = { hour: 13, day: 10, month: 7, year: 4 } as const;

/**
 * List values of the pulse at `timeStamp` that follows `previous`: the previous output and, for hour, day, month and year
 * (UTC), the output of the last pulse before the current one began. NIST lists the first pulse of each instead; the last of
 * the one before can be checked with nothing but the previous pulse. Zeros where there is none yet.
 */
export function listValuesAfter(previous: Pulse | undefined, timeStamp: string, uri: string): ListValue[] {
  const zero = { uri, value: ZERO };
  if (!previous) {
    return (["previous", "hour", "day", "month", "year"] as const).map((type) => ({
      uri: zero.uri,
      type,
      value: ZERO,
    }));
  }
  const last = { uri: previous.uri, value: previous.outputValue };
  const anchors = (["hour", "day", "month", "year"] as const).map((type): ListValue => {
    const changed = previous.timeStamp.slice(0, PREFIX[type]) !== timeStamp.slice(0, PREFIX[type]);
    const kept = previous.listValues.find((item) => item.type === type) ?? zero;
    const { uri: from, value } = changed ? last : kept;
    return { uri: from, type, value };
  });
  return [{ uri: last.uri, type: "previous", value: last.value }, ...anchors];
}

/** One list value, or zeros. */
export function listValue(pulse: PulseBody, type: ListValue["type"]): string {
  return pulse.listValues.find((item) => item.type === type)?.value ?? ZERO;
}
