/**
 * One text for expressions that differ only in the order of terms and factors and in how numbers are written. It settles
 * what cannot be evaluated (overflow, matrices of unknowns, `2^{2005}`).
 *
 * @module
 */
import { type Deadline, Unreadable } from "../deadline.ts";
import { exactValue } from "./exact.ts";
import type { Node } from "./node.ts";

const MAX_LENGTH = 20_000;

/** @throws {Unreadable} when the text gets too long. */
export function canonical(node: Node, deadline: Deadline): string {
  deadline.tick();
  const text = write(node, deadline);
  if (text.length > MAX_LENGTH) throw new Unreadable("too long");
  return text;
}

function write(node: Node, deadline: Deadline): string {
  const list = (nodes: readonly Node[]): string[] => nodes.map((child) => canonical(child, deadline));
  switch (node.kind) {
    case "number":
      return `${node.value.numerator.toString(36)}/${node.value.denominator.toString(36)}`;
    case "symbol":
      return node.name;
    case "sum":
      return exact(node, deadline) ?? `(+ ${list(flatten(node, "sum")).sort().join(" ")})`;
    case "product":
      return exact(node, deadline) ?? `(* ${list(flatten(node, "product")).sort().join(" ")})`;
    case "power":
      return exact(node, deadline) ?? `(^ ${list([node.base, node.exponent]).join(" ")})`;
    case "call":
      return `(${node.name} ${list(node.args).join(" ")})`;
    case "matrix":
      return `[${node.rows.map((row) => list(row).join(" ")).join(";")}]`;
    case "series":
      return `(${node.name} ${node.variable} ${list([node.from, node.to, node.body]).join(" ")})`;
  }
}

function exact(node: Node, deadline: Deadline): string | undefined {
  const value = exactValue(node, deadline);
  return value && `${value.numerator.toString(36)}/${value.denominator.toString(36)}`;
}

function flatten(node: Node, kind: "sum" | "product"): Node[] {
  const parts = node.kind === "sum" ? node.terms : node.kind === "product" ? node.factors : [];
  return node.kind === kind ? parts.flatMap((part) => (part.kind === kind ? flatten(part, kind) : [part])) : [node];
}
