// Nothing of anybody's machine in what git tracks: no home folders, no registry addresses; and a complete lock.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { completeLock } from "../complete_lock.mjs";
import { capture } from "../lib/run.mjs";

const rules = [
  {
    // Not after a letter, a dot or a slash: `./work/x` and `https://host/home/x` are no machine's paths.
    pattern: /(?<![\w./:-])\/(?:home|root|Users|work|workspace|mnt)\/[\w.-]+/,
    reason: "an absolute path of somebody's machine",
  },
  { pattern: /(?<![\w])[A-Za-z]:\\(?:Users|Documents)\\/, reason: "an absolute path of somebody's machine" },
  {
    pattern: /https?:\/\/[\w.-]*(?:registry|npmjs|artifactory|nexus|verdaccio)[\w.-]*\.[\w.-]+\/(?!package\/)/,
    reason: "a registry's address",
  },
  {
    pattern: /(?:npm_[A-Za-z0-9]{36}|gh[pousr]_[A-Za-z0-9]{36}|-----BEGIN [A-Z ]*PRIVATE KEY-----)/,
    reason: "a secret",
  },
];

export const hygiene = {
  name: "hygiene",
  summary: "no machine paths, registry addresses or secrets in tracked files; a complete lock",
  async run({ root }) {
    const { output } = await capture("git", ["ls-files", "-z"]);
    const files = output.split("\0").filter((file) => file && !/\.(png|jpg|gif|onnx|safetensors|woff2?)$/.test(file));
    const problems = [];
    for (const file of files) {
      if (file === "tools/check/hygiene.mjs" || file === "tools/check/hygiene_test.mjs") continue;
      let text;
      try {
        text = readFileSync(join(root, file), "utf8");
      } catch {
        continue; // tracked, deleted in the work tree
      }
      problems.push(...findTraces(text).map((trace) => ({ file, ...trace })));
    }
    return {
      problems: [...problems, ...findLockProblems(JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")))],
    };
  },
};

/** Lines of `text` that tell of the machine on which it was written. */
export function findTraces(text) {
  return text.split("\n").flatMap((line, index) =>
    rules
      .filter(({ pattern }) => pattern.test(line))
      .map(({ pattern, reason }) => ({
        line: index + 1,
        reason: `${reason}: ${pattern.exec(line)[0]}`,
      })),
  );
}

/** What is wrong with a lock: addresses of registries, platform packages left out. */
export function findLockProblems(lock) {
  const file = "package-lock.json";
  const addresses = Object.entries(lock.packages).filter(([, { resolved }]) => /^https?:/.test(resolved ?? ""));
  const missing = completeLock(structuredClone(lock));
  return [
    ...addresses.map(([path, { resolved }]) => ({
      file,
      reason: `${path} is bound to ${resolved}: run npm install again (.npmrc leaves addresses out)`,
    })),
    ...(missing.length ? [{ file, reason: `lacks ${missing.join(", ")}: run node tools/complete_lock.mjs` }] : []),
  ];
}
