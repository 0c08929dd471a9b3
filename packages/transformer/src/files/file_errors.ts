/**
 * What went wrong with a file, in words.
 */

const words: Record<string, string> = {
  ENOENT: "no such file or directory",
  ENOTDIR: "a part of the path is not a directory",
  EISDIR: "it is a directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file is too large for the file system",
  EMFILE: "too many open files",
  EBUSY: "it is in use",
  EEXIST: "it exists already",
};

/** The code of a file-system error, `""` if it is something else. */
export function errorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}

/** `doing: reason`, for example `Cannot write model.safetensors: no space left on the device`. */
export function fileError(doing: string, cause: unknown): Error {
  const reason = words[errorCode(cause)] ?? (cause instanceof Error ? cause.message : String(cause));
  return new Error(`${doing}: ${reason}`, { cause });
}
