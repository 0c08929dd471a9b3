/** A program for the tests: a call that cannot be sent, and then nothing that keeps it alive. */
import { startWorker } from "../worker.ts";

const { remote } = await startWorker<{ late(what: unknown): Promise<string> }>(
  new URL("./sleeper.ts", import.meta.url),
);
await Promise.resolve(remote.late(() => 1)).catch((error: Error) => console.log(error.name));
