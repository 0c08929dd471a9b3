/**
 * Replacing a whole directory such that a kill at any moment leaves the old content or the new, complete.
 *
 * ```text
 *        D          D.old       D.tmp-…
 *   0    old                               before
 *   1    old                    partial    the new content is written and flushed under a temporary name
 *   2    old                    new
 *   3               old         new        rename D → D.old
 *   4    new        old                    rename D.tmp-… → D
 *   5    new                    old        rename D.old → D.tmp-…, which is then deleted
 * ```
 *
 * The two renames cannot be one: no portable call exchanges two directories. Whoever finds state 3 takes `D.old`
 * (`findDirectory`); in all other states `D` is there and complete, so `D` goes before `D.old`. The next replacement
 * first moves `D.old` back if `D` is missing, and clears away temporary directories of processes that are gone.
 */
import { mkdir, open, readdir, readlink, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import process from "node:process";
import { errorCode } from "./file_errors.ts";

/** Tells this process's temporary directories from those of an earlier one with the same process id. */
const session = crypto.randomUUID().slice(0, 8);
let count = 0;

/**
 * Where the content of a directory is: the directory itself, or what a killed replacement left as `directory.old`.
 *
 * @param directory The directory's own name.
 * @returns Its path or that of `.old`; undefined if there is neither.
 */
export async function findDirectory(directory: string): Promise<string | undefined> {
  for (const candidate of [directory, `${await linkTarget(directory)}.old`]) {
    try {
      if ((await stat(candidate)).isDirectory()) return candidate;
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
    }
  }
  return undefined;
}

/**
 * Replace a directory by what `write` puts into an empty one. Only one replacement of a directory may run at a time.
 *
 * @param directory The directory; if it is a link, what it points to is replaced.
 * @param write Fills the new directory, whose path it is given. If it fails, the old content stays and the new one is
 *   removed.
 */
export async function replaceDirectory(directory: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const target = await linkTarget(directory);
  const old = `${target}.old`;
  await mkdir(dirname(target), { recursive: true });
  if ((await findDirectory(target)) === old) await rename(old, target);
  await clearAway(target);

  const temporary = temporaryName(target);
  try {
    await mkdir(temporary);
    await write(temporary);
    await flush(temporary);
    const replaced = (await findDirectory(target)) === target;
    if (replaced) {
      // Left by a replacement that was killed between states 4 and 5.
      await discard(old, target);
      await rename(target, old);
    }
    try {
      await rename(temporary, target);
    } catch (error) {
      if (replaced) await rename(old, target);
      throw error;
    }
    await flush(dirname(target));
    if (replaced) await discard(old, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

/** Flush a file or directory to the disk, so that even a power failure keeps the order of the steps. */
export async function flush(path: string): Promise<void> {
  try {
    const handle = await open(path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    // Windows cannot open directories, some file systems cannot flush them.
    if (!["EISDIR", "EPERM", "EACCES", "EINVAL", "EBADF", "ENOTSUP"].includes(errorCode(error))) throw error;
  }
}

/** The absolute path without links, also where a link's target is missing (state 3). */
async function linkTarget(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const link = await readlink(path).catch(() => undefined);
    return link === undefined ? resolve(path) : resolve(dirname(path), link);
  }
}

function temporaryName(target: string): string {
  return `${target}.tmp-${process.pid}-${session}-${count++}`;
}

/** Delete under another name, so that `.old` is never incomplete. */
async function discard(old: string, target: string): Promise<void> {
  const trash = temporaryName(target);
  try {
    await rename(old, trash);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  await rm(trash, { recursive: true, force: true });
}

/** Remove what killed processes left. */
async function clearAway(target: string): Promise<void> {
  const prefix = `${basename(target)}.tmp-`;
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(prefix)) continue;
    const [, pid, owner] = /^(\d+)-([0-9a-f]{8})-\d+$/.exec(name.slice(prefix.length)) ?? [];
    if (pid === undefined || owner === session) continue;
    if (Number(pid) === process.pid || !isAlive(Number(pid))) {
      await rm(join(dirname(target), name), { recursive: true, force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== "ESRCH";
  }
}
