/**
 * Finds what made a loss infinite or NaN; only runs when something has gone wrong.
 *
 * @module
 */

import type { GrpoBatch, GrpoPlan } from "./grpo_options.ts";

/** The message of the error: names the first entry that is not finite, or the token whose loss overflows. */
export function explainNonFinite(
  objective: string,
  batch: GrpoBatch,
  { perSequence, maskTruncated }: GrpoPlan,
): string {
  const { logProbs, oldLogProbs, refLogProbs, samplerLogProbs, advantages, mask, segments, truncated } = batch;
  let overflow: string | undefined;
  for (let s = 0; s + 1 < segments.length; s++) {
    if (maskTruncated && truncated?.[s]) continue;
    for (let t = segments[s]; t < segments[s + 1]; t++) {
      if (mask[t] === 0) continue;
      const a = perSequence ? s : t;
      const inputs: [string, number][] = [
        [`logProbs[${t}]`, logProbs[t]],
        [`oldLogProbs[${t}]`, oldLogProbs[t]],
        [`refLogProbs[${t}]`, refLogProbs?.[t] ?? 0],
        [`samplerLogProbs[${t}]`, samplerLogProbs?.[t] ?? 0],
        [`advantages[${a}]`, advantages[a]],
      ];
      for (const [name, value] of inputs) {
        if (!Number.isFinite(value)) return `Cannot compute ${objective}: ${name} must be finite, found ${value}`;
      }
      const ratio = Math.exp(logProbs[t] - oldLogProbs[t]);
      const reference = Math.exp((refLogProbs?.[t] ?? logProbs[t]) - logProbs[t]);
      if (!Number.isFinite(Math.fround(ratio * advantages[a] + reference))) {
        overflow ??= `Cannot compute ${objective}: the loss of token ${t} overflows (logProbs ${logProbs[t]}, oldLogProbs ${oldLogProbs[t]}, refLogProbs ${refLogProbs?.[t]})`;
      }
    }
  }
  return overflow ?? `Cannot compute ${objective}: the sum of the token losses overflows`;
}
