/**
 * What a slot with the machine's own Python is told.
 *
 * @module
 */

/** How a process is started. */
export interface Python3Options {
  /** Words before the launcher's arguments. */
  readonly command: readonly string[];
  readonly memoryLimitMb: number;
  readonly outputLimit: number;
  readonly fileLimitMb: number;
  readonly prelude: string;
}
