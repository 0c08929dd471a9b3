/**
 * Character references in bytes: `&lt;`, `&#955;`, also those without a semicolon that HTML allows.
 *
 * @module
 */

import { decodeHTML } from "entities";

/** What a reference stands for, and where it ends. */
export interface Entity {
  readonly decoded: Uint8Array;
  readonly end: number;
}

/** The longest name is `&CounterClockwiseContourIntegral;`, 33 characters. */
const LONGEST = 40;
/** Pages use few different ones; whoever makes them up gets them decoded each time. */
const MOST_KNOWN = 4096;
const known = new Map<string, Uint8Array>();
const encoder = new TextEncoder();

/** The reference that begins with the "&" at `at`; an "&" that begins none stands for itself. */
export function entity(html: Uint8Array, at: number): Entity {
  let end = at + 1;
  let name = "&";
  for (const most = Math.min(html.length, at + LONGEST); end < most; end++) {
    const byte = html[end];
    const letter = byte | 0x20;
    const part = (letter >= 0x61 && letter <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x23;
    if (!part && byte !== 0x3b) break;
    name += String.fromCharCode(byte);
    if (!part) {
      end++;
      break;
    }
  }
  let decoded = known.get(name);
  if (!decoded) {
    decoded = encoder.encode(decodeHTML(name));
    if (known.size < MOST_KNOWN) known.set(name, decoded);
  }
  return { decoded, end };
}
