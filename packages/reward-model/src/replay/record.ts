/**
 * Lines of a replay buffer: a JSON object each, an example or a note of how much was mixed.
 *
 * @module
 */

import { checkExample, type RewardExample } from "../model/example.ts";

/** How much fresh and historical data the rounds up to `iteration` took, since the last one that ran short. */
export interface MixNote {
  readonly iteration: number;
  readonly share: number;
  readonly fresh: number;
  readonly history: number;
}

/** An example as a line. */
export function encodeExample(example: RewardExample): string {
  const { prompt, tokens, stepEnds, stepLabels, ...rest } = example;
  return JSON.stringify({
    ...{ problem: rest.problem, label: rest.label, iteration: rest.iteration, seed: rest.seed },
    ...{ prompt: [...prompt], tokens: [...tokens] },
    ...(stepEnds && { stepEnds: Array.from(stepEnds) }),
    ...(stepLabels && { stepLabels: Array.from(stepLabels) }),
  });
}

/** A note as a line. */
export function encodeNote(note: MixNote): string {
  return JSON.stringify({ mixed: note });
}

/**
 * And back.
 *
 * @throws {SyntaxError} The line is neither: `Cannot read line 3 of the replay buffer: …`.
 */
export function decodeLine(line: string, number: number): { example: RewardExample } | { note: MixNote } {
  const task = `read line ${number} of the replay buffer`;
  try {
    const { mixed, prompt, tokens, ...rest } = JSON.parse(line);
    if (mixed !== undefined) {
      for (const name of ["iteration", "share", "fresh", "history"])
        if (!Number.isFinite(mixed?.[name])) throw new TypeError(`Cannot ${task}: mixed.${name} must be a number`);
      return { note: mixed };
    }
    const example = { ...rest, prompt: Int32Array.from(prompt), tokens: Int32Array.from(tokens) };
    checkExample(task, "the example", example);
    return { example };
  } catch (cause) {
    const { message } = cause as Error;
    const reason = message.startsWith("Cannot") ? message : `Cannot ${task}: it is no example: ${line.slice(0, 80)}`;
    throw new SyntaxError(reason, { cause });
  }
}
