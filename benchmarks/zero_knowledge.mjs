// `@gradus/zero-knowledge`: a proof for a graph of 588 vertices and 1,097 edges with 128 bits of soundness, made and verified; its
// batched SHA3-256 against `@noble/hashes`; and K4, which has no three-colouring, forged against Fiat-Shamir and not against a beacon.
import {
  commit,
  edgeCount,
  graph,
  plantedGraph,
  register,
  roundsFor,
  verify,
  verifyFiatShamir,
} from "@gradus/zero-knowledge";
import { sha3_256 } from "@noble/hashes/sha3.js";
// What the package keeps to itself: its hasher, and the cheat's programs.
import { forgeFiatShamir } from "../packages/zero-knowledge/dist/forger.js";
import { BatchHasher } from "../packages/zero-knowledge/dist/keccak.js";
import { commitToAnything } from "../packages/zero-knowledge/dist/prover.js";
import { peakMemory } from "./lib/engine.mjs";
import { describeMachine, versionsOf } from "./lib/machine.mjs";
import { mebibytes, median, progress, report, table, times, whole } from "./lib/report.mjs";

export const name = "zero_knowledge";
export const about =
  "a proof of three-colouring with 128 bits of soundness; K4 forged with Fiat-Shamir, not with a beacon";

const PROMISED = { seconds: 60, megabytes: 80 };
const K4 = graph(4, [
  [0, 1],
  [0, 2],
  [0, 3],
  [1, 2],
  [1, 3],
  [2, 3],
]);
const WRONG = [0, 1, 2, 0]; // one edge of six has the same colour twice
const bytes = (length, fill) => new Uint8Array(length).fill(fill);

/** What an action gives, with seconds by the clock and of the processor. */
async function timed(action) {
  const cpu = process.cpuUsage();
  const begin = performance.now();
  const value = await action();
  const seconds = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { value, seconds, processor: (user + system) / 1e6 };
}

/** Hashes a second of messages of 21 words, as leaves are: ours in batches of 588, and one by one. */
function hashing(rounds) {
  const [words, count] = [21, 588];
  const input = Uint32Array.from({ length: words * count }, (_, i) => Math.imul(i, 2654435761));
  const hasher = new BatchHasher(count);
  const digests = new Uint32Array(8 * count);
  const rates = { "in batches": [], "@noble/hashes": [] };
  for (let round = -5; round < rounds; round++) {
    const begin = performance.now();
    hasher.hash(input, words, count, digests);
    const middle = performance.now();
    let last;
    for (let i = 0; i < count; i++) last = sha3_256(new Uint8Array(input.buffer, 4 * words * i, 4 * words));
    const end = performance.now();
    if (!last.every((byte, i) => byte === new Uint8Array(digests.buffer, 32 * (count - 1), 32)[i]))
      throw new Error("different digests");
    if (round < 0) continue;
    rates["in batches"].push(count / ((middle - begin) / 1000));
    rates["@noble/hashes"].push(count / ((end - middle) / 1000));
  }
  return rates;
}

/** Runs the benchmark; `quick` only shows that it runs. Returns whether everything holds. */
export async function run({ quick = false } = {}) {
  const machine = describeMachine();
  const lambda = quick ? 0.1 : 128;
  const { graph: large, colouring } = plantedGraph(588, 1097, 1);
  const rounds = roundsFor(edgeCount(large), lambda);

  const rates = hashing(quick ? 1 : 200);
  progress(`${whole(rounds)} rounds committed to`);
  const committed = await timed(() => commit(large, colouring, { rounds, beacon: "benchmark", targetPulse: 9 }));
  const { transcript } = committed.value;
  const log = register([], transcript, 7);
  const output = bytes(64, 0x5a);
  progress("opened");
  const opened = await timed(() => committed.value.open(output));
  const proof = opened.value;
  progress("verified");
  const verified = await timed(() =>
    verify(large, proof, { beacon: "benchmark", pulse: { index: 9, output }, log, lambda }),
  );
  const peak = peakMemory();

  progress("K4 forged");
  const k = quick ? 16 : 64;
  const forgeries = [];
  for (let i = 0; i < (quick ? 1 : 4); i++) {
    const { value, seconds } = await timed(() => forgeFiatShamir(K4, WRONG, k, 2e6, bytes(32, i)));
    const valid = value.proof !== undefined && verifyFiatShamir(K4, value.proof, { lambda: quick ? 4 : 16 }).valid;
    forgeries.push({ tries: value.tries, seconds, valid });
  }
  const pulses = quick ? 1 : 2000;
  let accepted = 0;
  for (let i = 0; i < pulses; i++) {
    // Against a beacon: one commitment for each pulse.
    const one = await commitToAnything(K4, WRONG, {
      rounds: k,
      beacon: "benchmark",
      targetPulse: 9,
      secret: bytes(32, 7),
    });
    const pulse = { index: 9, output: sha3_256(Uint8Array.of(i >> 8, i & 255)) };
    const options = { beacon: "benchmark", pulse, log: register([], one.transcript, 7), lambda: quick ? 4 : 16 };
    if (verify(K4, await one.open(pulse.output), options).valid) accepted++;
  }

  // Processor time, all threads: what one core takes, also where others keep it from it.
  const proving = committed.processor + opened.processor;
  const tries = forgeries.reduce((sum, one) => sum + one.tries, 0) / forgeries.length;
  const expected = (6 / 5) ** k;
  const checks = [
    { what: "the proof verifies", holds: verified.value.valid },
    {
      what: `made within ${PROMISED.seconds} s of one core (${proving.toFixed(1)})`,
      holds: proving <= PROMISED.seconds,
    },
    {
      what: `verified within ${PROMISED.seconds} s of one core (${verified.processor.toFixed(1)})`,
      holds: verified.processor <= PROMISED.seconds,
    },
    {
      what: `at most ${PROMISED.megabytes} MB (${(proof.length / 1e6).toFixed(1)})`,
      holds: proof.length <= PROMISED.megabytes * 1e6,
    },
    {
      what: `K4, k = ${k}: ${forgeries.length} of ${forgeries.length} forgeries accepted with Fiat-Shamir`,
      holds: forgeries.every((one) => one.valid),
    },
    { what: `K4, k = ${k}: ${accepted} of ${whole(pulses)} accepted with a beacon`, holds: accepted === 0 },
  ];
  const row = (what, { seconds, processor }, note = "") => [
    what,
    `${seconds.toFixed(1)} s`,
    `${processor.toFixed(1)} s`,
    note,
  ];
  return report({
    name,
    title: "Zero-knowledge proofs of three-colouring",
    machine,
    peers: { "@gradus/zero-knowledge": "this repository", ...versionsOf("@noble/hashes") },
    sections: [
      `588 vertices, 1,097 edges, λ = ${lambda}: ${whole(rounds)} rounds, one thread. Peak memory ${mebibytes(peak)}.`,
      table(
        ["step", "by the clock", "processor", ""],
        [
          row("commit", committed),
          row("open", opened, `${(proof.length / 1e6).toFixed(1)} MB`),
          row("verify", verified),
        ],
      ),
      "SHA3-256 of messages of 84 bytes, hashes a second.",
      table(
        ["", "median", ""],
        Object.entries(rates).map(([who, list]) => [
          who,
          whole(median(list)),
          times(median(list) / median(rates["@noble/hashes"])),
        ]),
      ),
      `K4 with k = ${k}, one edge of six coloured wrongly: a commitment has luck once in ${whole(expected)}. With Fiat-Shamir a cheat ` +
        `tries until one has: ${forgeries.map((one) => whole(one.tries)).join(", ")} commitments, ${whole(tries)} in the mean and ` +
        `${(forgeries.reduce((sum, one) => sum + one.seconds, 0) / forgeries.length).toFixed(1)} s, four hashes and a tree of five ` +
        `for each. With a beacon he has one try for each pulse: ${accepted} of ${whole(pulses)} accepted.`,
    ],
    checks,
    figures: {
      ...{ rounds, bytes: proof.length, peak, rates, forgeries, pulses, accepted },
      commit: { seconds: committed.seconds, processor: committed.processor },
      open: { seconds: opened.seconds, processor: opened.processor },
      verify: { seconds: verified.seconds, processor: verified.processor },
    },
    quick,
  });
}
