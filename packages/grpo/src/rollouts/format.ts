/**
 * The file of a step: JSON lines, the first about the step, one for each group after it. Log-probabilities are written
 * with nine digits, which give back every float32.
 *
 * @module
 */

import type { Exploration, RolloutGroup } from "../trainer/rollout.ts";

const FORMAT = "gradus-rollouts-1";

/** An exploration as text. */
export function encodeExploration({ groups, ...rest }: Exploration): string {
  const lines = [
    { format: FORMAT, groups: groups.length, ...rest },
    ...groups.map(({ prompt, completions, ...group }) => ({
      ...group,
      prompt: [...prompt],
      completions: completions.map(({ tokens, logProbs, finishReason }) => ({
        finishReason,
        tokens: [...tokens],
        logProbs: Array.from(logProbs, (logProb) => Number(logProb.toPrecision(9))),
      })),
    })),
  ];
  return `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`;
}

/** And back. Throws a SyntaxError that says what is wrong, without the file's name. */
export function decodeExploration(text: string): Exploration {
  const [head, ...lines] = text.split("\n").filter((line) => line !== "");
  const { format, groups: count, ...rest } = JSON.parse(head ?? "{}");
  if (format !== FORMAT) throw new SyntaxError(`expected the format ${FORMAT}, found ${format}`);
  if (lines.length !== count) throw new SyntaxError(`expected ${count} groups, found ${lines.length}`);
  const groups = lines.map((line): RolloutGroup => {
    const { prompt, completions, ...group } = JSON.parse(line);
    return {
      ...group,
      prompt: Int32Array.from(prompt),
      completions: completions.map(
        (each: { tokens: number[]; logProbs: number[]; finishReason: "stop" | "length" }) => ({
          tokens: Int32Array.from(each.tokens),
          logProbs: Float32Array.from(each.logProbs),
          finishReason: each.finishReason,
        }),
      ),
    };
  });
  return { ...rest, groups };
}
