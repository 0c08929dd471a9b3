import assert from "node:assert/strict";
import { test } from "node:test";
import { stream } from "@gradus/seeds";
import fc from "fast-check";
import { arrives, continuations, exhaustive, sampleWalks, type Walk } from "../testing/walk.ts";
import { outcomeLabels } from "./outcome_labels.ts";
import { joinPieces, splitSteps, stepEnds } from "./split_steps.ts";
import { type StepLabelOptions, stepLabels, stepLabelsOf } from "./step_labels.ts";

const walk: Walk = { length: 6, goal: 4, up: 0.5 };
const stepsOf = (text: string) => [...text];
const sampled = (toy: Walk): Pick<StepLabelOptions<string>, "complete" | "verify"> => ({
  complete: (requests) => requests.map(({ prefix, count, seed }) => sampleWalks(toy, prefix, count, seed)),
  verify: (_, solution) => arrives(toy, solution),
});

test("steps are lines, end to end they give the text back, and none is blank", () => {
  const text = fc.array(fc.constantFrom("a", " ", "\n", "b", "\n\n"), { maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, (solution) => {
      const steps = splitSteps(solution);
      assert.equal(steps.join(""), solution);
      if (solution.trim() !== "") for (const step of steps) assert.notEqual(step.trim(), "");
      const lines = solution.split("\n").filter((line) => line.trim() !== "");
      assert.equal(steps.length, lines.length || Number(solution !== ""));
    }),
  );
  assert.deepEqual(splitSteps("\n a\n \nb"), ["\n a\n \n", "b"]);
  assert.deepEqual(splitSteps("a; b;;c", { separator: ";" }), ["a;", " b;;", "c"]);
});

test("token steps end at separators, and split as the text of the same letters does", () => {
  const tokens = fc.array(fc.constantFrom(7, 8, 0), { maxLength: 12 });
  fc.assert(
    fc.property(tokens, (ids) => {
      const steps = splitSteps(Int32Array.from(ids), { separator: 0 });
      assert.deepEqual(joinPieces(steps), Int32Array.from(ids));
      const text = ids.map((id) => (id === 0 ? "\n" : String(id))).join("");
      assert.deepEqual(
        steps.map(({ length }) => length),
        splitSteps(text).map(({ length }) => length),
      );
      assert.deepEqual(stepEnds(steps), stepEnds(splitSteps(text)));
    }),
  );
  assert.throws(() => splitSteps(Int32Array.of(1)), /TypeError: .*separator must be the ids that end a step/);
  assert.throws(() => splitSteps("a", { separator: "" }), /TypeError: .*separator must be a string that is not empty/);
  assert.throws(() => splitSteps([1] as unknown as string), /TypeError: .*expected a string or an Int32Array/);
});

test("labels equal the exhaustive computation where every continuation is sampled once", async () => {
  // All prefixes of one length have as many continuations, equally likely, so the samples are the distribution.
  for (const text of ["101110", "000000", "111111", "011011"]) {
    for (let split = 1; split < walk.length; split++) {
      const all = continuations(walk, text.slice(0, split));
      const common = {
        ...sampled(walk),
        solution: { problem: "walk", steps: [text.slice(0, split), text.slice(split)] },
        complete: () => [all.map((each) => each.walk)],
        completionsPerPrefix: all.length,
      };
      const truth = exhaustive(walk, text.slice(0, split));
      const soft = await stepLabels({ ...common, estimate: "soft" });
      assert.ok(Math.abs(soft.labels[0] - truth) < 1e-12);
      const hard = await stepLabels({ ...common, estimate: "hard" });
      assert.equal(hard.labels[0], Number(truth > 0));
      assert.deepEqual([hard.labels[1], hard.correct], [Number(arrives(walk, text)), arrives(walk, text)]);
    }
  }
});

test("sampled soft labels lie around the known probabilities, hard ones are right unless luck is bad", async () => {
  const toy: Walk = { length: 7, goal: 4, up: 0.6 };
  const [N, count] = [400, 30];
  const solutions = Array.from({ length: count }, (_, i) => ({
    problem: "walk",
    steps: stepsOf(sampleWalks(toy, "", 1, i)[0]),
  }));
  const { solutions: labelled } = await stepLabelsOf({
    ...{ ...sampled(toy), solutions, completionsPerPrefix: N, estimate: "soft", seed: 3 },
  });
  labelled.forEach(({ labels }, i) => {
    labels.forEach((label, j) => {
      const truth = exhaustive(toy, solutions[i].steps.slice(0, j + 1).join(""));
      assert.ok(Math.abs(label - truth) <= 5 * Math.sqrt((truth * (1 - truth)) / N), `${label}, truth ${truth}`);
    });
  });
});

test("with N = 8, hard and soft labels agree with exhaustive truth for more than 85% of steps", async () => {
  // As in mathematics: one step down and the goal is out of reach. (Soft labels of a walk that stays near 1/2 agree less:
  // eight samples cannot tell 0.4 from 0.6.)
  const toy: Walk = { length: 8, goal: 8, up: 0.85 };
  const solutions = Array.from({ length: 200 }, (_, i) => ({
    problem: `walk ${i}`,
    steps: stepsOf(sampleWalks(toy, "", 1, i)[0]),
  }));
  for (const estimate of ["hard", "soft"] as const) {
    const { solutions: labelled } = await stepLabelsOf({ ...sampled(toy), solutions, estimate });
    let [agree, steps] = [0, 0];
    labelled.forEach(({ labels }, i) => {
      labels.forEach((label, j) => {
        const truth = exhaustive(toy, solutions[i].steps.slice(0, j + 1).join(""));
        steps++;
        agree += Number(estimate === "hard" ? label === Number(truth > 0) : label >= 0.5 === truth >= 0.5);
      });
    });
    assert.ok(agree / steps >= 0.85, `${estimate}: ${agree} of ${steps}`);
  }
});

test("a shared prefix is completed once, with a seed that other solutions do not change", async () => {
  const requested: { problem: string; prefix: string; seed: number }[] = [];
  const complete: StepLabelOptions<string>["complete"] = (requests) => {
    requested.push(...requests);
    return requests.map(({ prefix, count, seed }) => sampleWalks(walk, prefix, count, seed));
  };
  const solutions = ["110100", "110011", "111000"].map((text) => ({ problem: "a", steps: stepsOf(text) }));
  const other = { problem: "b", steps: stepsOf("110100") };
  const together = await stepLabelsOf({ ...sampled(walk), complete, solutions: [...solutions, other], seed: 1 });
  const keys = requested.map(({ problem, prefix }) => `${problem} ${prefix}`);
  assert.equal(new Set(keys).size, keys.length);
  assert.deepEqual([together.prefixes, together.prefixesBeforeSharing, together.completions], [15, 20, 120]);
  assert.equal(new Set(requested.map(({ seed }) => seed)).size, 15);

  for (const [i, solution] of [...solutions, other].entries()) {
    const alone = await stepLabels({ ...sampled(walk), solution, seed: 1 });
    assert.deepEqual(alone, together.solutions[i]);
  }
  const inParts = await stepLabelsOf({
    ...sampled(walk),
    solutions: [...solutions, other],
    seed: 1,
    prefixesPerCall: 3,
  });
  assert.deepEqual(inParts, together);
  const otherwise = await stepLabelsOf({ ...sampled(walk), solutions, seed: 2 });
  assert.notDeepEqual(
    otherwise.solutions.map(({ successes }) => successes),
    together.solutions.slice(0, 3).map(({ successes }) => successes),
  );
});

test("token solutions are labelled as text is", async () => {
  const random = stream(1, { purpose: "labels test" });
  const steps = Array.from({ length: 5 }, () => Int32Array.of(random.integer(0, 2)));
  const found = await stepLabels({
    solution: { problem: "sum", steps },
    complete: (requests) =>
      requests.map(({ prefix, count }) => Array.from({ length: count }, () => new Int32Array(5 - prefix.length))),
    verify: (_, tokens) => tokens.reduce((a, b) => a + b, 0) === 0,
  });
  let sum = 0;
  assert.deepEqual(
    [...found.labels],
    steps.map(([token]) => {
      sum += token;
      return Number(sum === 0);
    }),
  );
});

test("a solution without steps has no labels; an empty step repeats its prefix", async () => {
  const report = await stepLabelsOf({
    ...sampled(walk),
    solutions: [
      { problem: "walk", steps: [] },
      { problem: "walk", steps: ["1", "", "10110"] },
    ],
  });
  assert.deepEqual([report.solutions[0].labels.length, report.solutions[0].correct], [0, false]);
  assert.equal(report.solutions[1].labels[0], report.solutions[1].labels[1]);
  assert.deepEqual([report.prefixes, report.prefixesBeforeSharing], [1, 2]);
});

test("outcomes: labels, solutions that cannot be judged, and which problems can teach pairs", async () => {
  const solutions = ["a1", "a0", "b1", "c0", "c?", "d?"];
  const found = await outcomeLabels({
    solutions,
    verify: async (solution) => (solution[1] === "?" ? null : solution[1] === "1"),
    problemOf: (solution) => solution[0],
  });
  assert.deepEqual([...found.labels], [1, 0, 1, 0, 0, 0]);
  assert.deepEqual(found.unknown, [4, 5]);
  assert.deepEqual([found.right, found.mixed, found.allRight, found.allWrong], [0.5, 1, 1, 1]);
  const none = await outcomeLabels({ solutions: [], verify: () => true });
  assert.deepEqual([none.right, none.mixed], [0, 0]);
});

test("errors name the argument, what was expected and what was found", async () => {
  const solution = { problem: "walk", steps: stepsOf("101010") };
  const refused: [() => Promise<unknown>, RegExp][] = [
    [() => stepLabels({ ...sampled(walk), solution, completionsPerPrefix: 0 }), /completionsPerPrefix .* found 0/],
    [() => stepLabels({ ...sampled(walk), solution, estimate: "mean" as "hard" }), /estimate must be one of/],
    [
      () => stepLabels({ ...sampled(walk), solution, complete: () => [] }),
      /complete returned must have 5 entries, found 0/,
    ],
    [
      () => stepLabels({ ...sampled(walk), solution, complete: (all) => all.map(() => ["1"]) }),
      /completions of request 0 must have 8 entries, found 1/,
    ],
    [
      () => stepLabels({ ...sampled(walk), solution, verify: () => "yes" as never }),
      /a verdict must be .* found "yes"/,
    ],
    [
      () => stepLabels({ ...sampled(walk), solution: { steps: [] } as never }),
      /solutions\[0\].problem must be a string/,
    ],
    [
      () => outcomeLabels({ solutions: [1], verify: () => 2 }),
      /the verdict of solution 0 must be from 0 to 1, found 2/,
    ],
    [() => outcomeLabels({ solutions: [1] } as never), /verify must be a function, found undefined/],
  ];
  for (const [call, message] of refused) await assert.rejects(call, { message });
});
