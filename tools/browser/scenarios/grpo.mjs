import { dpo, groupAdvantages, grpo, ppo, presets, processAdvantages, sft } from "@gradus/grpo";

// Six completions of 0 to 9 tokens, two groups of three; every number is a multiple of 1/16 and so exact in float32.
const segments = Int32Array.of(0, 4, 9, 9, 12, 21, 26);
const tokens = segments[6];
const sixteenths = (step, least) => Float32Array.from({ length: tokens }, (_, i) => least + ((i * step) % 48) / 16);
const logProbs = sixteenths(7, -3.5);
const oldLogProbs = logProbs.map((value, i) => value + ((i % 5) - 2) / 16);
const refLogProbs = logProbs.map((value, i) => value + ((i % 7) - 3) / 16);
const mask = Uint8Array.from({ length: tokens }, (_, i) => (i % 11 === 3 ? 0 : 1));
const batch = { logProbs, oldLogProbs, refLogProbs, mask, segments };
const advantages = groupAdvantages([1, 0, 0.5, 0, 0.25, 1], { groupSize: 3 });

/** ECMA-262 leaves the last bits of Math.exp and Math.log to each engine, and even V8's change with its version. */
export const tolerance = 1e-12;

export default {
  "group advantages": () =>
    ["group", "batch", "none"].map((scale) => groupAdvantages([1, 0, 2, 1], { groupSize: 2, scale })),
  "process advantages": () =>
    processAdvantages([1, 0, 0, 0.5], [0, 2, 3, 4], { segments: Int32Array.of(0, 3, 5), groupSize: 2 }),
  "loss and coefficients of GRPO": () =>
    grpo({ ...batch, advantages }, { beta: 0.04, epsilonLow: 0.1, epsilonHigh: 0.1 }),
  "every preset": () =>
    Object.entries(presets).map(([name, { objective }]) => [
      name,
      grpo({ ...batch, advantages, samplerLogProbs: oldLogProbs }, { maxLength: 16, ...objective }),
    ]),
  "SFT, DPO and PPO": () => {
    const values = sixteenths(3, 0);
    return [
      sft({ logProbs, mask, segments }),
      dpo({ logProbs, refLogProbs, mask, segments }),
      ppo({ ...batch, advantages: sixteenths(5, -1), values, oldValues: values, returns: sixteenths(9, 0) }),
    ];
  },
};
