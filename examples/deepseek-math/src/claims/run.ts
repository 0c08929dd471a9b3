import type { ClaimsOptions } from "../cli.ts";
import type { Progress } from "../progress.ts";
/** Placeholder. */
export async function runClaims(_options: ClaimsOptions, _newProgress: () => Progress): Promise<string> {
  return await Promise.resolve("");
}
