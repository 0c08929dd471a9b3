/**
 * What DeepSeekMath claims, tested in small: `npm start -- claims`. All that is made is kept in `out`, so an interrupted
 * test goes on; the findings are one page, `claims.md`.
 *
 * @module
 */

import { join } from "node:path";
import type { ClaimsOptions } from "../cli.ts";
import type { Progress } from "../progress.ts";
import { writeWhole } from "../run/files.ts";
import { type ClaimResults, runSeed } from "./arms.ts";
import { iterativeGrpo, neighbourFindings, unifiedParadigm } from "./neighbours.ts";
import { type Finding, findingsOf } from "./verdicts.ts";

/** Tests the claims and gives the page. */
export async function runClaims(options: ClaimsOptions, newProgress: () => Progress): Promise<string> {
  const { out, seed, seeds } = options;
  const results: ClaimResults[] = [];
  for (let i = 0; i < seeds; i++) {
    const progress = newProgress();
    try {
      results.push(await runSeed(options, seed + i, progress));
    } finally {
      progress.stop();
    }
  }
  const progress = newProgress();
  try {
    progress.log("examples/unified-paradigm");
    const methods = await unifiedParadigm(out, seeds);
    progress.log("examples/iterative-grpo");
    const iterative = await iterativeGrpo(out, seeds);
    const page = claimsPage([...findingsOf(results), ...neighbourFindings(methods, iterative)], options);
    const path = join(out, "claims.md");
    await writeWhole(path, page);
    return `${page}\nKept in ${path}`;
  } finally {
    progress.stop();
  }
}

/** The findings as a page. */
export function claimsPage(
  findings: readonly Finding[],
  { seeds, scale }: Pick<ClaimsOptions, "seeds" | "scale">,
): string {
  return [
    "# DeepSeekMath's claims, in small",
    "",
    `${seeds} ${seeds === 1 ? "seed" : "seeds"}, scale ${scale}. A claim is seen where Student's 95% interval of the difference over seeds lies on its side of 0.`,
    "The last four claims are those of unified-paradigm and iterative-grpo, which run at their own size, with seeds from 1 on.",
    "",
    "| claim | the paper | here | |",
    "| --- | --- | --- | --- |",
    ...findings.map(({ claim, paper, here, verdict }) => `| ${claim} | ${paper} | ${here} | ${verdict} |`),
    "",
  ].join("\n");
}
