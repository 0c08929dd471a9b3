/**
 * How the branches come together.
 *
 * @module
 */
import { add, mul, type Tensor } from "@gradus/autodiff";
import { BRANCHES, type Branches, type SparseOperands } from "./operands.ts";

/** o = Σ over the branches of gate · attention: equation 5. */
export function gated({ gates }: SparseOperands, branches: Branches<Tensor>): Tensor {
  return BRANCHES.map((branch) => mul(branches[branch], gates[branch])).reduce((total, term) => add(total, term));
}
