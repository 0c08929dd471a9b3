import {
  certify,
  createBeacon,
  entropyRate,
  mlDsaSigner,
  packBits,
  quantumSource,
  runBellTest,
  scoreOf,
  toeplitz,
  verifyDrand,
  verifyPulse,
} from "@gradus/beacon";

/** ECMA-262 leaves the last bits of Math.log2 and Math.cos to each engine. */
export const tolerance = 1e-9;

const counted = () => {
  let next = 0;
  return {
    draw: async () => ({ kind: "counter", simulated: true, certifiedBits: 0, value: new Uint8Array(64).fill(next++) }),
  };
};

export default {
  "Bell test and certificate": () => {
    const result = runBellTest(quantumSource({ efficiency: 0.95 }), { trials: 20_000, seed: 1 });
    return {
      score: scoreOf(result),
      certificate: certify(result, { minimumScore: 2.5 }),
      rate: entropyRate(0.83, { trials: 1e7 }),
    };
  },
  extraction: () => toeplitz(packBits([1, 0, 1, 1, 0]), packBits([0, 1, 1, 0, 1, 1, 1]), 3).bytes,
  pulses: async () => {
    const signer = mlDsaSigner(new Uint8Array(32).fill(5));
    const beacon = createBeacon({ signer, entropy: counted(), period: 1000 });
    const pulse = await beacon.pulse(0);
    return { output: pulse.outputValue, verdict: await verifyPulse(pulse, signer.publicKey) };
  },
  drand: () =>
    verifyDrand({
      round: 657413,
      randomness: "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587",
      signature: "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b",
    }),
};
