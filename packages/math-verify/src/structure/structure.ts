/**
 * What an answer is: a value, a text, or something made of parts.
 *
 * @module
 */
import type { Node } from "../expression/node.ts";

/** An answer that has been read. `source` is the normalised text. */
export type Structure =
  | {
      readonly kind: "value";
      readonly node: Node;
      readonly unit: string;
      readonly percent: boolean;
      /** The words after it: `red` of `7 red`. */
      readonly label?: string;
      readonly source: string;
    }
  /** Words; `opaque` when they are a formula that could not be read. */
  | { readonly kind: "text"; readonly source: string; readonly opaque: boolean }
  /** Bare, as `1, 2`; the order does not matter. */
  | { readonly kind: "list"; readonly items: readonly Structure[]; readonly source: string }
  | { readonly kind: "set"; readonly items: readonly Structure[]; readonly source: string }
  /** Points and intervals: `(1,2)` may be either. */
  | {
      readonly kind: "tuple";
      readonly open: "(" | "[";
      readonly close: ")" | "]";
      readonly items: readonly Structure[];
      readonly source: string;
    }
  | { readonly kind: "ratio"; readonly items: readonly Structure[]; readonly source: string }
  | {
      readonly kind: "region";
      readonly operation: "union" | "intersection" | "difference";
      readonly parts: readonly Structure[];
      readonly source: string;
    }
  | { readonly kind: "reals"; readonly source: string }
  /** `a < x ≤ b`; `operators` stand between the operands. */
  | {
      readonly kind: "relation";
      readonly operands: readonly Node[];
      readonly operators: readonly string[];
      readonly source: string;
    }
  | {
      readonly kind: "logic";
      readonly operation: "or" | "and";
      readonly parts: readonly Structure[];
      readonly source: string;
    }
  /** `name = value`, and `x ∈ set`. `left` is the name as an expression, where it is one. */
  | {
      readonly kind: "equation";
      readonly name: string;
      readonly left: Node | undefined;
      readonly value: Structure;
      readonly source: string;
    };
