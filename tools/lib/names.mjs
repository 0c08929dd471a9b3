// Which names a module exports, and which a piece of code declares itself: what an example need not import.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseSync } from "oxc-parser";

const parsed = new Map();

function exportStatements(path) {
  if (!parsed.has(path)) parsed.set(path, parseSync(path, readFileSync(path, "utf8")).module.staticExports);
  return parsed.get(path);
}

/** The names that the module at `path` exports, re-exports followed: name → `{ path, type }` of the first that has it. */
export function exportsOf(path, seen = new Set()) {
  const names = new Map();
  if (seen.has(path) || !existsSync(path)) return names;
  seen.add(path);
  const add = (name, entry) => {
    if (!names.has(name)) names.set(name, entry);
  };
  for (const { entries } of exportStatements(path)) {
    for (const { exportName, importName, moduleRequest, isType } of entries) {
      const target = moduleRequest?.value.startsWith(".") ? join(dirname(path), moduleRequest.value) : undefined;
      if (exportName.name) {
        const original = target && importName.name ? exportsOf(target).get(importName.name) : undefined;
        add(exportName.name, { path, type: isType || Boolean(original?.type) });
      } else if (target && importName.kind === "AllButDefault") {
        for (const [name, { type }] of exportsOf(target, seen)) add(name, { path, type: isType || type });
      }
    }
  }
  return names;
}

/** The names that `code` imports or declares at its top level. */
export function declaredIn(code) {
  const { module, program } = parseSync("example.ts", code);
  const names = new Set(module.staticImports.flatMap(({ entries }) => entries.map(({ localName }) => localName.value)));
  const bind = (pattern) => {
    if (!pattern) return;
    if (pattern.type === "Identifier") names.add(pattern.name);
    else if (pattern.type === "ObjectPattern")
      for (const property of pattern.properties) bind(property.value ?? property.argument);
    else if (pattern.type === "ArrayPattern") pattern.elements.forEach(bind);
    else if (pattern.type === "AssignmentPattern") bind(pattern.left);
    else if (pattern.type === "RestElement") bind(pattern.argument);
  };
  for (const statement of program.body) {
    const declaration = statement.declaration ?? statement;
    if (declaration.declarations) for (const { id } of declaration.declarations) bind(id);
    else bind(declaration.id);
  }
  return names;
}
