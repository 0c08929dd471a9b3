/**
 * Live progress of a run of several stages: a bar for each with its rate and the time left on a terminal
 * (cli-progress), plain lines every few seconds where nobody watches (a file, a pipe, CI).
 *
 * @module
 */

import { MultiBar, type SingleBar } from "cli-progress";

/** Where progress is written; `process.stderr` is one. */
export interface ProgressStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** How to show progress. */
export interface ProgressOptions {
  /** Default `process.stderr`, so that stdout stays clean. */
  stream?: ProgressStream;
  /** Bars (true) or plain lines (false). Default: bars on a terminal, unless `CI` is set or `TERM` is `dumb`. */
  interactive?: boolean;
  /** Seconds between plain lines. Default 5. */
  interval?: number;
  /** A clock in milliseconds; tests bring their own. Default `performance.now`. */
  now?: () => number;
}

/** What a stage tells about itself. */
export interface StageUpdate {
  /** How much of the stage's total is done. */
  done: number;
  /** A few words after the numbers, e.g. `loss 1.93`. */
  detail?: string;
}

/** One stage of the run. */
export interface StageProgress {
  update(update: StageUpdate): void;
  /** Ends the stage; the summary stays on screen, e.g. `held-out accuracy 48.2% (44–52%)`. */
  finish(summary?: string): void;
}

/** How a stage is shown. */
export interface StageOptions {
  unit?: string;
  from?: number;
  transient?: boolean;
}

/** The progress of a whole run. */
export interface Progress {
  /**
   * Begins a stage of `total` units. `from` are those done in an earlier session: they count as done, not for the rate.
   * A `transient` stage is a part of another one: its bar goes away when it finishes.
   */
  stage(name: string, total: number, options?: StageOptions): StageProgress;
  /** Writes a line above the bars. */
  log(line: string): void;
  /** Gives the terminal back. */
  stop(): void;
}

/**
 * The rate over a sliding window: recent, so that a change of speed shows; long, so that it does not flicker.
 *
 * @example
 * ```ts
 * const rate = createRate(0, 0);
 * rate.add(2000, 10);
 * rate.perSecond(); // 5
 * ```
 */
export function createRate(
  start: number,
  done: number,
  windowMilliseconds = 20_000,
): { add(time: number, done: number): void; perSecond(): number | undefined } {
  const samples: [time: number, done: number][] = [[start, done]];
  return {
    add(time, value): void {
      samples.push([time, value]);
      while (samples.length > 2 && samples[1][0] <= time - windowMilliseconds) samples.shift();
    },
    perSecond(): number | undefined {
      const [first, last] = [samples[0], samples[samples.length - 1]];
      return last[0] > first[0] ? ((last[1] - first[1]) / (last[0] - first[0])) * 1000 : undefined;
    },
  };
}

/**
 * A duration for people: `8 s`, `3 min 20 s`, `2 h 05 min`.
 *
 * @example
 * ```ts
 * formatDuration(200); // "3 min 20 s"
 * ```
 */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}

/**
 * A number in at most five characters: `8.1k`, `940`, `0.53`.
 *
 * @example
 * ```ts
 * formatCount(8123); // "8.1k"
 * ```
 */
export function formatCount(value: number): string {
  if (value >= 999_500) return `${(value / 1e6).toFixed(value < 9_950_000 ? 1 : 0)}M`;
  if (value >= 9_950) return `${Math.round(value / 1000)}k`;
  if (value >= 1000) return `${(value / 1000).toFixed(1)}k`;
  if (value >= 10 || value === 0) return String(Math.round(value));
  return value.toFixed(value >= 1 ? 1 : 2);
}

interface StageState {
  readonly name: string;
  readonly total: number;
  readonly unit: string;
  readonly rate: ReturnType<typeof createRate>;
  readonly started: number;
  done: number;
  detail: string;
  /** Set when finished. */
  summary?: string;
  seconds?: number;
}

/** `62%  1240/2000 steps  8.1 steps/s  1 min 34 s left  loss 1.93`, or what came of a finished stage. */
function describe(stage: StageState): string {
  if (stage.seconds !== undefined) {
    return [`done in ${formatDuration(stage.seconds)}`, stage.summary].filter(Boolean).join("  ");
  }
  const rate = stage.rate.perSecond();
  const percent = stage.total > 0 ? Math.floor((100 * stage.done) / stage.total) : 100;
  return [
    `${String(percent).padStart(3)}%`,
    `${stage.done}/${stage.total} ${stage.unit}`,
    rate ? `${formatCount(rate)} ${stage.unit}/s` : "",
    rate ? `${formatDuration((stage.total - stage.done) / rate)} left` : "",
    stage.detail,
  ]
    .filter(Boolean)
    .join("  ");
}

/** A bar of `width` cells, filled to an eighth of a cell. */
function drawBar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const full = "█".repeat(Math.floor(eighths / 8));
  const part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
  return (full + part).padEnd(width, "░");
}

const nameWidth = 14;

function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/**
 * Begins to show progress.
 *
 * @example
 * ```ts
 * const progress = createProgress();
 * const sft = progress.stage("SFT", 200, { unit: "steps" });
 * for (let step = 1; step <= 200; step++) sft.update({ done: step, detail: `loss ${(2 / step).toFixed(2)}` });
 * sft.finish("held-out accuracy 48.2%");
 * progress.stop();
 * ```
 */
export function createProgress(options: ProgressOptions = {}): Progress {
  const stream = options.stream ?? process.stderr;
  const interactive = options.interactive ?? (stream.isTTY === true && !process.env.CI && process.env.TERM !== "dumb");
  const now = options.now ?? ((): number => performance.now());
  return interactive ? barProgress(stream, now) : lineProgress(stream, now, (options.interval ?? 5) * 1000);
}

function newStage(name: string, total: number, now: () => number, unit = "steps", from = 0): StageState {
  return { name, total, unit, rate: createRate(now(), from), started: now(), done: from, detail: "" };
}

function advance(stage: StageState, { done, detail }: StageUpdate, time: number): void {
  stage.done = done;
  stage.rate.add(time, done);
  if (detail !== undefined) stage.detail = detail;
}

function end(stage: StageState, summary: string | undefined, time: number): void {
  stage.summary = summary;
  stage.seconds = (time - stage.started) / 1000;
}

function barProgress(stream: ProgressStream, now: () => number): Progress {
  // The line is cut to the terminal's width here, and the cursor stays: nothing has to be restored after a kill.
  const bars = new MultiBar({
    stream,
    linewrap: true,
    hideCursor: false,
    fps: 8,
    format: (_options, _params, payload): string => {
      const stage = payload.stage as StageState;
      const columns = stream.columns || 80;
      const name = stage.name.padEnd(nameWidth);
      const bar = drawBar(stage.seconds !== undefined ? 1 : stage.done / (stage.total || 1), columns >= 100 ? 24 : 12);
      return shorten(`${name} ${bar} ${describe(stage)}`, columns - 1);
    },
  });
  return {
    stage(name, total, { unit, from, transient } = {}): StageProgress {
      const stage = newStage(name, total, now, unit, from);
      const bar: SingleBar = bars.create(Math.max(total, 1), stage.done, { stage });
      return {
        update(update): void {
          advance(stage, update, now());
          bar.update(Math.min(stage.done, Math.max(total, 1)));
        },
        finish(summary): void {
          end(stage, summary, now());
          bar.update(Math.max(total, 1));
          if (transient) bars.remove(bar);
        },
      };
    },
    log: (line): void => bars.log(`${line}\n`),
    stop: (): void => bars.stop(),
  };
}

function lineProgress(stream: ProgressStream, now: () => number, interval: number): Progress {
  const write = (line: string): void => void stream.write(`${line}\n`);
  return {
    stage(label, total, { unit, from } = {}): StageProgress {
      const name = label.trim();
      const stage = newStage(name, total, now, unit, from);
      let last = now();
      write(`${name}: ${total} ${stage.unit}${from ? `, ${from} of them done` : ""}`);
      return {
        update(update): void {
          advance(stage, update, now());
          if (now() - last < interval) return;
          last = now();
          write(`${name}: ${describe(stage).trim()}`);
        },
        finish(summary): void {
          end(stage, summary, now());
          write(`${name}: ${describe(stage)}`);
        },
      };
    },
    log: write,
    stop(): void {},
  };
}
