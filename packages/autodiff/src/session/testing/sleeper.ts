/** A worker for the tests: answers late. */
import { serve } from "../worker.ts";

await serve({
  /** Answers after some milliseconds. */
  late: (milliseconds: number): Promise<string> =>
    new Promise((resolve) => setTimeout(() => resolve("answer"), milliseconds)),
});
