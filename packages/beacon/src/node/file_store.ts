/**
 * An append-only store in a file: one pulse a line, written to the disk before `append` returns.
 *
 * @platform node
 */

import { open, readFile } from "node:fs/promises";
import { parsePulse } from "../pulse/parse.ts";
import type { Pulse } from "../pulse/pulse.ts";
import { verifyChain } from "../pulse/verify.ts";
import { checkAppend, firstSince, type PulseStore } from "../store.ts";

/**
 * Opens a store, and verifies all that is in it. A line cut short by a crash, the last one without its end, is removed.
 *
 * @param path A file of JSON lines; made if there is none.
 * @param publicKey The beacon's key.
 * @throws {Error} A file whose pulses are not a genuine chain: with the reason.
 */
export async function fileStore(path: string, publicKey: Uint8Array): Promise<PulseStore> {
  const text = await readFile(path, "utf8").catch((error) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  if (whole.length < text.length) {
    const file = await open(path, "r+");
    await file.truncate(new TextEncoder().encode(whole).length);
    await file.close();
  }
  const pulses: Pulse[] = whole.split("\n").slice(0, -1).map(parsePulse);
  const verdict = await verifyChain(pulses, publicKey);
  if (!verdict.valid) throw new Error(`Cannot open the store ${path}: ${verdict.reason}`);
  return {
    async append(pulse) {
      await checkAppend(pulses.at(-1), pulse, publicKey);
      const file = await open(path, "a");
      try {
        await file.appendFile(`${JSON.stringify(pulse)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      pulses.push(pulse);
    },
    at: async (pulseIndex) => pulses[pulseIndex - 1],
    last: async () => pulses.at(-1),
    since: async (time) => firstSince(pulses, time),
  };
}
