import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { identityOf, type RewardExample } from "../model/example.ts";
import { exampleOf, examplesOf } from "../testing/examples.ts";
import { shareOut } from "./mix.ts";
import { decodeLine, encodeExample } from "./record.ts";
import { type MixOptions, ReplayBuffer } from "./replay_buffer.ts";
import { memoryStorage, type ReplayStorage } from "./storage.ts";

const linesOf = (storage: ReplayStorage) => [...(storage.read() as Iterable<string>)];
const namesOf = (examples: readonly RewardExample[]) => examples.map(identityOf);

test("what is written is what is read, steps and provenance included", () => {
  const example = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }).chain((stepLabels) =>
    fc.record(
      {
        problem: fc.string(),
        prompt: fc.int32Array({ maxLength: 3 }),
        tokens: fc.int32Array({ minLength: stepLabels.length, maxLength: 6 }),
        label: fc.constantFrom(0, 1, 0.1),
        iteration: fc.nat(),
        seed: fc.nat(),
        stepEnds: fc.constant(stepLabels.map((_, j) => j)),
        stepLabels: fc.constant(stepLabels.map((label) => label + 0)),
      },
      { noNullPrototype: true },
    ),
  );
  fc.assert(
    fc.property(example, (each) => {
      assert.deepEqual(decodeLine(encodeExample(each), 1), { example: each });
    }),
  );
});

test("over any number of rounds the share of history is exact to the nearest example", async () => {
  const rounds = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 });
  const shares = fc.constantFrom(0, 0.1, 0.25, 0.5, 1 / 3, 0.07);
  await fc.assert(
    fc.asyncProperty(
      rounds,
      shares,
      fc.constantFrom("uniform" as const, "stratified" as const),
      async (sizes, share, by) => {
        const buffer = await ReplayBuffer.open();
        await buffer.add(examplesOf(0, 600));
        let [fresh, history] = [0, 0];
        for (const [round, size] of sizes.entries()) {
          const examples = examplesOf(round + 1, size);
          const mix = await buffer.mix({ fresh: examples, historyShare: share, seed: 5, by });
          await buffer.add(examples);
          fresh += mix.fresh;
          history += mix.history;
          assert.equal(mix.missing, 0);
          assert.ok(Math.abs(history - (fresh * share) / (1 - share)) <= 0.5 + 1e-6, `${history} beside ${fresh}`);
          assert.equal(new Set(namesOf(mix.examples)).size, mix.fresh + mix.history);
          assert.ok(mix.examples.slice(mix.fresh).every(({ iteration }) => iteration <= round));
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("10% of 4 fresh examples at a time: 0, 1, 0, 1, 0 … and after nine rounds exactly 4 of 40", async () => {
  const buffer = await ReplayBuffer.open();
  await buffer.add(examplesOf(0, 100));
  const taken = [];
  for (let round = 1; round <= 9; round++)
    taken.push((await buffer.mix({ fresh: examplesOf(round, 4), historyShare: 0.1, seed: 1 })).history);
  assert.deepEqual(taken, [0, 1, 0, 1, 0, 1, 0, 1, 0]);
});

test("a round without enough history says so and is not made up for", async () => {
  const buffer = await ReplayBuffer.open();
  const rounds: [number, number][] = [];
  for (let round = 0; round < 3; round++) {
    const fresh = examplesOf(round, 90);
    await buffer.add(fresh);
    const { history, missing } = await buffer.mix({ fresh, historyShare: 0.1, seed: 1 });
    rounds.push([history, missing]);
  }
  assert.deepEqual(rounds, [
    [0, 10],
    [10, 0],
    [10, 0],
  ]);
});

test("the same seed gives the same set, another seed another; fresh examples may be in the buffer already", async () => {
  const setOf = async (options: Partial<MixOptions>, addFirst = false) => {
    const buffer = await ReplayBuffer.open();
    await buffer.add(examplesOf(0, 200));
    const fresh = examplesOf(1, 90);
    if (addFirst) await buffer.add(fresh);
    return namesOf((await buffer.mix({ fresh, seed: 1, ...options })).examples);
  };
  const first = await setOf({});
  assert.equal(first.length, 100);
  assert.deepEqual(await setOf({}), first);
  assert.deepEqual(await setOf({}, true), first);
  assert.notDeepEqual(await setOf({ seed: 2 }), first);
});

test("stratified history is even over iterations, uniform history follows their sizes", async () => {
  const buffer = await ReplayBuffer.open();
  for (const [iteration, count] of [300, 30, 3].entries()) await buffer.add(examplesOf(iteration, count));
  const countsBy = async (by: "uniform" | "stratified") => {
    const fresh = examplesOf(3, 40);
    const { examples } = await buffer.mix({ fresh, historyShare: 0.5, seed: 1, by });
    return [0, 1, 2].map((iteration) => examples.filter((example) => example.iteration === iteration).length);
  };
  assert.deepEqual(await countsBy("stratified"), [18, 19, 3]);
  const [first, second] = await countsBy("uniform");
  assert.ok(first > 28 && second < 10, `${first}, ${second}`);
});

test("a count is shared out as evenly as sizes allow", () => {
  fc.assert(
    fc.property(fc.nat(60), fc.array(fc.nat(12), { maxLength: 6 }), (count, sizes) => {
      const quotas = shareOut(count, sizes);
      const total = sizes.reduce((a, b) => a + b, 0);
      assert.equal(
        quotas.reduce((a, b) => a + b, 0),
        Math.min(count, total),
      );
      const open = quotas.filter((quota, s) => quota < sizes[s]);
      quotas.forEach((quota, s) => {
        assert.ok(quota <= sizes[s]);
        for (const other of open) assert.ok(quota <= other + 1, `${quotas} of ${sizes}`);
      });
    }),
  );
});

test("no example of a held-out problem gets in, or out", async () => {
  const heldOut = ["test 1", "test 2"];
  const leak = exampleOf("test 2", 3);
  for (const held of [heldOut, (problem: string) => problem.startsWith("test")]) {
    const buffer = await ReplayBuffer.open({ heldOut: held });
    await assert.rejects(
      buffer.add([exampleOf("train", 1), leak]),
      /RangeError: .*of examples\[1\], "test 2", is held out/,
    );
    await assert.rejects(buffer.mix({ fresh: [leak], seed: 1 }), /RangeError: Cannot mix: .* is held out/);
    assert.equal(buffer.size, 0);
  }
  const storage = memoryStorage([encodeExample(exampleOf("train", 1)), encodeExample(leak)]);
  await assert.rejects(ReplayBuffer.open({ storage, heldOut }), /RangeError: .*line 2, "test 2", is held out/);
});

test("a single name is no list of held-out problems: its letters would be held out", async () => {
  for (const heldOut of ["test 1", 7, null, {}]) {
    const opened = ReplayBuffer.open({ heldOut: heldOut as Iterable<string> });
    await assert.rejects(opened, /TypeError: .*heldOut must be a list of problems or a function, found/);
  }
});

test("hundreds of thousands of lines are kept in memory at once", async () => {
  const storage = memoryStorage();
  await storage.append(new Array(300_000).fill("{}"));
  assert.equal(linesOf(storage).length, 300_000);
});

test("a solution is kept once, the first time, and the oldest are forgotten; storage stays bounded", async () => {
  const storage = memoryStorage();
  const buffer = await ReplayBuffer.open({ storage, capacity: 10 });
  const twice = exampleOf("a", 1);
  assert.deepEqual(await buffer.add([twice, { ...twice, iteration: 3 }]), { added: 1, duplicates: 1, forgotten: 0 });
  for (let iteration = 1; iteration < 20; iteration++) await buffer.add(examplesOf(iteration, 4));
  assert.equal(buffer.size, 10);
  assert.deepEqual(
    buffer.examples.map(({ iteration }) => iteration),
    [17, 17, 18, 18, 18, 18, 19, 19, 19, 19],
  );
  assert.ok(linesOf(storage).length <= 20);
  const again = await ReplayBuffer.open({ storage, capacity: 10 });
  assert.deepEqual(again.examples, buffer.examples);
});

test("a buffer that is opened again counts on: its next set is the one that the first would have given", async () => {
  const storage = memoryStorage();
  const first = await ReplayBuffer.open({ storage });
  await first.add(examplesOf(0, 50));
  await first.mix({ fresh: examplesOf(1, 4), seed: 1 });
  const second = await ReplayBuffer.open({ storage: memoryStorage(linesOf(storage)) });
  const next = { fresh: examplesOf(2, 4), seed: 1 };
  const [expected, found] = [await first.mix(next), await second.mix(next)];
  assert.equal(expected.history, 1);
  assert.deepEqual(found, expected);
  // Asked again about an iteration, as after a crash, it gives the same and notes nothing new.
  const lines = linesOf(storage).length;
  assert.deepEqual(await first.mix(next), expected);
  assert.equal(linesOf(storage).length, lines);
});

test("nothing fresh makes an empty set", async () => {
  const buffer = await ReplayBuffer.open();
  await buffer.add(examplesOf(0, 5));
  assert.deepEqual(await buffer.mix({ fresh: [], seed: 1 }), { examples: [], fresh: 0, history: 0, missing: 0 });
  assert.deepEqual(await buffer.add([]), { added: 0, duplicates: 0, forgotten: 0 });
});

test("errors name the argument, what was expected and what was found", async () => {
  const buffer = await ReplayBuffer.open();
  const refused: [() => Promise<unknown>, RegExp][] = [
    [() => ReplayBuffer.open({ capacity: 0 }), /capacity must be an integer from 1, found 0/],
    [() => ReplayBuffer.open({ storage: {} as ReplayStorage }), /storage.read must be a function, found undefined/],
    [
      () => ReplayBuffer.open({ storage: memoryStorage(["{"]) }),
      /Cannot read line 1 of the replay buffer: it is no example/,
    ],
    [
      () => ReplayBuffer.open({ storage: memoryStorage(['{"mixed":{}}']) }),
      /line 1 .*mixed.iteration must be a number/,
    ],
    [() => buffer.mix({ fresh: [], historyShare: 1, seed: 1 }), /historyShare must be from 0 to below 1, found 1/],
    [() => buffer.mix({ fresh: [], share: 0.1, seed: 1 } as never), /no option "share"/],
    [
      () => buffer.mix({ fresh: [...examplesOf(0, 1), ...examplesOf(1, 1)], seed: 1 }),
      /fresh must be of one iteration, found 0 and, at 1, 1/,
    ],
    [() => buffer.add([{ ...exampleOf("a", 1), label: 2 }]), /examples\[0\].label\[0\] must be from 0 to 1, found 2/],
    [() => buffer.add([{ ...exampleOf("a", 1), tokens: [1] as never }]), /examples\[0\].tokens must be an Int32Array/],
    [
      () => buffer.add([{ ...exampleOf("a", 1), stepEnds: [1] }]),
      /stepEnds\[0\] must be in order, from −1 to 0, found 1/,
    ],
    [
      () => buffer.add([{ ...exampleOf("a", 1), stepEnds: [0], stepLabels: [] }]),
      /examples\[0\].stepLabels must have 1 entries, found 0/,
    ],
  ];
  for (const [call, message] of refused) await assert.rejects(call, { message });
});
