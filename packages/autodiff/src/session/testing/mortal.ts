/** A worker that dies in the middle of a call. */
import { serve } from "../worker.ts";

await serve({
  add: (a: number, b: number): number => a + b,
  wait: (): Promise<void> => new Promise(() => {}),
  die(): Promise<void> {
    setTimeout(() => {
      throw new RangeError("out of luck");
    });
    return new Promise(() => {});
  },
});
