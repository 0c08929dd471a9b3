/** What the bodies of `If`, `Loop` and `Scan` take from the graph around them. */
import type { GraphProto, NodeProto } from "./proto.ts";

/** Attribute of an imported node that lists the names its subgraphs capture: the last inputs stand for them. */
export const CAPTURED = "captured names";

/** Names that a subgraph takes from the graphs around it. */
export function capturedNames(graph: GraphProto): Set<string> {
  const own = ownNames(graph);
  const captured = new Set<string>();
  const use = (name: string) => {
    if (name !== "" && !own.has(name)) captured.add(name);
  };
  for (const node of graph.node) {
    node.input.forEach(use);
    for (const { g } of node.attribute) if (g) capturedNames(g).forEach(use);
  }
  for (const { name } of graph.output) use(name);
  return captured;
}

/** The subgraph with other names for what it captures. */
export function renameCaptured(graph: GraphProto, names: ReadonlyMap<string, string>): GraphProto {
  const own = ownNames(graph);
  const outer = new Map([...names].filter(([name]) => !own.has(name)));
  if ([...outer].every(([from, to]) => from === to)) return graph;
  const rename = (name: string) => outer.get(name) ?? name;
  const node = graph.node.map(
    (inner): NodeProto => ({
      ...inner,
      input: inner.input.map(rename),
      attribute: inner.attribute.map((attribute) =>
        attribute.g ? { ...attribute, g: renameCaptured(attribute.g, outer) } : attribute,
      ),
    }),
  );
  return { ...graph, node };
}

function ownNames(graph: GraphProto): Set<string> {
  const inputs = [...graph.input, ...graph.initializer].map(({ name }) => name);
  return new Set([...inputs, ...graph.node.flatMap(({ output }) => output)]);
}
