// The import rules of ARCHITECTURE.md: who may import whom, what has to be declared, and what "portable" means.
import { builtinModules } from "node:module";
import { join, posix } from "node:path";
import { readSources } from "../lib/imports.mjs";
import { readJson } from "../lib/workspaces.mjs";

/** The house from the roof to the ground: a package may import those below it. Not all are built yet. */
export const house = [
  "math-corpus",
  "sft-packing",
  "grpo",
  "reward-model",
  "evals",
  "math-verify",
  "code-interpreter",
  "transformer",
  "autodiff",
  "sparse-attention",
  "tokenizer",
  "beacon",
  "zero-knowledge",
  "shor",
  "seeds",
];

/** Packages that stand alone: what they need from outside comes in as an interface that they own. */
export const primitives = ["tokenizer", "sparse-attention", "sft-packing", "grpo", "reward-model"];

/** npm packages that work only where there is a Node API. */
export const nodeOnly = ["onnxruntime-node", "tsx", "piscina"];

const scope = "@gradus/";
const builtins = new Set(builtinModules);

/** `@scope/name/deep/file` → `@scope/name`; `name/file` → `name`. */
export const packageOf = (specifier) =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

const isRelative = (specifier) => specifier.startsWith("./") || specifier.startsWith("../");
const isBuiltin = (specifier) => specifier.startsWith("node:") || builtins.has(packageOf(specifier));

/** A file says that it needs Node (or Deno, which has the same modules) with `@platform node` in its first comment. */
export const isNodeFile = (source) =>
  /^(?:\/\*[\s\S]*?\*\/|(?:\/\/.*\n)+)/.exec(source)?.[0].includes("@platform node") ?? false;

export const imports = {
  name: "imports",
  summary: "who may import whom; imports are declared; portable packages need no Node",
  run({ root, workspaces }) {
    const sources = readSources(root, workspaces);
    const rootTools = Object.keys(readJson(join(root, "package.json")).devDependencies ?? {});
    return { problems: findProblems({ workspaces, sources, rootTools }) };
  },
};

/** Every import in `sources` that breaks a rule. `rootTools` are the root's development dependencies, for tests only. */
export function findProblems({ workspaces, sources, rootTools }) {
  const byName = new Map(workspaces.map((workspace) => [workspace.name, workspace]));
  const nodeFiles = new Set(sources.filter(({ source }) => isNodeFile(source)).map(({ file }) => file));
  const problems = workspaces
    .filter(({ kind, name }) => kind === "package" && !house.includes(name.slice(scope.length)))
    .map(({ directory, name }) => ({
      file: `${directory}/package.json`,
      reason: `${name} has no place in the house: add it to the list in tools/check/imports.mjs and to ARCHITECTURE.md`,
    }));

  for (const { file, workspace, test, imports } of sources) {
    for (const { specifier, line, typeOnly, dynamic } of imports) {
      const report = (reason) => problems.push({ file, line, reason });

      if (isRelative(specifier)) {
        const target = posix.join(posix.dirname(file), specifier);
        if (!target.startsWith(`${workspace.directory}/`))
          report(`"${specifier}" leaves the package: import other packages by name`);
        if (
          workspace.manifest.gradus?.portable &&
          !test &&
          !typeOnly &&
          !dynamic &&
          nodeFiles.has(target) &&
          !nodeFiles.has(file)
        )
          report(`"${specifier}" needs Node, and this package says it is portable: import() it where it is used`);
        continue;
      }
      if (specifier.startsWith("/") || /^(https?|file|jsr|npm):/.test(specifier)) {
        report(`"${specifier}": import packages by their name`);
        continue;
      }
      const name = packageOf(specifier);
      if (isBuiltin(specifier) || nodeOnly.includes(name)) {
        if (isBuiltin(specifier) && !specifier.startsWith("node:"))
          report(`write "node:${specifier}" for "${specifier}"`);
        if (workspace.manifest.gradus?.portable && !test && !typeOnly && !nodeFiles.has(file))
          report(
            `"${specifier}" needs Node, and this package says it is portable: move it to a file marked @platform node`,
          );
        if (isBuiltin(specifier)) continue;
      }
      if (name === workspace.name) {
        report(`"${specifier}" is this package itself: import the file`);
        continue;
      }
      checkDeclared(report, { name, workspace, test, rootTools });
      if (name.startsWith(scope))
        checkHouse(report, { name, specifier, typeOnly, workspace, target: byName.get(name) });
    }
  }
  return problems;
}

function checkDeclared(report, { name, workspace, test, rootTools }) {
  const { dependencies, peerDependencies, optionalDependencies, devDependencies } = workspace.manifest;
  const declared = { ...dependencies, ...peerDependencies, ...optionalDependencies, ...(test ? devDependencies : {}) };
  if (declared[name] || (test && rootTools.includes(name))) return;
  report(`${name} is not among the dependencies in ${workspace.directory}/package.json`);
}

function checkHouse(report, { name, specifier, typeOnly, workspace, target }) {
  if (!target) {
    report(`${name} is not a package of this repository`);
    return;
  }
  if (target.kind !== "package") report(`${name} is an example: nothing imports it`);
  const entry = `.${specifier.slice(name.length)}`;
  if (!(entry in (target.manifest.exports ?? {})))
    report(
      `"${specifier}" reaches into ${name}, which offers ${Object.keys(target.manifest.exports ?? {}).join(", ")}`,
    );
  if (workspace.kind === "example") return;

  const from = workspace.name.slice(scope.length);
  const to = name.slice(scope.length);
  if (primitives.includes(from)) {
    if (to !== "seeds")
      report(`${workspace.name} stands alone, only ${scope}seeds may be imported: take ${name} as an interface`);
  } else if (house.indexOf(to) < house.indexOf(from) && !typeOnly) {
    report(`${name} stands above ${workspace.name}: only \`import type\` of an interface that it owns may point up`);
  }
}
