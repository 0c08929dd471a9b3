// The simulator of `@gradus/shor`: Hadamard gates a second on 20 qubits, against `quantum-circuit`; whole runs of order finding
// with 21 and 25 qubits (a control qubit and a work register of 20 or 24); and how often one run factors.

import { stream } from "@gradus/seeds";
import { factor, measurePhase, memoryFor, recoverOrder, StateVector } from "@gradus/shor";
import { describeMachine, versionsOf } from "./lib/machine.mjs";
import { median, progress, report, table, times, whole } from "./lib/report.mjs";

export const name = "shor";
export const about = "simulated order finding: gates a second, runs with 21 and 25 qubits, against quantum-circuit";

const PROMISED = { gates: 1500, qubits21: 0.2, qubits25: 5, share: 0.99 };

/** Gates on all qubits, so often in one measurement. */
const TIMES = 9;

function isPrime(n) {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return n > 1;
}

/** Products of two different random primes, with exactly so many bits. */
function semiprimes(bits, count) {
  const random = stream(bits, { purpose: "semiprimes" });
  const prime = () => {
    for (;;) {
      const p = random.integer(2 ** (bits / 2 - 1), 2 ** (bits / 2));
      if (isPrime(p)) return p;
    }
  };
  const found = [];
  while (found.length < count) {
    const [p, q] = [prime(), prime()];
    if (p !== q && p * q >= 2 ** (bits - 1)) found.push({ n: p * q, primes: [p, q].sort((a, b) => a - b) });
  }
  return found;
}

/** Semiprimes whose orders are the worst: p = 2u + 1 and q = 2v + 1 with primes u, v, so that most orders are N/2. */
function worst(bits) {
  const safe = [];
  for (let p = 2 ** (bits / 2) - 1; safe.length < 2; p -= 2) if (isPrime(p) && isPrime((p - 1) / 2)) safe.push(p);
  return { n: safe[0] * safe[1], primes: safe.reverse(), worst: true };
}

/** Seconds by the clock, and of the processor. */
function timed(action) {
  const cpu = process.cpuUsage();
  const begin = performance.now();
  const value = action();
  const seconds = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { value, seconds, processor: (user + system) / 1e6 };
}

async function gates(qubits, quick) {
  const all = Array.from({ length: qubits }, (_, i) => i);
  const rounds = quick ? 1 : 5;
  const ours = { "one at a time": [], "all together": [] };
  for (let round = 0; round <= rounds; round++) {
    for (const [how, apply] of [
      [
        "one at a time",
        (state) => {
          for (const q of all) state.h(q);
        },
      ],
      ["all together", (state) => state.h(...all)],
    ]) {
      const state = new StateVector(qubits);
      state.h(...all, ...all); // memory touched, |0…0⟩ again
      // An odd number of times: |0…0⟩ and the equal superposition in turn.
      const { processor } = timed(() => {
        for (let i = 0; i < TIMES; i++) apply(state);
      });
      if (round) ours[how].push((TIMES * qubits) / processor);
      if (Math.abs(state.amplitudes[0] - 2 ** (-qubits / 2)) > 1e-5) throw new Error("wrong amplitudes");
    }
  }
  let peer;
  try {
    const { default: QuantumCircuit } = await import("quantum-circuit");
    const circuit = new QuantumCircuit(qubits);
    // Its state is a map of the amplitudes that are not zero: the first gates are cheap for it.
    for (const q of all) circuit.addGate("h", q, q);
    const { processor } = timed(() => circuit.run());
    peer = qubits / processor;
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
  }
  return { ...ours, peer };
}

/** Runs of the circuit for random bases, each with the recovered order. */
function runs({ n, primes, worst: hard = false }, count) {
  const random = stream(n, { purpose: "bases" });
  return Array.from({ length: count }, (_, i) => {
    let a;
    do a = random.integer(2, n - 1);
    while (primes.some((p) => a % p === 0));
    const nature = stream(i, { purpose: "nature" });
    const { value, seconds, processor } = timed(() => measurePhase(a, n, nature));
    return { n, a, hard, order: recoverOrder(value, a, n) ?? null, seconds, processor };
  });
}

/** Runs the benchmark; `quick` only shows that it runs. Returns whether everything holds. */
export async function run({ quick = false } = {}) {
  const machine = describeMachine();
  const qubits = quick ? 8 : 20;
  progress(`${qubits} qubits, Hadamard gates`);
  const { peer, ...ours } = await gates(qubits, quick);
  for (const bits of quick ? [12] : [16, 20]) runs(worst(bits), 3); // compiled

  const sizes = quick ? [12] : [20, 24];
  const found = sizes.map((bits) => {
    progress(`${bits + 1} qubits, order finding`);
    const numbers = [...semiprimes(bits, bits < 24 ? 10 : 4), worst(bits)];
    return { bits, runs: numbers.flatMap((number) => runs(number, bits < 24 ? 2 : 1)) };
  });

  progress("semiprimes of 16 bits in one run");
  const numbers = semiprimes(16, quick ? 5 : 500);
  const solved = numbers.filter(({ n, primes }, i) => {
    const { factors, complete } = factor(n, { seed: i, runs: 1 });
    return complete && factors[0] === primes[0] && factors[1] === primes[1];
  }).length;

  let refused;
  try {
    measurePhase(2, 549_755_813_701, stream(1, { purpose: "refused" }));
  } catch (error) {
    refused = error.message;
  }

  const rate = Object.fromEntries(Object.entries(ours).map(([how, list]) => [how, median(list)]));
  const seconds = (list) => `${median(list).toPrecision(2)} s`;
  const range = (list) => `${Math.min(...list).toPrecision(2)}–${Math.max(...list).toPrecision(2)}`;
  const checks = found.flatMap(({ bits, runs: list }) => {
    const limit = PROMISED[`qubits${bits + 1}`] ?? 1;
    // Processor time, all threads: what one core takes, also where others keep it from it.
    const slowest = Math.max(...list.map((one) => one.processor));
    return [
      {
        what: `${bits + 1} qubits: every run below ${limit} s of one core (slowest ${slowest.toPrecision(3)})`,
        holds: slowest < limit,
      },
      {
        what: `${bits + 1} qubits: the order is recovered from ${list.filter((one) => one.order).length} of ${list.length} runs`,
        holds: list.filter((one) => one.order).length >= 0.9 * list.length,
      },
    ];
  });
  if (!quick)
    checks.unshift({
      what: `at least ${whole(PROMISED.gates)} gates a second, one at a time (${whole(rate["one at a time"])})`,
      holds: rate["one at a time"] >= PROMISED.gates,
    });
  checks.push(
    {
      what: `one run factors at least ${100 * PROMISED.share}% of random 16-bit semiprimes (${solved} of ${numbers.length})`,
      holds: solved >= PROMISED.share * numbers.length,
    },
    { what: `a modulus of 39 bits is refused: ${refused}`, holds: /GiB of memory/.test(refused) },
  );
  return report({
    name,
    title: "Simulated order finding",
    machine,
    peers: { "@gradus/shor": "this repository", ...versionsOf("quantum-circuit") },
    sections: [
      `Hadamard gates on each of ${qubits} qubits, from |0…0⟩, one thread: a second of processor time.`,
      table(
        ["simulator", "gates a second", "to the peer"],
        [
          ...Object.entries(rate).map(([how, value]) => [
            `@gradus/shor, ${how}`,
            whole(value),
            peer ? times(value / peer) : "",
          ]),
          ...(peer ? [["quantum-circuit", peer.toPrecision(3), "1.00 ×"]] : []),
        ],
      ),
      "One run of order finding (2 n rounds on a work register of n bits and a control qubit) for random bases, one thread: by the " +
        "clock, and of the processor. Hard: products of two safe primes, whose orders are the largest. Memory: what is reserved.",
      table(
        ["modulus", "median", "range", "processor", "memory"],
        found.flatMap(({ bits, runs: list }) =>
          [false, true].map((hard) => {
            const these = list.filter((one) => one.hard === hard);
            const clock = these.map((one) => one.seconds);
            return [
              `${bits} bits (${bits + 1} qubits), ${hard ? "hard" : `${these.length} random`}`,
              seconds(clock),
              range(clock),
              range(these.map((one) => one.processor)),
              `${whole(memoryFor(2 ** bits - 1) / 2 ** 20)} MiB`,
            ];
          }),
        ),
      ),
    ],
    checks,
    figures: { gates: { ...ours, peer }, runs: found, solved, of: numbers.length },
    quick,
  });
}
