/**
 * Programs in a model's text, and outputs as a model sees them.
 *
 * @module
 */

/**
 * The last ```` ```python ```` block, or `null`; one that the text's end cuts off counts.
 *
 * @example
 * ```ts
 * lastProgram("We add:\n```python\nprint(2 + 3)\n```\n"); // "print(2 + 3)\n"
 * ```
 */
export function lastProgram(text: string): string | null {
  const start = text.lastIndexOf("```python");
  if (start < 0) return null;
  const body = text.indexOf("\n", start) + 1;
  if (body === 0) return null;
  const end = text.indexOf("```", body);
  return text.slice(body, end < 0 ? undefined : end);
}

/**
 * The first and last `ends` characters of a longer text, with `...` between, as in DeepSeekMath's evaluation.
 *
 * @param ends Characters (UTF-16 code units, as JavaScript counts) kept of each end. Default 50.
 *
 * @example
 * ```ts
 * truncateOutput("123456789", 2); // "12...89"
 * ```
 */
export function truncateOutput(output: string, ends = 50): string {
  return output.length <= 2 * ends ? output : `${output.slice(0, ends)}...${output.slice(output.length - ends)}`;
}
