// What a package looks like and computes where this runs: in Node, with which Chromium is compared, and in Chromium.
import { plain } from "./plain.mjs";

/**
 * Imports the entries of a package by name and plays its scenarios.
 *
 * @param entries specifiers, `@gradus/math-verify/rewards` say
 * @param scenarios the file with its scenarios, relative to this one: by default `name → () => results`, and `tolerance`
 * @returns exports: specifier → names; results: scenario → its results by `plain`; each as `attempt` returns it
 */
export async function observe({ entries, scenarios }) {
  const exports = {};
  for (const specifier of entries)
    exports[specifier] = await attempt(async () => Object.keys(await import(specifier)).sort());
  const { value, failure } = await attempt(() => import(scenarios));
  const results = failure ? { [scenarios]: { failure } } : {};
  for (const [name, play] of Object.entries(value?.default ?? {}))
    results[name] = await attempt(async () => plain(await play()));
  return { exports, results, tolerance: value?.tolerance ?? 0 };
}

/** `{ value }`, or `{ failure }` with what was thrown. */
export async function attempt(action) {
  try {
    return { value: await action() };
  } catch (error) {
    return { failure: String(error?.stack ?? error) };
  }
}
