/**
 * The claims that other examples test: `unified-paradigm` (RFT, online RFT, GRPO with outcome and process supervision) and
 * `iterative-grpo` (retrained and frozen reward models). Each is run as a program of its own, and what it says is read.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { writeWhole } from "../run/files.ts";
import { differenceOf, differenceText, type Finding, verdictOf } from "./verdicts.ts";

/** Accuracies of each method by seed, in shares. */
export type MethodResults = Readonly<Record<string, readonly number[]>>;

/** The program of another example: its source where this one is a source, else what was built of it. */
function programOf(example: string): string[] {
  const isSource = import.meta.url.endsWith(".ts");
  const file = `../../../${example}/${isSource ? "src/main.ts" : "dist/main.js"}`;
  const path = fileURLToPath(new URL(file, import.meta.url));
  if ("Deno" in globalThis) return ["run", "--allow-all", "--no-check", "--quiet", path];
  return [...process.execArgv.filter((each) => !each.startsWith("--test")), path];
}

async function output(example: string, args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [...programOf(example), ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let [said, failed] = ["", ""];
  child.stdout.on("data", (chunk) => {
    said += chunk;
  });
  child.stderr.on("data", (chunk) => {
    failed += chunk;
  });
  const code = await new Promise<number | null>((ended, failing) => {
    child.on("error", failing);
    child.on("close", ended);
  });
  if (code !== 0) throw new Error(`Cannot run examples/${example}: ${failed.trim().split("\n").at(-1) ?? code}`);
  return said;
}

/**
 * The accuracies in what `unified-paradigm` prints.
 *
 * @example
 * ```ts
 * readMethods("Online RFT 68.0% (69.8, 65.8, 68.5)"); // { "Online RFT": [0.698, 0.658, 0.685] }
 * ```
 */
export function readMethods(text: string): MethodResults {
  const rows = [...text.matchAll(/^(\S.*?) +[\d.]+% \(([\d., ]+)\)$/gm)];
  return Object.fromEntries(rows.map(([, name, seeds]) => [name, seeds.split(", ").map((each) => Number(each) / 100)]));
}

/** Runs `unified-paradigm`, or reads what it said the last time. */
export async function unifiedParadigm(folder: string, seeds: number): Promise<MethodResults> {
  const path = join(folder, `unified-paradigm-${seeds}.txt`);
  if (!existsSync(path)) {
    await mkdir(folder, { recursive: true });
    const figure = resolve(folder, "unified-paradigm.svg");
    await writeWhole(path, await output("unified-paradigm", [figure, "--seeds", String(seeds)]));
  }
  return readMethods(await readFile(path, "utf8"));
}

interface SeedFile {
  readonly curves: Readonly<Record<string, readonly { readonly greedy: number }[]>>;
}

/** Runs `iterative-grpo` with the process model, which keeps each seed's result in the folder and goes on from there. */
export async function iterativeGrpo(folder: string, seeds: number): Promise<MethodResults> {
  const own = resolve(folder, "iterative-grpo");
  await output("iterative-grpo", [own, "--seeds", String(seeds), "--reward", "process"]);
  const files = await Promise.all(
    Array.from({ length: seeds }, async (_, i) => await readFile(join(own, `seed-${i + 1}.json`), "utf8")),
  );
  const results = files.map((file) => JSON.parse(file) as SeedFile);
  return Object.fromEntries(
    Object.keys(results[0].curves).map((arm) => [arm, results.map(({ curves }) => curves[arm].at(-1)?.greedy ?? 0)]),
  );
}

const list = (values: readonly number[]): string =>
  `${((100 * values.reduce((a, b) => a + b, 0)) / values.length).toFixed(1)}%`;

/** What they say of the claims. */
export function neighbourFindings(methods: MethodResults, iterative: MethodResults): Finding[] {
  const compare = (claim: string, paper: string, of: MethodResults, before: string, after: string): Finding => {
    const difference = differenceOf(of[before], of[after]);
    const here = `${before} ${list(of[before])}, ${after} ${list(of[after])}: ${differenceText(difference)}`;
    return { claim, paper, here, verdict: verdictOf(difference) };
  };
  return [
    compare("Online RFT ends above RFT", "Figure 5: much better later", methods, "RFT", "Online RFT"),
    compare("GRPO ends above online RFT", "Figure 5: GRPO+OS above online RFT", methods, "Online RFT", "GRPO+OS"),
    compare(
      "Process supervision ends above outcome supervision",
      "Figure 5: GRPO+PS above GRPO+OS",
      methods,
      "GRPO+OS",
      "GRPO+PS",
    ),
    compare(
      "A retrained reward model ends above a frozen one",
      "section 4.1.4: retrained with 10% history",
      iterative,
      "frozen",
      "replay 10%",
    ),
  ];
}
