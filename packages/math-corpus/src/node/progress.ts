/**
 * How far a stage is, how fast it goes and how long it will still take.
 *
 * @platform node
 * @module
 */

/** Progress of a stage over files. */
export interface StageProgress {
  /** The stage: `"prepare"`, `"score"`, `"collect"` … */
  readonly stage: string;
  /** Bytes of input done and in all, as they lie on the disk. */
  readonly bytes: number;
  readonly totalBytes: number;
  /** Pages that came in, in this process. */
  readonly pages: number;
  /** Millions of bytes of text a second, in this process. */
  readonly textRate: number;
  /** Estimated seconds until the stage ends. */
  readonly secondsLeft: number;
}

/** Counts, and tells `report` about twice a second at most. */
export interface ProgressMeter {
  page(textBytes: number, bytes: number): void;
  end(bytes: number): void;
}

/**
 * @param skippedBytes Input that an earlier process has done: it says nothing of this one's rate.
 * @internal
 */
export function progressMeter(
  stage: string,
  totalBytes: number,
  skippedBytes: number,
  report?: (progress: StageProgress) => void,
): ProgressMeter {
  const start = performance.now();
  let last = start;
  let pages = 0;
  let text = 0;
  const tell = (bytes: number): void => {
    const seconds = Math.max(1e-3, (performance.now() - start) / 1000);
    const rate = Math.max(1, bytes - skippedBytes) / seconds;
    const secondsLeft = Math.max(0, totalBytes - bytes) / rate;
    report?.({ stage, bytes, totalBytes, pages, textRate: text / 1e6 / seconds, secondsLeft });
  };
  return {
    page(textBytes, bytes) {
      pages++;
      text += textBytes;
      if (!report || pages % 16 || performance.now() - last < 500) return;
      last = performance.now();
      tell(bytes);
    },
    end: tell,
  };
}

/**
 * One line for a terminal.
 *
 * @example
 * ```ts
 * formatProgress({ stage: "score", bytes: 5e8, totalBytes: 1e9, pages: 1200, textRate: 31.2, secondsLeft: 75 });
 * // "score 50.0%  1,200 pages  31.2 MB/s  1:15 left"
 * ```
 */
export function formatProgress({ stage, bytes, totalBytes, pages, textRate, secondsLeft }: StageProgress): string {
  const percent = totalBytes ? (100 * bytes) / totalBytes : 100;
  const left = Math.round(secondsLeft);
  const clock = `${left >= 3600 ? `${Math.floor(left / 3600)}:` : ""}${String(Math.floor(left / 60) % 60).padStart(left >= 3600 ? 2 : 1, "0")}:${String(left % 60).padStart(2, "0")}`;
  return `${stage} ${percent.toFixed(1)}%  ${pages.toLocaleString("en-US")} pages  ${textRate.toFixed(1)} MB/s  ${clock} left`;
}
