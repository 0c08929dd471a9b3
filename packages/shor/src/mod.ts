/** Factoring and discrete logarithms by simulated quantum order finding. */
export { convergents, type Fraction } from "./arithmetic/continued_fraction.ts";
export { controlledMultiplication, fourierTransform, orderFindingCircuit } from "./circuit/beauregard.ts";
export { apply, type Circuit, type Gate, invert } from "./circuit/circuit.ts";
export { toOpenQasm } from "./circuit/openqasm.ts";
export { toSvg } from "./circuit/svg.ts";
export { discreteLogarithm, type LogarithmOptions } from "./discrete_logarithm.ts";
export { type Factorisation, type FactorOptions, type FactorRun, factor } from "./factor.ts";
export { exactDistribution } from "./order/distribution.ts";
export { type Measurement, measurePhase, memoryFor, type PhaseOptions } from "./order/iterative.ts";
export { type RecoverOptions, recoverOrder } from "./order/recover.ts";
export { splitByOrder, splitByTextbook } from "./order/split.ts";
export { StateVector, type StateVectorOptions } from "./simulator/state_vector.ts";
