// `npm run test:browser`: what the portable packages compute in Chromium is what they compute in Node.
//
// Each package's built files are loaded by their names (an import map, nothing is bundled). All entries that do not need
// Node export the same names; the scenarios in browser/scenarios/ give the same results, the examples in the documentation
// run to their end. Skipped, visibly, where there is no Chromium.
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { findChromium, versionOf } from "./browser/chromium.mjs";
import { observe } from "./browser/observe.mjs";
import { snap } from "./browser/plain.mjs";
import { portableTasks, runInChromium } from "./browser/run.mjs";
import { readJson, repository } from "./lib/workspaces.mjs";
import { build } from "./setup.mjs";

const chromium = findChromium();
const skip = !chromium && "neither Chromium nor Chrome is installed (or named by GRADUS_CHROMIUM)";
if (chromium && !process.env.TURBO_HASH) build(); // turbo has built what this needs

test("turbo builds every portable package before it tests them here", () => {
  const { dependsOn } = readJson(join(repository, "turbo.json")).tasks["//#test:browser"];
  assert.deepEqual(
    dependsOn,
    portableTasks(repository).tasks.map(({ name }) => `${name}#build`),
  );
});

test("portable packages in a browser", { skip }, async (t) => {
  t.diagnostic(`${versionOf(chromium)}, Node ${process.version}`);
  const { tasks, pages } = portableTasks(repository);
  const { reports, trouble } = await runInChromium({ chromium, root: repository, tasks, pages, limit: 240_000 });

  for (const { name, entries, scenarios, examples, leftOut } of tasks)
    await t.test(name, async (t) => {
      const there = reports.get(name);
      assert.ok(there, "no answer from Chromium");
      const here = await observe({ entries, scenarios });
      for (const [specifier, names] of Object.entries(here.exports))
        await t.test(`${specifier} exports what it does in Node`, () => same(there.exports[specifier], names));
      for (const [scenario, result] of Object.entries(here.results))
        await t.test(`${scenario}: as in Node`, () => same(there.results[scenario], result, here.tolerance));
      await t.test(`${examples.length} examples in its documentation run`, () => {
        const failures = examples.filter(({ place }) => there.examples[place]?.failure !== undefined);
        assert.equal(failures.map(({ place }) => `${place}: ${there.examples[place].failure}`).join("\n"), "");
        assert.equal(Object.keys(there.examples).length, examples.length);
      });
      for (const { place, reason } of leftOut) t.diagnostic(`left out: the example at ${place} ${reason}`);
    });
  await t.test("nothing else went wrong in the page", () => assert.equal(trouble.join("\n"), ""));
});

function same(there, here, tolerance = 0) {
  if (here.failure) throw new Error(`In Node: ${here.failure}`);
  if (!there || there.failure) throw new Error(`In Chromium: ${there?.failure ?? "nothing"}`);
  assert.deepEqual(snap(there.value, here.value, tolerance), here.value);
}
