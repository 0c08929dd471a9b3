/**
 * A run to be killed: `rejection_main.ts JOURNAL` prints what it samples, verifies and accepts.
 *
 * @platform node
 * @module
 */
import { openJournal } from "../node/sample_journal.ts";
import { rejectionSample } from "../rejection/rejection_sample.ts";

const journal = await openJournal(process.argv[2]);
const run = rejectionSample({
  problems: Array.from({ length: 8 }, (_, i) => ({ id: `p${i}` })),
  sample: async ({ problemId, slots }) => {
    for (const { sample } of slots) console.log(`sample ${problemId} ${sample}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    return slots.map(({ seed }) => `${seed % 3}`);
  },
  verify: (problem, completion) => {
    console.log(`verify ${problem.id} ${completion}`);
    return completion !== "0";
  },
  samplesPerProblem: 4,
  journal,
});
for await (const { problemId, sample, completion } of run) console.log(`accept ${problemId} ${sample} ${completion}`);
await journal.close();
