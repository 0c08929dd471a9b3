// No import cycles, between files or between packages: what depends on itself cannot be read, tested or replaced alone.
import { posix } from "node:path";
import { readSources } from "../lib/imports.mjs";
import { packageOf } from "./imports.mjs";

export const cycles = {
  name: "cycles",
  summary: "no import cycles between files or packages, types included",
  run({ root, workspaces }) {
    return { problems: findCycleProblems({ workspaces, sources: readSources(root, workspaces) }) };
  },
};

/** One problem for each group of files, or of packages, that import each other in a circle. */
export function findCycleProblems({ workspaces, sources }) {
  const files = new Map(
    sources.map(({ file, imports }) => [
      file,
      imports
        .filter(({ specifier }) => specifier.startsWith("."))
        .map(({ specifier }) => posix.join(posix.dirname(file), specifier)),
    ]),
  );
  const packages = new Map(workspaces.map(({ name, manifest }) => [name, Object.keys(manifest.dependencies ?? {})]));
  for (const { workspace, imports, test } of sources)
    if (!test) packages.get(workspace.name).push(...imports.map(({ specifier }) => packageOf(specifier)));
  const lineOf = (from, to) =>
    sources
      .find(({ file }) => file === from)
      ?.imports.find(({ specifier }) => posix.join(posix.dirname(from), specifier) === to)?.line;
  return [
    ...findCycles(files).map((cycle) => ({
      file: cycle[0],
      line: lineOf(cycle[0], cycle[1]),
      reason: `files import each other: ${cycle.join(" → ")}`,
    })),
    ...findCycles(packages)
      .filter((cycle) => cycle.length > 2 || cycle[0] !== cycle[1])
      .map((cycle) => ({ reason: `packages depend on each other: ${cycle.join(" → ")}` })),
  ];
}

/**
 * Finds cycles in a directed graph by depth-first search: one for each edge that leads back into the path walked.
 *
 * @param graph node → its successors; successors that are no nodes are ignored
 * @returns {string[][]} each cycle as a path that ends where it starts: `["a", "b", "a"]`
 */
export function findCycles(graph) {
  const found = [];
  const state = new Map();
  for (const origin of graph.keys()) {
    if (state.has(origin)) continue;
    const path = [];
    const stack = [[origin, 0]];
    while (stack.length) {
      const frame = stack[stack.length - 1];
      const [node, next] = frame;
      if (next === 0) {
        state.set(node, "open");
        path.push(node);
      }
      const successors = graph.get(node);
      if (next < successors.length) {
        frame[1]++;
        const successor = successors[next];
        if (!graph.has(successor)) continue;
        if (state.get(successor) === "open") found.push([...path.slice(path.indexOf(successor)), successor]);
        else if (!state.has(successor)) stack.push([successor, 0]);
      } else {
        state.set(node, "done");
        path.pop();
        stack.pop();
      }
    }
  }
  return found;
}
