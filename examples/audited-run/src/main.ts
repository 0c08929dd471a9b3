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
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...{ run: text, out: text, seeds: { ...text, default: "3" }, questions: { ...text, default: "20" } },
    ...{ checks: { ...text, default: "10" }, help: { type: "boolean", short: "h" } },
  },
});
const [command, folder] = positionals;
if (values.help) console.log(help);
else if (command === "evaluate") {
  if (!values.run || !values.out) fail("evaluate needs --run and --out");
  const questions = sums(count("questions", values.questions));
  await auditedEvaluation({
    run: values.run,
    out: values.out,
    questions,
    seeds: count("seeds", values.seeds),
    maxNewTokens: 160,
  });
  console.log(`Written to ${values.out}. Check it: npm run audited-run -- verify ${values.out} --run ${values.run}`);
} else if (command === "verify") {
  if (!folder) fail("verify needs a folder");
  const findings = await verifySession(folder, { run: values.run, checks: count("checks", values.checks) });
  for (const { check, holds, detail } of findings) console.log(`${holds ? "✓" : "✗"} ${check} (${detail})`);
  process.exit(findings.every(({ holds }) => holds) ? 0 : 1);
} else if (command === "attack") {
  const { key, privateExponent, acceptedByRsa, refusedByMlDsa } = await attackToyBeacon(1);
  console.log(`The beacon's RSA key: modulus ${key.modulus}, public exponent ${key.exponent}`);
  console.log(`Factored by simulated order finding: private exponent ${privateExponent}`);
  console.log(`A forged pulse, RSA:    ${acceptedByRsa ? "accepted" : "refused"}`);
  console.log(`A forged pulse, ML-DSA: ${refusedByMlDsa ? `refused, ${refusedByMlDsa}` : "accepted"}`);
  console.log(caveat(key.modulus));
  process.exit(acceptedByRsa && refusedByMlDsa ? 0 : 1);
} else fail(`expected evaluate, verify or attack, found ${command ?? "nothing"}`);
