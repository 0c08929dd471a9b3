/** Public randomness: certified by simulated Bell tests, chained, precommitted, signed with ML-DSA-65. */
export { bestAngles } from "./bell/best_angles.ts";
export {
  type BellAngles,
  expectedScore,
  type Imperfections,
  type OutcomeChances,
  outcomeChances,
} from "./bell/correlations.ts";
export {
  type BellScore,
  type BellTestOptions,
  type BellTestResult,
  runBellTest,
  type ScoreOptions,
  scoreOf,
} from "./bell/experiment.ts";
export { detectionLoopholeSource, deterministicSource, memorySource } from "./bell/local_sources.ts";
export { type BellSource, type Outcome, type QuantumSourceOptions, quantumSource } from "./bell/source.ts";
export { type BeaconClient, type BeaconClientOptions, beaconClient } from "./client.ts";
export { fromHex, toHex } from "./encoding.ts";
export { type AccumulationOptions, entropyRate } from "./entropy/accumulation.ts";
export { type Certificate, type CertifyOptions, certify } from "./entropy/certificate.ts";
export { binaryEntropy, minEntropy, vonNeumannEntropy } from "./entropy/entropy.ts";
export { type Bits, bitAt, bitsOf, packBits } from "./extractor/bits.ts";
export { extractableBits, toeplitz, toeplitzNaive, toeplitzNtt, toeplitzSliced } from "./extractor/toeplitz.ts";
export { type Beacon, type BeaconOptions, createBeacon, type PendingDraw } from "./pulse/beacon.ts";
export {
  type Draw,
  type EntropySource,
  type ImportedPulse,
  operatingSystem,
  type SimulatedBellTestOptions,
  simulatedBellTest,
} from "./pulse/entropy_source.ts";
export { parsePulse } from "./pulse/parse.ts";
export {
  commitmentTo,
  encodePulse,
  type ListValue,
  outputOf,
  type Pulse,
  type PulseBody,
  type PulseSource,
} from "./pulse/pulse.ts";
export type { SharedFields } from "./pulse/shared_fields.ts";
export {
  provesFork,
  type Refusal,
  type Verdict,
  type VerifyChainOptions,
  verifyChain,
  verifyPulse,
  verifySuccession,
} from "./pulse/verify.ts";
export { hasNativeMlDsa, mlDsaSigner, type Signer, verifyMlDsa } from "./signature/ml_dsa.ts";
export { memoryStore, type PulseStore } from "./store.ts";
export { type DrandChain, type DrandPulse, drandTime, QUICKNET, verifyDrand } from "./verifiers/drand.ts";
export { encodeNistPulse, type NistPulse, verifyNist } from "./verifiers/nist.ts";
