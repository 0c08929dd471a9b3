/**
 * What a stage needs in order to go on after a kill.
 *
 * @platform node
 * @module
 */

import { access, readFile } from "node:fs/promises";
import { writeWhole } from "@gradus/sft-packing/node";

/** The report of a part, undefined if it was not finished. */
export async function readReport<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as T;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Writes the settings of a stage beside its output, or compares them with those that lie there.
 *
 * @throws {RangeError} They differ: what follows would be a mixture of two runs.
 */
export async function keepSettings(path: string, settings: Readonly<Record<string, unknown>>): Promise<void> {
  const old = await readReport<Record<string, unknown>>(path);
  const plain = JSON.parse(JSON.stringify(settings)) as Record<string, unknown>;
  if (old) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(plain)])) {
      const [was, is] = [old[key], plain[key]].map((value) => JSON.stringify(value));
      if (was !== is)
        throw new RangeError(`Cannot resume with ${path}: ${key} was ${was}, and now is ${is}: take another folder`);
    }
    return;
  }
  await writeWhole(path, (write) => write(`${JSON.stringify(plain, null, 2)}\n`));
}

/** Whether a file is there. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
