/**
 * Rejection sampling before SFT: the pre-trained policy solves training problems, and its own right and different
 * solutions join the given ones. Every sample and verdict is on disk before it counts, so a run that was killed goes on
 * without sampling anything again, but for the block under way.
 *
 * @module
 */

import type { Completion, Policy } from "@gradus/grpo";
import { stream } from "@gradus/seeds";
import { type RejectionReport, rejectionSample, type SampledExample } from "@gradus/sft-packing";
import { openJournal } from "@gradus/sft-packing/node";
import type { ProblemTokens } from "../problems/tokens.ts";
import { writeWhole } from "../run/files.ts";
import { reward } from "../verify.ts";
import type { Configuration, RejectionSettings } from "./configuration.ts";
import type { RecipeProblem } from "./problem_source.ts";

/** A problem and one of the policy's own solutions. */
export interface OwnSolution {
  readonly question: string;
  readonly solution: string;
}

/** What rejection sampling works with. */
export interface RejectionParts {
  readonly configuration: Configuration;
  /** SFT's problems, of which the first are sampled. */
  readonly problems: readonly RecipeProblem[];
  readonly tokens: ProblemTokens;
  /** Where the journal and what came of it are kept. */
  readonly files: { readonly samples: string; readonly accepted: string; readonly report: string };
  /** The policy that samples; asked for only where something is missing in the journal. */
  policy(): Promise<Pick<Policy, "sample">>;
  onProgress?(done: number, detail: string): void;
}

/** Problems of one call of the sampler. A call is made whole or not at all: what it computes depends on all that is in it. */
const BLOCK = 64;

/** Samples what is missing, and gives the accepted solutions, problem by problem. None where the configuration asks for none. */
export async function ownSolutions(parts: RejectionParts): Promise<OwnSolution[]> {
  const { configuration, files } = parts;
  const settings = configuration.sft.rejection;
  if (settings === undefined || settings.problems === 0) return [];
  const problems = parts.problems.slice(0, settings.problems).map((problem, i) => ({ ...problem, id: `${i}` }));
  const journal = await openJournal(files.samples);
  try {
    const run = rejectionSample({
      problems,
      sample: blockSampler(parts, problems),
      verify: ({ answer }, completion) => /#### [^\n]*$/.test(completion) && reward(completion, answer) === 1,
      samplesPerProblem: settings.samples,
      maxPerProblem: settings.maxPerProblem,
      temperature: settings.temperature,
      seed: configuration.seed,
      journal,
      // A policy that fails once fails again; and without all samples, the run would not be the same one.
      retries: 0,
      onProgress: ({ done, accepted }) => parts.onProgress?.(done, `${accepted} solutions kept`),
    });
    const accepted: SampledExample<RecipeProblem>[] = [];
    for await (const example of run) accepted.push(example);
    const [failure] = run.report.failures;
    if (failure) throw new Error(`Cannot sample problem ${failure.problemId}: ${failure.message}`);
    await writeWhole(files.accepted, accepted.map((example) => `${JSON.stringify(provenance(example))}\n`).join(""));
    await writeWhole(files.report, `${JSON.stringify(summary(run.report), null, 2)}\n`);
    return accepted.map(({ problem, completion }) => ({ question: problem.question, solution: completion }));
  } finally {
    await journal.close();
  }
}

/** Samples whole blocks of problems, and hands out what belongs to the problem asked for. */
function blockSampler({ configuration, tokens, policy }: RejectionParts, problems: readonly RecipeProblem[]) {
  const { samples, temperature, maxNewTokens } = configuration.sft.rejection as RejectionSettings;
  const seed = stream(configuration.seed, { purpose: "rejection sampling" }).uint32();
  let current: { block: number; completions: Promise<Completion[]> } | undefined;
  return async ({ problemId, slots }: { problemId: string; slots: readonly { sample: number }[] }) => {
    const index = Number(problemId);
    const block = Math.floor(index / BLOCK);
    if (current?.block !== block) {
      const prompts = problems
        .slice(block * BLOCK, (block + 1) * BLOCK)
        .map(({ question }) => tokens.encodePrompt(question));
      const request = { samplesPerPrompt: samples, temperature, maxNewTokens, seed, step: block };
      current = { block, completions: policy().then((opened) => opened.sample(prompts, request)) };
    }
    const completions = await current.completions;
    return slots.map(({ sample }) => tokens.decode(completions[(index % BLOCK) * samples + sample].tokens));
  };
}

/** What a line of the accepted solutions says: where it came from, besides what it is. */
function provenance({ problem, problemId, sample, temperature, completion }: SampledExample<RecipeProblem>) {
  const { question, answer, kind } = problem;
  return { problem: Number(problemId), question, answer, kind, sample, temperature, solution: completion };
}

/** The report without its list of problems, which the journal has. */
function summary({ perProblem: _, neverSolved, alwaysSolved, resumed: __, failures: ___, ...counts }: RejectionReport) {
  return { ...counts, neverSolved: neverSolved.length, alwaysSolved: alwaysSolved.length };
}
