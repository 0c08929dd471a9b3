/**
 * Verdicts and the layers that reach them.
 *
 * @module
 */
import type { Deadline } from "./deadline.ts";
import type { Settings } from "./options.ts";

/** What `compare` found. */
export type Verdict = "equal" | "different" | "undecided";

/**
 * The layers, cheapest first: no answer was found (`extraction`); the normal forms are the same (`string`); words
 * (`text`); exact fractions (`number`); parts of collections, equations, inequalities (`structure`); values at sample
 * points (`sampling`); one canonical expression (`symbolic`); the time was up or the answer too long (`limit`).
 */
export type Layer = "extraction" | "string" | "text" | "number" | "structure" | "sampling" | "symbolic" | "limit";

const order: readonly Layer[] = [
  "extraction",
  "string",
  "text",
  "number",
  "structure",
  "sampling",
  "symbolic",
  "limit",
];

/** One comparison: its settings, its time, and the deepest layer that it needed. */
export class Comparison {
  readonly settings: Settings;
  readonly deadline: Deadline;
  layer: Layer = "string";

  constructor(settings: Settings, deadline: Deadline) {
    this.settings = settings;
    this.deadline = deadline;
  }

  /** Notes that `layer` was needed. */
  used(layer: Layer): void {
    if (order.indexOf(layer) > order.indexOf(this.layer)) this.layer = layer;
  }
}

/** Equal if all are, different if one is. */
export function all(verdicts: Iterable<Verdict>): Verdict {
  let result: Verdict = "equal";
  for (const verdict of verdicts) {
    if (verdict === "different") return "different";
    if (verdict === "undecided") result = "undecided";
  }
  return result;
}
