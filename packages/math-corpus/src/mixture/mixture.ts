/**
 * The order in which documents of several sources are trained on, so that the tokens of each source keep its share:
 * always the source that is furthest behind its share of the stage. Within a source, documents come in a new random
 * order in each epoch. Nothing else is random, so the state is a few numbers and resuming is exact.
 *
 * After any document, each source is within the length of the longest documents of its share, where drawing sources at
 * random would stray by the square root of the number of documents.
 *
 * @module
 */

import { permutation } from "@gradus/seeds";
import { checkInteger, checkKeys, checkNumber, checkText, shown } from "../check.ts";

/** DeepSeekMath's shares for its 7B model, 500B tokens (section 2.3). */
export const DEEPSEEK_MATH_MIXTURE: Readonly<Record<string, number>> = {
  math: 0.56,
  algebraicStack: 0.04,
  arxiv: 0.1,
  code: 0.2,
  language: 0.1,
};

/** A stage of training. */
export interface MixtureStage {
  /** Tokens after which the next stage begins. */
  readonly tokens: number;
  /** Weight of each source; they need not add up to 1. Sources left out have none. */
  readonly weights: Readonly<Record<string, number>>;
}

/** What to mix. */
export interface MixtureOptions {
  /** Number of documents of each source. */
  readonly sources: Readonly<Record<string, number>>;
  /** One stage, e.g. all mixed, or several, e.g. code and then mathematics. */
  readonly stages: readonly MixtureStage[];
  /** Default 0. */
  readonly seed?: number;
}

/** A document's place. */
export interface MixtureDocument {
  readonly source: string;
  /** Its number within the source. */
  readonly index: number;
  /** How often the source was gone through before. */
  readonly epoch: number;
  /** Number of the stage. */
  readonly stage: number;
}

/** All that a mixture remembers; JSON. */
export interface MixtureState {
  readonly stage: number;
  /** Tokens of each source in this stage. */
  readonly stageTokens: Readonly<Record<string, number>>;
  /** Tokens of each source in all stages. */
  readonly tokens: Readonly<Record<string, number>>;
  /** Documents drawn from each source in all stages. */
  readonly drawn: Readonly<Record<string, number>>;
}

/** Draws documents. */
export interface Mixture {
  /**
   * The next document, or undefined when the last stage is over.
   *
   * @param tokensOf The length of a document, counted where the source is read.
   */
  next(tokensOf: (document: MixtureDocument) => number): MixtureDocument | undefined;
  /** What was drawn so far; hand it to `mixture` to go on from there. */
  readonly state: MixtureState;
}

const DOING = "mix";

/**
 * A mixture, from its beginning or from a state.
 *
 * @throws {RangeError} A weight, a number of documents or of tokens is out of range, or a source is unknown or empty.
 *
 * @example
 * ```ts
 * const options = { sources: { math: 1000, code: 500 }, stages: [{ tokens: 4000, weights: { math: 3, code: 1 } }] };
 * const draw = mixture(options);
 * for (let i = 0; i < 8; i++) draw.next(() => 100);
 * draw.state.tokens; // { math: 600, code: 200 }
 * const resumed = mixture(options, JSON.parse(JSON.stringify(draw.state)));
 * resumed.next(() => 100)?.index === draw.next(() => 100)?.index; // true
 * ```
 */
export function mixture(options: MixtureOptions, from?: MixtureState): Mixture {
  checkKeys(DOING, options, ["sources", "stages", "seed"]);
  const { sources, stages, seed = 0 } = options;
  checkInteger(DOING, "seed", seed, 0, Number.MAX_SAFE_INTEGER);
  const names = Object.keys(sources);
  for (const name of names) checkInteger(DOING, `sources.${name}`, sources[name], 0, 2 ** 53 - 1);
  if (!Array.isArray(stages) || stages.length === 0)
    throw new TypeError(`Cannot ${DOING}: stages must be a list of { tokens, weights }, found ${shown(stages)}`);
  const shares = stages.map((stage, i) => sharesOf(stage, i, sources));

  const zeros = (): Record<string, number> => Object.fromEntries(names.map((name) => [name, 0]));
  let stage = from?.stage ?? 0;
  let stageTokens = { ...zeros(), ...from?.stageTokens };
  const tokens = { ...zeros(), ...from?.tokens };
  const drawn = { ...zeros(), ...from?.drawn };
  let empty = 0;
  const orders = new Map<string, { epoch: number; order: ReturnType<typeof permutation> }>();

  function document(source: string): MixtureDocument {
    const epoch = Math.floor(drawn[source] / sources[source]);
    let known = orders.get(source);
    if (known?.epoch !== epoch) {
      known = {
        epoch,
        order: permutation(sources[source], seed, { purpose: `math-corpus mixture ${source}`, step: epoch }),
      };
      orders.set(source, known);
    }
    return { source, index: known.order.at(drawn[source] % sources[source]), epoch, stage };
  }

  return {
    next(tokensOf) {
      while (stage < stages.length && sum(stageTokens) >= stages[stage].tokens) {
        stage++;
        stageTokens = zeros();
      }
      if (stage >= stages.length) return undefined;
      const done = sum(stageTokens);
      let source = "";
      let behind = Number.NEGATIVE_INFINITY;
      for (const [name, share] of shares[stage]) {
        // Before anything is drawn all are equally far: the largest share goes first.
        const lag = share * (done + 1) - stageTokens[name];
        if (lag > behind) {
          behind = lag;
          source = name;
        }
      }
      const next = document(source);
      const length = tokensOf(next);
      checkNumber(DOING, `the length of document ${next.index} of ${source}`, length, 0, Number.MAX_SAFE_INTEGER);
      if (length === 0 && ++empty > sources[source])
        throw new RangeError(`Cannot ${DOING}: ${empty} documents of ${source} in a row have no tokens`);
      if (length > 0) empty = 0;
      drawn[source]++;
      stageTokens[source] += length;
      tokens[source] += length;
      return next;
    },
    get state() {
      return { stage, stageTokens: { ...stageTokens }, tokens: { ...tokens }, drawn: { ...drawn } };
    },
  };
}

function sharesOf(stage: MixtureStage, i: number, sources: Readonly<Record<string, number>>): [string, number][] {
  const { tokens, weights } = stage;
  checkNumber(DOING, `stages[${i}].tokens`, tokens, 1, Number.MAX_SAFE_INTEGER);
  for (const [name, weight] of Object.entries(weights)) {
    checkText(DOING, "a source", name);
    checkNumber(DOING, `stages[${i}].weights.${name}`, weight, 0, Number.MAX_VALUE);
    if (!Object.hasOwn(sources, name))
      throw new RangeError(
        `Cannot ${DOING}: stages[${i}] names ${name}, expected one of ${Object.keys(sources).join(", ")}`,
      );
    if (weight > 0 && sources[name] === 0)
      throw new RangeError(`Cannot ${DOING}: stages[${i}] gives ${name} a weight, and it has no documents`);
  }
  const total = sum(weights);
  if (!(total > 0)) throw new RangeError(`Cannot ${DOING}: stages[${i}].weights must have one above 0`);
  return Object.entries(weights)
    .filter(([, weight]) => weight > 0)
    .map(([name, weight]) => [name, weight / total]);
}

function sum(values: Readonly<Record<string, number>>): number {
  return Object.values(values).reduce((all, value) => all + value, 0);
}
