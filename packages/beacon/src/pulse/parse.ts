/** Reading pulses from JSON: strictly, since they come from elsewhere. */

import type { Pulse } from "./pulse.ts";

const VALUE = /^[0-9a-f]{128}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const TYPES = ["previous", "hour", "day", "month", "year"];

const isText = (value: unknown) => typeof value === "string" && value.length <= 1000;
const isValue = (value: unknown) => typeof value === "string" && VALUE.test(value);
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const isWord = (value: unknown) => isCount(value) && (value as number) < 2 ** 32;
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

type Check = (value: unknown) => boolean;

const external: Record<string, Check> = { sourceId: isValue, statusCode: isWord, value: isValue };
const source: Record<string, Check> = {
  kind: isText,
  simulated: (value) => typeof value === "boolean",
  certifiedBits: isCount,
};
const listValue: Record<string, Check> = {
  uri: isText,
  type: (value) => TYPES.includes(value as string),
  value: isValue,
};
const pulse: Record<string, Check> = {
  uri: isText,
  version: (value) => value === "gradus-beacon-1",
  cipherSuite: (value) => value === 0,
  period: (value) => isWord(value) && value !== 0,
  certificateId: isValue,
  chainIndex: isCount,
  pulseIndex: (value) => isCount(value) && value !== 0,
  timeStamp: (value) => typeof value === "string" && TIME.test(value) && toIso(value) === value,
  localRandomValue: isValue,
  external: (value) => isRecord(value),
  listValues: (value) => Array.isArray(value) && value.length <= TYPES.length && value.every(isRecord),
  precommitmentValue: isValue,
  statusCode: isWord,
  source: (value) => isRecord(value),
  signatureValue: (value) => typeof value === "string" && /^([0-9a-f]{2}){1,10000}$/.test(value),
  outputValue: isValue,
};

function toIso(text: string): string | undefined {
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}

function checkFields(value: unknown, checks: Record<string, Check>, where: string): void {
  if (!isRecord(value)) throw new SyntaxError(`Cannot read a pulse: expected an object${where}, found ${typeof value}`);
  for (const [name, holds] of Object.entries(checks)) {
    if (!holds(value[name])) {
      const found = JSON.stringify(value[name])?.slice(0, 80);
      throw new SyntaxError(`Cannot read a pulse: ${name}${where} is not what it has to be, found ${found}`);
    }
  }
  const extra = Object.keys(value).find((name) => !Object.hasOwn(checks, name));
  if (extra) throw new SyntaxError(`Cannot read a pulse: unknown field ${JSON.stringify(extra)}${where}`);
}

/**
 * Reads a pulse from JSON or from a parsed object. Unknown, missing and malformed fields are refused: what is not signed must
 * not ride along.
 *
 * @throws {SyntaxError} Not a pulse; names the field.
 *
 * @example
 * ```ts no-run
 * const pulse = parsePulse(await (await fetch("http://127.0.0.1:8645/pulse/last")).text());
 * ```
 */
export function parsePulse(json: unknown): Pulse {
  let value = json;
  if (typeof json === "string") {
    try {
      value = JSON.parse(json);
    } catch {
      throw new SyntaxError(`Cannot read a pulse: expected JSON, found ${JSON.stringify(json.slice(0, 40))}`);
    }
  }
  checkFields(value, pulse, "");
  const fields = value as Pulse;
  checkFields(fields.external, external, " of external");
  checkFields(fields.source, source, " of source");
  for (const item of fields.listValues) checkFields(item, listValue, " of listValues");
  return fields;
}
