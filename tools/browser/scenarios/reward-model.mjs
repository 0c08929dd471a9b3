import {
  aggregate,
  binaryCrossEntropy,
  bradleyTerry,
  calibration,
  memoryStorage,
  outcomeLabels,
  pairAccuracy,
  ReplayBuffer,
  splitSteps,
  stepCrossEntropy,
  stepLabelsOf,
  weightedSelfConsistency,
} from "@gradus/reward-model";

/** ECMA-262 leaves the last bits of Math.exp and Math.log to each engine, and even V8's change with its version. */
export const tolerance = 1e-12;

const scores = Array.from({ length: 8 }, (_, i) => ((i * 7) % 5) - 2);
const labels = [1, 0, 0.5, 1, 0, 0.25, 1, 0];
const examples = (iteration, count) =>
  Array.from({ length: count }, (_, i) => ({
    ...{ problem: `${i >> 2}`, prompt: Int32Array.of(1), tokens: Int32Array.of(iteration, i), label: i % 2 },
    ...{ iteration, seed: i },
  }));

export default {
  losses: () => [
    bradleyTerry({ scores, margins: [0, 1, 0.5, 2] }, { centering: 0.01 }),
    binaryCrossEntropy({ scores, labels }),
    stepCrossEntropy({ scores, labels, segments: [0, 3, 3, 8] }, { aggregation: "solution" }),
  ],
  labels: async () => [
    splitSteps("3 · 8 = 24\n\n24 + 12 = 36\n"),
    splitSteps(Int32Array.of(4, 0, 0, 5), { separator: 0 }),
    await outcomeLabels({ solutions: ["4", "5", "?"], verify: (s) => (s === "?" ? null : s === "4") }),
    await stepLabelsOf({
      solutions: ["110", "101"].map((walk) => ({ problem: "walk", steps: [...walk] })),
      complete: (requests) =>
        requests.map(({ prefix, count, seed }) =>
          Array.from({ length: count }, (_, i) =>
            (((seed >>> i) & 3) + 4).toString(2).slice(1).padEnd(3, "0").slice(prefix.length),
          ),
        ),
      verify: (_, walk) => walk.length === 3 && walk.replaceAll("0", "").length === 2,
      estimate: "soft",
    }),
  ],
  judging: () => [
    aggregate([0.5, 0.25, 0.75], "product"),
    weightedSelfConsistency(["4", "5", null, "5"], [0.9, 0.3, 1, 0.4]),
    calibration([0.1, 0.35, 0.8, 1], [0, 1, 1, 1], { bins: 5 }),
    pairAccuracy(scores, labels, [1, 1, 1, 1, 2, 2, 2, 2]),
  ],
  "a replay buffer's sets": async () => {
    const storage = memoryStorage();
    const buffer = await ReplayBuffer.open({ storage, capacity: 60 });
    await buffer.add(examples(0, 40));
    await buffer.add(examples(1, 30));
    const uniform = await buffer.mix({ fresh: examples(2, 22), seed: 3 });
    const stratified = await buffer.mix({ fresh: examples(3, 22), seed: 3, historyShare: 0.3, by: "stratified" });
    return { uniform, stratified, lines: [...storage.read()].length };
  },
};
