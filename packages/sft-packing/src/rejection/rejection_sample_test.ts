import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "@gradus/seeds";
import fc from "fast-check";
import { type JournalRecord, memoryJournal, type SampleJournal } from "./journal.ts";
import { rejectionSample } from "./rejection_sample.ts";
import type { RejectionOptions, RejectionRun, SampledExample } from "./types.ts";

interface Problem {
  id: string;
  answer: number;
}

const problems: Problem[] = Array.from({ length: 12 }, (_, i) => ({ id: `p${i}`, answer: i }));

/** Answers that are right about half the time, in one of three ways, as the seed decides. */
function complete({ answer }: Problem, seed: number): string {
  const random = stream(seed, { purpose: "answer" });
  const way = random.integer(0, 3);
  return random.uniform() < 0.5 ? `wrong, ${answer + 1}` : `${answer} + ${way} = ${answer + way}, so ${answer}`;
}

const base: RejectionOptions<Problem> = {
  problems,
  sample: ({ problem, slots }) => slots.map(({ seed }) => complete(problem, seed)),
  verify: ({ answer }, completion) => completion.endsWith(` ${answer}`),
  samplesPerProblem: 6,
  maxPerProblem: 2,
  seed: 7,
  retryDelayMs: 0,
};

async function collect<P>(run: RejectionRun<P>): Promise<SampledExample<P>[]> {
  const examples: SampledExample<P>[] = [];
  for await (const example of run) examples.push(example);
  return examples;
}

/** Rejection sampling told plainly: all completions, those right and new, the first few (all are equally diverse here). */
function naive(samplesPerProblem: number) {
  const counts = { samples: 0, correct: 0, wrong: 0, distinct: 0 };
  const paths = new Map<string, Set<string>>();
  for (const problem of problems) {
    const mine = new Set<string>();
    for (let sample = 0; sample < samplesPerProblem; sample++) {
      const seed = stream(7, { purpose: `rejection-sampling ${problem.id}`, sample }).uint32();
      const completion = complete(problem, seed);
      counts.samples++;
      if (completion.startsWith("wrong")) counts.wrong++;
      else {
        counts.correct++;
        mine.add(completion);
      }
    }
    paths.set(problem.id, mine);
    counts.distinct += mine.size;
  }
  return { counts, paths };
}

test("accepted are correct, distinct and capped, with where they came from; the report adds up", async () => {
  const run = rejectionSample({ ...base, temperature: [0.7, 1] });
  const examples = await collect(run);
  const { report } = run;
  const { counts, paths } = naive(6);
  assert.equal(report.samples, counts.samples);
  assert.equal(report.correct, counts.correct);
  assert.equal(report.wrong, counts.wrong);
  assert.equal(report.yield, counts.correct / counts.samples);
  assert.equal(report.duplicates, counts.correct - counts.distinct);
  assert.equal(report.accepted, examples.length);
  assert.equal(report.accepted + report.surplus, counts.distinct);
  assert.equal(report.problems, problems.length);
  for (const { problemId, accepted, ...rest } of report.perProblem) {
    assert.equal(accepted, Math.min(2, paths.get(problemId)!.size));
    assert.equal(examples.filter((example) => example.problemId === problemId).length, accepted);
    assert.equal(rest.samples, rest.correct + rest.wrong + rest.unjudged);
    assert.equal(rest.correct, accepted + rest.duplicates + rest.surplus);
  }
  for (const { problem, problemId, completion, sample, seed, temperature } of examples) {
    assert.equal(problemId, problem.id);
    assert.equal(completion, complete(problem, seed), "the seed reproduces the completion");
    assert.equal(temperature, [0.7, 1][sample % 2]);
    assert.ok(paths.get(problemId)!.has(completion));
  }
  assert.ok(run.rejected.length > 0);
  for (const { completion } of run.rejected) assert.ok(completion.startsWith("wrong"));
});

test("problems that are never and always solved are named", async () => {
  const run = rejectionSample({
    ...base,
    problems: ["never", "always", "sometimes"],
    problemId: (problem) => problem,
    sample: ({ slots }) => slots.map(({ sample }) => `${sample}`),
    verify: (problem, completion) => problem === "always" || (problem === "sometimes" && completion === "1"),
  } as RejectionOptions<string>);
  await collect(run);
  assert.deepEqual(run.report.neverSolved, ["never"]);
  assert.deepEqual(run.report.alwaysSolved, ["always"]);
});

test("neither concurrency nor the order of problems changes what is accepted", async () => {
  const plain = await collect(rejectionSample(base));
  const jittered: RejectionOptions<Problem> = {
    ...base,
    concurrency: 5,
    sample: async (request) => {
      await new Promise((resolve) => setTimeout(resolve, (request.problem.answer * 7) % 5));
      return base.sample(request);
    },
  };
  assert.deepEqual(await collect(rejectionSample(jittered)), plain);
  const reversed = await collect(rejectionSample({ ...base, problems: problems.toReversed() }));
  const byPlace = (a: SampledExample<Problem>, b: SampledExample<Problem>) =>
    a.problem.answer - b.problem.answer || a.sample - b.sample;
  assert.deepEqual(reversed.sort(byPlace), plain.toSorted(byPlace));
});

test("at most `concurrency` problems are sampled at once, and progress is told problem by problem", async () => {
  let [now, most] = [0, 0];
  const done: string[] = [];
  const run = rejectionSample({
    ...base,
    concurrency: 3,
    sample: async (request) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 2));
      now--;
      return base.sample(request);
    },
    onProgress: ({ problemId, done: count, total }) => {
      assert.equal(total, 12);
      done.push(problemId);
      assert.equal(count, done.length);
    },
  });
  await collect(run);
  assert.equal(most, 3);
  assert.deepEqual(
    done,
    problems.map(({ id }) => id),
  );
});

/** Counts what a run asks for; stops the run at its `until`-th request. */
function counting(journal: SampleJournal, until = Number.POSITIVE_INFINITY) {
  const asked: string[] = [];
  const stop = new AbortController();
  const step = (what: string) => {
    asked.push(what);
    if (asked.length === until) stop.abort(new Error("stopped"));
  };
  const run = rejectionSample({
    ...base,
    journal,
    signal: stop.signal,
    sample: async (request) => {
      const completions = await base.sample(request);
      step(`sample ${request.problemId} ${request.slots.map(({ sample }) => sample)}`);
      return completions;
    },
    verify: async (problem, completion, context) => {
      const verdict = await base.verify(problem, completion, context);
      step(`verify ${problem.id}`);
      return verdict;
    },
  });
  return { run, asked };
}

test("a run stopped anywhere goes on without sampling anything again, and ends with the same examples", async () => {
  const whole = counting(memoryJournal());
  const expected = await collect(whole.run);
  const total = whole.asked.length;
  assert.equal(total, 12 + 72);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 4 }), async (stops) => {
      const journal = memoryJournal();
      for (const stop of stops) {
        const { run, asked } = counting(journal, stop);
        const given: SampledExample<Problem>[] = [];
        const left = asked.length;
        await (async () => {
          for await (const example of run) given.push(example);
        })().catch((error) => assert.equal(error.message, "stopped"));
        assert.equal(left, 0);
        assert.deepEqual(given, expected.slice(0, given.length), "what is given before the stop is right");
      }
      const inJournal = new Set<string>();
      for (const record of journal.read()) {
        const key = `${record.kind} ${record.problemId} ${record.sample}`;
        assert.ok(!inJournal.has(key), `${key} is there once`);
        inJournal.add(key);
      }
      const last = counting(journal);
      assert.deepEqual(await collect(last.run), expected);
      const { resumed, ...report } = last.run.report;
      const { resumed: none, ...expectedReport } = whole.run.report;
      assert.equal(none, 0);
      assert.deepEqual(report, expectedReport);
      assert.equal(resumed, [...inJournal].filter((key) => key.startsWith("sample")).length);
      assert.equal(last.asked.length, total - countDone(inJournal));
      // Nothing at all is left to do.
      const again = counting(journal);
      assert.deepEqual(await collect(again.run), expected);
      assert.deepEqual(again.asked, []);
    }),
    { numRuns: 40 },
  );
});

/** Requests that a journal spares: one for each problem with all its samples, one for each verdict. */
function countDone(keys: ReadonlySet<string>): number {
  const sampled = new Set([...keys].filter((key) => key.startsWith("sample")).map((key) => key.split(" ")[1]));
  return sampled.size + [...keys].filter((key) => key.startsWith("verdict")).length;
}

test("asking for more samples later keeps those there are", async () => {
  const journal = memoryJournal();
  await collect(rejectionSample({ ...base, journal, samplesPerProblem: 3 }));
  const asked: number[] = [];
  const run = rejectionSample({
    ...base,
    journal,
    sample: (request) => {
      asked.push(...request.slots.map(({ sample }) => sample));
      return base.sample(request);
    },
  });
  assert.deepEqual(await collect(run), await collect(rejectionSample(base)));
  assert.deepEqual(asked, Array(12).fill([3, 4, 5]).flat());
});

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
