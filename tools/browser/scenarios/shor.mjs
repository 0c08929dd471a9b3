import {
  discreteLogarithm,
  exactDistribution,
  factor,
  orderFindingCircuit,
  StateVector,
  toOpenQasm,
} from "@gradus/shor";

/** ECMA-262 leaves the last bits of Math.sin and Math.cos to each engine. */
export const tolerance = 1e-9;

export default {
  factors: () => [15, 57, 39_203].map((n) => factor(n, { seed: 1 })),
  logarithm: () => discreteLogarithm(3, 13, 17, { seed: 1 }),
  distribution: () => exactDistribution(7, 15),
  gates: () => new StateVector(4).h(0, 1, 2, 3).phase(0.3, 0, 2).h(1).probabilities(),
  listing: () => toOpenQasm(orderFindingCircuit(2, 5, 1)).split("\n").length,
};
