import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "@gradus/seeds";
import fc from "fast-check";
import { base, collect, complete, type Problem, problems } from "../testing/rejection_problems.ts";
import { memoryJournal, type SampleJournal } from "./journal.ts";
import { rejectionSample } from "./rejection_sample.ts";
import type { RejectionOptions, SampledExample } from "./types.ts";

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
