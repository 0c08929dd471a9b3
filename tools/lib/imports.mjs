// What a source file imports, read by a real parser (oxc): static and dynamic imports, re-exports, type-only or not.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "oxc-parser";
import { listFiles } from "./workspaces.mjs";

// `import type { A } from "a"` goes when types are stripped; `import { type A } from "a"` stays, as `import {} from "a"`.
const vanishes = (source, start) => /^(import|export)\s+type\s*[{*\w]/.test(source.slice(start, start + 80));

/**
 * The imports of one file.
 *
 * @returns {{ specifier: string, line: number, typeOnly: boolean, dynamic: boolean }[]} `typeOnly` imports vanish when
 * the types are stripped; a dynamic import counts only when its specifier is a literal.
 */
export function importsOf(source, file) {
  const { module, errors } = parseSync(file, source);
  if (errors.length) throw new SyntaxError(`Cannot parse ${file}: ${errors[0].message}`);
  const lineOf = (offset) => source.slice(0, offset).split("\n").length;
  const found = module.staticImports.map((statement) => ({
    specifier: statement.moduleRequest.value,
    line: lineOf(statement.start),
    typeOnly: vanishes(source, statement.start),
    dynamic: false,
  }));
  for (const statement of module.staticExports) {
    const entries = statement.entries.filter((entry) => entry.moduleRequest);
    for (const specifier of new Set(entries.map((entry) => entry.moduleRequest.value)))
      found.push({
        specifier,
        line: lineOf(statement.start),
        typeOnly: vanishes(source, statement.start),
        dynamic: false,
      });
  }
  for (const { moduleRequest, start } of module.dynamicImports) {
    const text = source.slice(moduleRequest.start, moduleRequest.end);
    const literal = /^(["'`])([^"'`$]+)\1$/.exec(text);
    if (literal) found.push({ specifier: literal[2], line: lineOf(start), typeOnly: false, dynamic: true });
  }
  return found.sort((a, b) => a.line - b.line);
}

/**
 * Every source file of the workspaces with its imports.
 *
 * @returns {{ file: string, workspace: object, test: boolean, source: string, imports: object[] }[]} `file` is relative
 * to the root.
 */
export function readSources(root, workspaces) {
  return workspaces.flatMap((workspace) =>
    listFiles(join(root, workspace.directory, "src"), (path) => path.endsWith(".ts")).map((path) => {
      const file = `${workspace.directory}/src/${path}`;
      const source = readFileSync(join(root, file), "utf8");
      return { file, workspace, test: isTest(path), source, imports: importsOf(source, file) };
    }),
  );
}

/** Tests and what only they use: `pack_test.ts`, `pack_test_util.ts`, anything in a `testing` folder. */
export const isTest = (path) => /_test(_\w+)?\.ts$/.test(path) || /(^|\/)testing\//.test(path);
