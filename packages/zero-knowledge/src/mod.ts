/** Zero-knowledge proofs of three-colouring, challenged by a public beacon. */
export { formatDimacs, parseDimacs } from "./dimacs.ts";
export { edgeCount, type Graph, graph, graphHash, isThreeColouring, plantedGraph } from "./graph.ts";
export { type ProofHeader, parseHeader } from "./proof.ts";
export { type CommitOptions, commit, type Prover, proveFiatShamir } from "./prover.ts";
export { findRegistration, type Registration, register } from "./registration.ts";
export { cheatingProbability, roundsFor } from "./rounds.ts";
export { type Commitment, challengedEdges, transcriptOf } from "./transcript.ts";
export { type ProofVerdict, type VerifyOptions, verify, verifyFiatShamir } from "./verifier.ts";
