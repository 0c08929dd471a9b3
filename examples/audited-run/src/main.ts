/**
 * Evaluates a finished run so that others can check it, and checks. See `--help`.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { stream } from "@gradus/seeds";
import type { Question } from "./preregistration.ts";
import { auditedEvaluation, verifySession } from "./session.ts";
import { attackToyBeacon, caveat } from "./toy_attack.ts";

const help = `Usage: npm run audited-run -- evaluate --run RUN --out FOLDER [--seeds K] [--questions N]
       npm run audited-run -- verify FOLDER [--run RUN] [--checks Q]
       npm run audited-run -- attack

evaluate   registers the plan, waits for a later pulse, samples all questions with K seeds, reports all of them
verify     checks the whole from the files in FOLDER; with --run also recomputes Q rollouts that a later pulse chose
attack     factors a toy RSA key of a beacon with @gradus/shor and forges a pulse: RSA accepts it, ML-DSA does not

  --run RUN        a finished run of npm start, e.g. runs/default
  --seeds K        default 3
  --questions N    sums of two numbers, default 20
  --checks Q       default 10`;

/** Sums of the recipe's first level. */
function sums(count: number): Question[] {
  const random = stream("audited run", { purpose: "questions" });
  return Array.from({ length: count }, () => {
    const [a, b] = [random.integer(2, 50), random.integer(2, 50)];
    return { question: `${a}+${b}`, answer: `${a + b}` };
  });
}

function fail(message: string): never {
  console.error(`error: ${message}\n\n${help}`);
  process.exit(2);
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) fail(`--${name} must be a positive integer, found ${text}`);
  return value;
}

const text = { type: "string" } as const;
function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        ...{ run: text, out: text, seeds: { ...text, default: "3" }, questions: { ...text, default: "20" } },
        ...{ checks: { ...text, default: "10" }, help: { type: "boolean", short: "h" } },
      },
    });
  } catch (error) {
    fail((error as Error).message);
  }
}

async function evaluate(run: string | undefined, out: string | undefined): Promise<number> {
  if (!run || !out) fail("evaluate needs --run and --out");
  const questions = sums(count("questions", values.questions));
  await auditedEvaluation({ run, out, questions, seeds: count("seeds", values.seeds), maxNewTokens: 160 });
  console.log(`Written to ${out}. Check it: npm run audited-run -- verify ${out} --run ${run}`);
  return 0;
}

async function verify(folder: string | undefined): Promise<number> {
  if (!folder) fail("verify needs a folder");
  const findings = await verifySession(folder, { run: values.run, checks: count("checks", values.checks) });
  for (const { check, holds, detail } of findings) console.log(`${holds ? "✓" : "✗"} ${check} (${detail})`);
  return findings.every(({ holds }) => holds) ? 0 : 1;
}

async function attack(): Promise<number> {
  const { key, privateExponent, acceptedByRsa, refusedByMlDsa } = await attackToyBeacon(1);
  console.log(`The beacon's RSA key: modulus ${key.modulus}, public exponent ${key.exponent}`);
  console.log(`Factored by simulated order finding: private exponent ${privateExponent}`);
  console.log(`A forged pulse, RSA:    ${acceptedByRsa ? "accepted" : "refused"}`);
  console.log(`A forged pulse, ML-DSA: ${refusedByMlDsa ? `refused, ${refusedByMlDsa}` : "accepted"}`);
  console.log(caveat(key.modulus));
  return acceptedByRsa && refusedByMlDsa ? 0 : 1;
}

const { values, positionals } = readArguments();
const [command, folder, extra] = positionals;
if (values.help) console.log(help);
else {
  if (extra !== undefined || (folder !== undefined && command !== "verify")) {
    fail(`found one argument too many, ${extra ?? folder}`);
  }
  try {
    if (command === "evaluate") process.exitCode = await evaluate(values.run, values.out);
    else if (command === "verify") process.exitCode = await verify(folder);
    else if (command === "attack") process.exitCode = await attack();
    else fail(`expected evaluate, verify or attack, found ${command ?? "nothing"}`);
  } catch (error) {
    // Files that cannot be read, or say something else than they have to: what a verifier may be handed.
    console.error(`error: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
