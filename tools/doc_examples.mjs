// Makes tests of the examples in the documentation: every ```ts block in a package's README.md and in the doc comments
// of its sources becomes a module that has to run to its end. One in a README is written as a stranger would write it,
// with its imports; one in a doc comment sees the exports of its own file and of its package without importing them, as
// under `deno test --doc`. ```ts no-run marks one that cannot run here (it needs a file, a GPU, a server), which then
// only has its types checked; ```ts ignore one that is not even complete.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseSync } from "oxc-parser";
import { isTest } from "./lib/imports.mjs";
import { declaredIn, exportsOf } from "./lib/names.mjs";
import { listFiles } from "./lib/workspaces.mjs";

/**
 * The examples in Markdown: blocks fenced as `ts`, without `ignore`.
 *
 * @returns {{ line: number, code: string, run: boolean }[]} `line` is that of the first line of code, counted from `firstLine`.
 */
export function examplesIn(markdown, firstLine = 1) {
  const lines = markdown.split("\n");
  const found = [];
  for (let start = 0; start < lines.length; start++) {
    const open = /^(\s*)(`{3,})(?:ts|typescript)\b(.*)$/.exec(lines[start]);
    if (!open) continue;
    let end = start + 1;
    while (end < lines.length && lines[end].trim() !== open[2]) end++;
    if (!/\bignore\b/.test(open[3])) {
      const code = lines
        .slice(start + 1, end)
        .map((line) => (line.startsWith(open[1]) ? line.slice(open[1].length) : line));
      found.push({ line: firstLine + start + 1, code: code.join("\n"), run: !/\bno-run\b/.test(open[3]) });
    }
    start = end;
  }
  return found;
}

/** The examples in the doc comments of a TypeScript source. */
export function examplesInSource(source, file) {
  const docs = parseSync(file, source).comments.filter(({ type, value }) => type === "Block" && value.startsWith("*"));
  return docs.flatMap(({ value, start }) => {
    const firstLine = source.slice(0, start).split("\n").length;
    const markdown = value
      .slice(1)
      .split("\n")
      .map((line) => line.replace(/^\s*\* ?/, ""))
      .join("\n");
    return examplesIn(markdown, firstLine);
  });
}

/** All examples of the package in `directory`, each with the file it stands in. */
export function readExamples(directory) {
  const examples = [];
  const readme = join(directory, "README.md");
  if (existsSync(readme))
    examples.push(...examplesIn(readFileSync(readme, "utf8")).map((example) => ({ file: "README.md", ...example })));
  for (const path of listFiles(join(directory, "src"), (name) => name.endsWith(".ts") && !isTest(name))) {
    const source = readFileSync(join(directory, "src", path), "utf8");
    examples.push(...examplesInSource(source, path).map((example) => ({ file: `src/${path}`, ...example })));
  }
  return examples;
}

/** The import statements that spare an example in `file` (a doc comment) its imports, for a module in `folder`. */
export function impliedImports(directory, folder, file, code) {
  if (file === "README.md") return "";
  const declared = declaredIn(code);
  const available = new Map([...exportsOf(join(directory, "src", "mod.ts")), ...exportsOf(join(directory, file))]);
  return [...available]
    .filter(([name]) => !declared.has(name) && new RegExp(`(?<![\\w$.])${name}(?![\\w$])`).test(code))
    .map(([name, { path, type }]) => `import ${type ? "type " : ""}{ ${name} } from "${relative(folder, path)}";\n`)
    .join("");
}

/**
 * Writes one module for each example and one test file that imports them all, into `directory/.examples` (or the folder named).
 *
 * @returns the test file's path relative to `directory`, or `undefined` when there are no examples.
 */
export function writeExampleTests(directory, name = ".examples") {
  const folder = join(directory, name);
  rmSync(folder, { recursive: true, force: true });
  const examples = readExamples(directory);
  if (examples.length === 0) return undefined;
  mkdirSync(folder);
  const tests = examples.map(({ file, line, code, run }, index) => {
    const implied = impliedImports(directory, folder, file, code);
    writeFileSync(join(folder, `${index}.ts`), `${implied}// ${file}:${line}\n${code}\n\nexport {};\n`);
    if (!run) return `export const unrun${index} = (): Promise<unknown> => import("./${index}.ts");`;
    return `test("the example at ${file}:${line} runs", async () => void (await import("./${index}.ts")));`;
  });
  writeFileSync(join(folder, "examples_test.ts"), `import test from "node:test";\n\n${tests.join("\n")}\n`);
  return `${name}/examples_test.ts`;
}
