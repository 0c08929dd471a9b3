// A program in which something goes wrong that nobody waits for; the argument says what.
import { runMain } from "../cli.ts";

const [what, ...argv] = process.argv.slice(2);
await runMain(argv, async () => {
  if (what === "rejection") void Promise.reject(new RangeError("left\nalone"));
  if (what === "exception") setTimeout(() => { throw new RangeError("left\nalone"); }); // biome-ignore format: one line
  if (what === "silence") await new Promise(() => {});
  await new Promise((resolve) => setTimeout(resolve, 60_000));
});
