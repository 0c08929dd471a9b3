/** A program for the tests: nothing but a worker's late answer keeps it alive, and then nothing at all. */
import { startWorker } from "../worker.ts";

interface Sleeper {
  late(milliseconds: number): Promise<string>;
}
const { remote } = await startWorker<Sleeper>(new URL("./sleeper.ts", import.meta.url));
console.log(await remote.late(300), await remote.late(50));
