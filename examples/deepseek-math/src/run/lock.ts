/**
 * One program at a time in a directory: a file `.lock` that names the process that uses it. A lock whose process is gone
 * (`kill -9`, a power cut) counts for nothing, at once.
 *
 * @module
 */

import { readFileSync, rmSync } from "node:fs";
import { link, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { fileError } from "./files.ts";

interface Holder {
  readonly pid: number;
  /** When the process began, as the system counts: another process may get the same number later. */
  readonly began: string;
  readonly host: string;
  /** Number of the lock file itself: in a copy of the directory the lock counts for nothing. */
  readonly file: string;
  readonly since: string;
}

const held = new Set<string>();

/** Field 22 of /proc/<pid>/stat; empty where the system does not tell. The name, field 2, may hold anything. */
function beginningOf(pid: number): string {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "utf8");
    return line.slice(line.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function isAlive({ pid, began }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return beginningOf(pid) === began;
}

async function numberOf(path: string): Promise<string> {
  return String((await stat(path, { bigint: true })).ino);
}

/** Who holds a lock; nobody where the file is gone, was never finished, or is a copy. */
async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(path, "utf8")) as Holder;
    return holder.file === (await numberOf(path)) ? holder : undefined;
  } catch {
    return undefined;
  }
}

/** Takes a dead process's lock away; puts it back where a living one has taken its place meanwhile. */
async function clear(path: string): Promise<void> {
  const aside = `${path}.tmp-${process.pid}-stale`;
  await rename(path, aside).catch(() => {});
  const taken = await holderOf(aside);
  if (taken && isAlive(taken)) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

/**
 * Locks a directory for this process until {@link unlockDirectory} or the end of the process. Again does no harm.
 *
 * @throws {Error} When another process holds it, which the message names, or the lock cannot be written.
 * @example
 * ```ts ignore
 * await lockDirectory("runs/default");
 * ```
 */
export async function lockDirectory(directory: string): Promise<void> {
  const path = join(resolve(directory), ".lock");
  if (held.has(path)) return;
  const own = {
    pid: process.pid,
    began: beginningOf(process.pid),
    host: hostname(),
    since: new Date().toISOString(),
  };
  const draft = `${path}.tmp-${process.pid}`;
  try {
    // Linked into place, so that a lock is never seen half written.
    await writeFile(draft, "");
    const holding: Holder = { ...own, file: await numberOf(draft) };
    await writeFile(draft, JSON.stringify(holding));
    for (;;) {
      try {
        await link(draft, path);
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const holder = await holderOf(path);
      if (holder && holder.host !== own.host)
        throw new Error(
          `Cannot use ${directory}: process ${holder.pid} on ${holder.host} has used it since ${holder.since}; if that has ended, remove ${path}`,
        );
      if (holder && isAlive(holder))
        throw new Error(`Cannot use ${directory}: process ${holder.pid} has been using it since ${holder.since}`);
      await clear(path);
    }
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code ? fileError(`Cannot lock ${directory}`, error) : error;
  } finally {
    await rm(draft, { force: true }).catch(() => {});
  }
  if (held.size === 0) process.once("exit", releaseAll);
  held.add(path);
}

/** Gives a directory free. */
export function unlockDirectory(directory: string): void {
  const path = join(resolve(directory), ".lock");
  if (held.delete(path)) rmSync(path, { force: true });
}

function releaseAll(): void {
  for (const path of held) {
    try {
      rmSync(path, { force: true });
    } catch {
      // What stays counts for nothing: its process is gone.
    }
  }
  held.clear();
}
