import assert from "node:assert/strict";
import { test } from "node:test";
import { base, collect, complete, type Problem, problems } from "../testing/rejection_problems.ts";
import { type JournalRecord, memoryJournal, type SampleJournal } from "./journal.ts";
import { rejectionSample } from "./rejection_sample.ts";
import type { RejectionOptions } from "./types.ts";

test("a failing sampler is asked again, for what is missing only", async () => {
  const asked: number[][] = [];
  const run = rejectionSample({
    ...base,
    problems: problems.slice(0, 1),
    sample: ({ problem, slots }) => {
      asked.push(slots.map(({ sample }) => sample));
      if (asked.length === 1) throw new Error("out of memory");
      return slots.map(({ sample, seed }) => (asked.length === 2 && sample > 1 ? null : complete(problem, seed)));
    },
  });
  assert.deepEqual(await collect(run), await collect(rejectionSample({ ...base, problems: problems.slice(0, 1) })));
  assert.deepEqual(asked, [
    [0, 1, 2, 3, 4, 5],
    [0, 1, 2, 3, 4, 5],
    [2, 3, 4, 5],
  ]);
  assert.deepEqual(run.report.failures, []);
});

test("what fails for good is reported, and the other problems and samples lose nothing", async () => {
  const failing: Partial<Record<string, () => never | (string | null)[] | string | Promise<never>>> = {
    p1: () => {
      throw new Error("no answer");
    },
    p2: () => ["too few"],
    p3: () => "no array",
    p4: () => new Promise<never>(() => {}),
  };
  const journal = memoryJournal();
  const run = rejectionSample({
    ...base,
    journal,
    retries: 1,
    sampleTimeoutMs: 20,
    sample: (request) => (failing[request.problemId]?.() as string[]) ?? base.sample(request),
  });
  const examples = await collect(run);
  const plain = await collect(rejectionSample(base));
  assert.deepEqual(
    examples,
    plain.filter(({ problemId }) => !(problemId in failing)),
  );
  assert.deepEqual(
    run.report.failures.map(({ problemId, stage, attempts, message }) => [problemId, stage, attempts, message]),
    [
      ["p1", "sample", 2, "no answer"],
      ["p2", "sample", 2, "The sampler must give an array of 6 completions, found 1"],
      ["p3", "sample", 2, "The sampler must give an array of 6 completions, found string"],
      ["p4", "sample", 2, "No answer within 20 ms"],
    ],
  );
  assert.deepEqual(run.report.failures[0].samples, [0, 1, 2, 3, 4, 5]);
  // A later run tries them again.
  assert.deepEqual(await collect(rejectionSample({ ...base, journal })), plain);
});

test("a verifier that throws, hangs or gives no boolean leaves a sample unjudged, and a later run judges it", async () => {
  const journal = memoryJournal();
  const aborted: boolean[] = [];
  const run = rejectionSample({
    ...base,
    journal,
    retries: 1,
    verifyTimeoutMs: 10,
    verify: (problem, completion, context) => {
      if (problem.id === "p1") throw new Error("crashed");
      if (problem.id === "p2") return "yes" as unknown as boolean;
      if (problem.id === "p3") {
        return new Promise<boolean>(() => context.signal.addEventListener("abort", () => aborted.push(true)));
      }
      return base.verify(problem, completion, context);
    },
  });
  const examples = await collect(run);
  const plain = await collect(rejectionSample(base));
  assert.deepEqual(
    examples,
    plain.filter(({ problemId }) => !["p1", "p2", "p3"].includes(problemId)),
  );
  assert.equal(run.report.unjudged, 18);
  assert.equal(aborted.length, 12, "each wait that ended told the verifier");
  assert.deepEqual(
    new Set(run.report.failures.map(({ stage, message }) => `${stage}: ${message}`)),
    new Set([
      "verify: crashed",
      "verify: The verifier must give a boolean, found string",
      "verify: No answer within 10 ms",
    ]),
  );
  const later = rejectionSample({ ...base, journal, sample: () => assert.fail("nothing is left to sample") });
  assert.deepEqual(await collect(later), plain);
});

test("leaving the loop ends the sampler's work and keeps what was sampled", async () => {
  const journal = memoryJournal();
  let signalled = false;
  const run = rejectionSample({
    ...base,
    journal,
    concurrency: 2,
    sample: (request) => {
      if (request.problemId !== "p3") return base.sample(request);
      return new Promise((_, reject) =>
        request.signal.addEventListener("abort", () => {
          signalled = true;
          reject(request.signal.reason);
        }),
      );
    },
  });
  for await (const { problemId } of run) if (problemId === "p0") break;
  assert.ok(signalled);
  assert.ok(
    [...journal.read()].some(({ problemId }) => problemId === "p1"),
    "work done ahead is kept",
  );
});

test("a journal that cannot be written ends the run before anything unsafe is given", async () => {
  const full = (after: number): SampleJournal => {
    const journal = memoryJournal();
    let writes = 0;
    return {
      read: journal.read,
      append: (records: readonly JournalRecord[]) => {
        if (writes++ >= after) throw new Error("disk full");
        return journal.append(records);
      },
    };
  };
  const run = rejectionSample({ ...base, journal: full(4), concurrency: 3 });
  const given: string[] = [];
  await assert.rejects(async () => {
    for await (const { problemId } of run) given.push(problemId);
  }, /disk full/);
  assert.ok(
    given.every((id) => ["p0", "p1"].includes(id)),
    `${given}`,
  );
});

test("a journal of another seed or temperature is refused", async () => {
  const journal = memoryJournal();
  await collect(rejectionSample({ ...base, journal }));
  await assert.rejects(
    collect(rejectionSample({ ...base, journal, seed: 8 })),
    /RangeError: Cannot resume: sample 0 of problem p0 should have seed \d+, found \d+ in the journal/,
  );
  await assert.rejects(collect(rejectionSample({ ...base, journal, temperature: 1 })), /temperature 1, found 0.7/);
});

test("problems without id are known by their content; equal ids are refused", async () => {
  const options = {
    sample: ({ slots }: { slots: readonly unknown[] }) => slots.map(() => "x"),
    verify: () => true,
    samplesPerProblem: 1,
  };
  const ids = async (problems: unknown[]) =>
    (await collect(rejectionSample({ ...options, problems }))).map(({ problemId }) => problemId);
  const [a, b, again] = await ids([{ q: "a" }, { q: "b" }, { q: "a" }]);
  assert.notEqual(a, b);
  assert.equal(again, `${a}#2`);
  assert.deepEqual(await ids([{ q: "b" }]), [b]);
  await assert.rejects(ids([{ id: 3 }, { id: "3" }]), /RangeError: Cannot sample problem 1: .* problem 0, "3"/);
  await assert.rejects(ids([undefined]), /TypeError: Cannot sample problem 0: it has no id/);
});

test("options out of range are refused before anything runs", () => {
  const refused = (options: Partial<RejectionOptions<Problem>>, message: RegExp) =>
    assert.throws(() => rejectionSample({ ...base, ...options }), message);
  refused({ samplesPerProblem: 0 }, /RangeError: .*samplesPerProblem .* at least 1, found 0/);
  refused({ concurrency: 1.5 }, /RangeError: .*concurrency .* found 1.5/);
  refused({ seed: -1 }, /RangeError: .*seed .* found -1/);
  refused({ retries: -1 }, /RangeError: .*retries .* found -1/);
  refused({ sampleTimeoutMs: Number.NaN }, /RangeError: .*sampleTimeoutMs .* found NaN/);
  refused({ temperature: [] }, /RangeError: .*temperature/);
  refused({ verify: undefined }, /TypeError: .*verify must be a function, found undefined/);
});
