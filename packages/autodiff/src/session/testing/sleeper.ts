/** A worker for the tests: answers late. */
import { serve } from "../worker.ts";

await serve({
  /** Answers after some milliseconds. */
  late: (milliseconds: number): Promise<string> =>
    new Promise((resolve) => setTimeout(() => resolve("answer"), milliseconds)),
  /** Reports three times. */
  async count(report: (i: number) => void): Promise<string> {
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      report(i);
    }
    return "done";
  },
  /** Reports many times at once, and has nothing else to do. */
  flood(count: number, report: (i: number) => void): void {
    for (let i = 0; i < count; i++) report(i);
  },
});
