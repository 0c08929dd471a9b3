import { commit, formatDimacs, plantedGraph, register, verify } from "@gradus/zero-knowledge";

export default {
  "a proof, its size and its verdict": async () => {
    const { graph, colouring } = plantedGraph(20, 30, 1);
    const secret = new Uint8Array(32).fill(3);
    const prover = await commit(graph, colouring, { rounds: 100, beacon: "b", targetPulse: 9, secret });
    const output = new Uint8Array(64).fill(1);
    const proof = await prover.open(output);
    const log = register([], prover.transcript, 7);
    return {
      transcript: [...prover.transcript],
      length: proof.length,
      verdict: verify(graph, proof, { beacon: "b", pulse: { index: 9, output }, log, lambda: 4 }),
      dimacs: formatDimacs(graph),
    };
  },
};
