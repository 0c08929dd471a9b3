// `@gradus/beacon`: Bell trials simulated and scored, Toeplitz hashing three ways, pulses signed and verified.
import {
  bitsOf,
  certify,
  createBeacon,
  memorySource,
  mlDsaSigner,
  operatingSystem,
  quantumSource,
  runBellTest,
  toeplitz,
  toeplitzNaive,
  toeplitzNtt,
  toeplitzSliced,
  verifyMlDsa,
  verifyPulse,
} from "@gradus/beacon";
import { describeMachine, versionsOf } from "./lib/machine.mjs";
import { integers } from "./lib/random.mjs";
import { median, progress, report, table, times, whole } from "./lib/report.mjs";

export const name = "beacon";
export const about = "Bell trials, Toeplitz hashing three ways, pulses signed and verified";

/** Seconds of an action, for at least `least` seconds and three times, after one that is not timed. */
async function timed(least, action) {
  await action();
  const found = [];
  const end = performance.now() + 1000 * least;
  while (found.length < 3 || performance.now() < end) {
    const begin = performance.now();
    await action();
    found.push((performance.now() - begin) / 1000);
  }
  return found;
}

const bitsFrom = (length, seed) => bitsOf(Uint8Array.from(integers((length + 7) >> 3, 256, seed)), length);

/** Runs the benchmark; `quick` only shows that it runs. Returns whether everything holds. */
export async function run({ quick = false } = {}) {
  const machine = describeMachine();
  const least = quick ? 0 : 1;
  const trials = quick ? 1000 : 200_000;

  progress("Bell tests");
  const sources = { quantumSource: quantumSource({ efficiency: 0.99 }), memorySource: memorySource() };
  const bell = [];
  for (const [source, made] of Object.entries(sources)) {
    const seconds = await timed(least, () => runBellTest(made, { trials, seed: 1 }));
    const certificate = certify(runBellTest(made, { trials, seed: 1 }), { minimumScore: 2.7 });
    bell.push({ source, seconds, score: certificate.score, bits: certificate.bits });
  }

  const ways = { naive: toeplitzNaive, sliced: toeplitzSliced, transform: toeplitzNtt };
  const sizes = quick
    ? [[500, 300]]
    : [
        [2048, 1024],
        [16_384, 8192],
        [65_536, 32_768],
        [262_144, 131_072],
        [1_000_000, 1024],
      ];
  const extraction = [];
  for (const [n, m] of sizes) {
    progress(`Toeplitz hashing, ${whole(n)} to ${whole(m)} bits`);
    const [input, seed] = [bitsFrom(n, 1), bitsFrom(n + m - 1, 2)];
    const outputs = {};
    const seconds = {};
    for (const [way, hash] of Object.entries(ways)) {
      if (way === "naive" && n * m > 1e8) continue; // a minute and more
      seconds[way] = await timed(least / 2, () => {
        outputs[way] = hash(input, seed, m);
      });
    }
    seconds.chosen = await timed(least / 2, () => {
      outputs.chosen = toeplitz(input, seed, m);
    });
    const equal = Object.values(outputs).every(({ bytes }) =>
      bytes.every((byte, i) => byte === outputs.chosen.bytes[i]),
    );
    extraction.push({ n, m, seconds, equal });
  }

  progress("pulses");
  const signer = mlDsaSigner(new Uint8Array(32).fill(1));
  const message = new Uint8Array(700).fill(2);
  const beacon = createBeacon({ signer, entropy: operatingSystem(), period: 1000 });
  let time = 0;
  let pulse;
  let signature;
  let valid = true;
  const pulses = {
    "ML-DSA-65, sign": await timed(least, async () => {
      signature = await signer.sign(message);
    }),
    "ML-DSA-65, verify": await timed(least, async () => {
      valid &&= await verifyMlDsa(message, signature, signer.publicKey);
    }),
    "pulse made": await timed(least, async () => {
      time += 1000;
      pulse = await beacon.pulse(time);
    }),
    "pulse verified": await timed(least, async () => {
      valid &&= (await verifyPulse(pulse, signer.publicKey)).valid;
    }),
  };

  const megabytes = (n, seconds) => (n / 8e6 / median(seconds)).toPrecision(3);
  const checks = [
    { what: "all ways of hashing give the same bits", holds: extraction.every(({ equal }) => equal) },
    {
      what: `a local source certifies exactly 0 bits (${bell[1].bits}, score ${bell[1].score.toFixed(3)})`,
      holds: bell[1].bits === 0,
    },
    { what: "every signature and pulse verifies", holds: valid },
  ];
  if (!quick) {
    checks.push({
      what: `the quantum source certifies at least one bit (${whole(bell[0].bits)} of ${whole(trials)} trials)`,
      holds: bell[0].bits > 0,
    });
    for (const { n, m, seconds } of extraction) {
      const best = Math.min(median(seconds.sliced), median(seconds.transform));
      checks.push({
        what: `${whole(n)} to ${whole(m)} bits: what is chosen takes at most 1.5 times as long as the faster way (${times(median(seconds.chosen) / best)})`,
        holds: median(seconds.chosen) <= 1.5 * best,
      });
    }
  }
  return report({
    name,
    title: "The beacon",
    machine,
    peers: { "@gradus/beacon": "this repository", ...versionsOf("@noble/post-quantum", "@noble/hashes") },
    sections: [
      "Simulated Bell tests, one thread; certified at a declared score of 2.7.",
      table(
        ["source", "trials a second", "score", "certified bits"],
        bell.map(({ source, seconds, score, bits }) => [
          source,
          whole(trials / median(seconds)),
          score.toFixed(3),
          whole(bits),
        ]),
      ),
      "Toeplitz hashing from n to m bits: megabytes of input a second, medians, one thread. The naive way follows the definition.",
      table(
        ["n, m", "naive", "word-sliced", "transform", "chosen"],
        extraction.map(({ n, m, seconds }) => [
          `${whole(n)}, ${whole(m)}`,
          ...["naive", "sliced", "transform", "chosen"].map((way) => (seconds[way] ? megabytes(n, seconds[way]) : "")),
        ]),
      ),
      "Signatures (`@noble/post-quantum` on this Node) and whole pulses, a second.",
      table(
        ["", "median"],
        Object.entries(pulses).map(([what, seconds]) => [what, whole(1 / median(seconds))]),
      ),
    ],
    checks,
    figures: { trials, bell, extraction, pulses },
    quick,
  });
}
