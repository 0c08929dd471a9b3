/**
 * The independent command: checks an audited evaluation from its files alone, and, given the weights, recomputes what a later
 * pulse chose.
 *
 * @module
 */

import { fromHex, type Pulse, toHex, verifyChain } from "@gradus/beacon";
import { findRegistration, type Registration } from "@gradus/zero-knowledge";
import { sha3_512 } from "@noble/hashes/sha3.js";
import { type Results, type Rollout, resultsOf, type Sampler } from "./evaluation.ts";
import { commitmentOf, dataRoot, type Preregistration, type Question } from "./preregistration.ts";
import { chosenBy, rootOf, seedOf } from "./seeds.ts";

/** The files of an audited evaluation. */
export interface AuditedFiles {
  readonly plan: Preregistration;
  /** The log in which the plan's commitment was registered, and later the hash of the rollouts. */
  readonly log: readonly Registration[];
  /** The beacon's chain, from its first pulse to the audit's or beyond. */
  readonly pulses: readonly Pulse[];
  readonly questions: readonly Question[];
  readonly rollouts: readonly Rollout[];
  readonly results: Results;
}

/** A check with what it found. */
export interface Finding {
  readonly check: string;
  readonly holds: boolean;
  readonly detail: string;
}

/** A registration comes at least so many pulses before the pulse that it waits for. */
export const DELAY = 2;

/** The entry of a hash in the log, or why there is none to rely on. */
function registered(log: readonly Registration[], hash: string): { entry?: Registration; problem: string } {
  try {
    return { entry: findRegistration(log, fromHex(hash)), problem: "not in the log" };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

/**
 * The pulse that chooses what is audited: the first that nobody could know when the rollouts were registered. Undefined where
 * they were not, or it has not come.
 */
export function auditPulse({ log, pulses }: AuditedFiles, rolloutsHash: string): Pulse | undefined {
  const { entry } = registered(log, rolloutsHash);
  return entry && pulses.find(({ pulseIndex }) => pulseIndex === entry.pulse + DELAY);
}

/**
 * Checks everything that files can show: the order commitment → pulse → seeds → results → registration → audit, and that
 * nothing is left out.
 *
 * @param files The evaluation.
 * @param publicKey The beacon's key, from somewhere else than the files.
 * @param rolloutsHash SHA3-256 of the file of rollouts.
 */
export async function verifyFiles(
  files: AuditedFiles,
  publicKey: Uint8Array,
  rolloutsHash: string,
): Promise<Finding[]> {
  const { plan, log, pulses, questions, rollouts, results } = files;
  const findings: Finding[] = [];
  const note = (check: string, holds: boolean, detail: string) => findings.push({ check, holds, detail });
  const commitment = commitmentOf(plan);

  const chain = await verifyChain(pulses, publicKey);
  note("the beacon's chain is whole and signed", chain.valid, chain.valid ? `${pulses.length} pulses` : chain.reason);
  const trusted = toHex(sha3_512(publicKey)) === plan.beacon;
  note("the plan relies on that beacon", trusted, plan.beacon.slice(0, 16));

  const { entry: registration, problem } = registered(log, commitment);
  const inTime = registration !== undefined && registration.pulse + DELAY <= plan.targetPulse;
  const when = registration ? `registered after pulse ${registration.pulse}, seeds from ${plan.targetPulse}` : problem;
  note("the plan was registered before its pulse", inTime, when);
  note("the questions are those of the plan", dataRoot(questions) === plan.data, `${questions.length} questions`);

  const pulse = pulses.find(({ pulseIndex }) => pulseIndex === plan.targetPulse);
  const root = pulse && rootOf("evaluation", commitment, pulse.outputValue);
  const complete =
    questions.length === plan.questions &&
    rollouts.length === plan.seeds * plan.questions &&
    rollouts.every(({ run, question }, i) => run === Math.floor(i / plan.questions) && question === i % plan.questions);
  note(
    "all seeds and all questions are reported",
    complete,
    `${rollouts.length} of ${plan.seeds * plan.questions} rollouts`,
  );
  // Places are whole numbers where all are reported; other ones have no seeds.
  const wrong =
    root && complete
      ? rollouts.filter(({ run, question, seed }) => seed !== seedOf(root, run, question)).length
      : rollouts.length;
  note(
    "every seed follows from the pulse",
    wrong === 0,
    root ? `${wrong} do not` : `pulse ${plan.targetPulse} is missing`,
  );

  const again = complete ? resultsOf(rollouts, questions, plan.seeds) : undefined;
  const same = JSON.stringify(again) === JSON.stringify(results);
  note("the results are those of the rollouts", same, `mean accuracy ${results.mean}`);

  // Else a trainer could falsify rollouts after the pulse, in ever new ways, until the audit misses what is false.
  const chooser = auditPulse(files, rolloutsHash);
  const fixed = registered(log, rolloutsHash);
  note(
    "the rollouts were registered before the pulse that chooses among them",
    chooser !== undefined,
    fixed.entry ? `registered after pulse ${fixed.entry.pulse}, chosen by ${fixed.entry.pulse + DELAY}` : fixed.problem,
  );
  return findings;
}

/** What an audit by recomputation takes. */
export interface AuditOptions {
  /** The pulse that chooses, {@link auditPulse}. */
  readonly pulse: Pulse;
  /** How many rollouts are recomputed. */
  readonly checks: number;
  /** Hash of the published rollouts: what the pulse chooses from. */
  readonly rolloutsHash: string;
  readonly sampler: Sampler;
}

/** Recomputes the rollouts that a pulse chose, which nobody could foresee when they were published. */
export async function audit(
  files: AuditedFiles,
  { pulse, checks, rolloutsHash, sampler }: AuditOptions,
): Promise<Finding> {
  const chosen = chosenBy(rootOf("audit", rolloutsHash, pulse.outputValue), files.rollouts.length, checks);
  const different: number[] = [];
  for (const i of chosen) {
    const { question, seed, completion } = files.rollouts[i];
    const again = await sampler(files.questions[question].question, seed, files.plan.sampling);
    if (again !== completion) different.push(i);
  }
  return {
    check: "rollouts chosen by a later pulse come out the same",
    holds: different.length === 0,
    detail:
      different.length > 0
        ? `of ${chosen.length}, these do not: ${different.join(", ")}`
        : `${chosen.length} of ${files.rollouts.length} recomputed, chosen by pulse ${pulse.pulseIndex}`,
  };
}
