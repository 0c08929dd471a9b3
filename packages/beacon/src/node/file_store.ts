/**
 * An append-only store in a file: one pulse a line, written to the disk before `append` returns.
 *
 * @platform node
 */

import { open, readFile, truncate } from "node:fs/promises";
import { parsePulse } from "../pulse/parse.ts";
import type { Pulse } from "../pulse/pulse.ts";
import { verifyChain } from "../pulse/verify.ts";
import { checkAppend, firstSince, oneByOne, type PulseStore } from "../store.ts";

/**
 * Opens a store, and verifies all that is in it. A line cut short by a crash, the last one without its end, is removed; an
 * append that fails leaves the file as it was.
 *
 * @param path A file of JSON lines; made if there is none.
 * @param publicKey The beacon's key.
 * @throws {Error} A file that is not a store, or whose pulses are not a genuine chain: with the reason. It is left as it is.
 */
export async function fileStore(path: string, publicKey: Uint8Array): Promise<PulseStore> {
  const text = await readFile(path, "utf8").catch((error) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const torn = text.slice(whole.length);
  const refuse = (reason: string) => new Error(`Cannot open the store ${path}: ${reason}`);
  if (torn !== "" && !torn.startsWith("{"))
    throw refuse(`its last line begins with ${JSON.stringify(torn.slice(0, 20))}`);
  const lines = whole.split("\n").slice(0, -1);
  const pulses: Pulse[] = lines.map((line, i) => {
    try {
      return parsePulse(line);
    } catch (error) {
      throw refuse(`line ${i + 1}: ${(error as Error).message}`);
    }
  });
  const verdict = await verifyChain(pulses, publicKey);
  if (!verdict.valid) throw refuse(verdict.reason);
  let size = new TextEncoder().encode(whole).length;
  if (torn !== "") await truncate(path, size);
  return {
    append: oneByOne(async (pulse) => {
      await checkAppend(pulses.at(-1), pulse, publicKey);
      const line = new TextEncoder().encode(`${JSON.stringify(pulse)}\n`);
      const file = await open(path, "a");
      try {
        await file.appendFile(line);
        await file.sync();
      } catch (error) {
        await file.truncate(size).catch(() => {});
        throw error;
      } finally {
        await file.close();
      }
      size += line.length;
      pulses.push(pulse);
    }),
    at: async (pulseIndex) => pulses[pulseIndex - 1],
    last: async () => pulses.at(-1),
    since: async (time) => firstSince(pulses, time),
  };
}
