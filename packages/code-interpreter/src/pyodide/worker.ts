/** A worker with one Python in it. */
import { type Engine, startEngine } from "./engine.ts";
import { type Answer, sibling, type Task } from "./protocol.ts";

/** What `node_parent.ts` exports; loaded by its address, so that no bundler for browsers follows it. */
interface NodeModule {
  nodeParent(listener: (task: Task) => void): (answer: Answer) => void;
}

/** A dedicated worker's global, of which the types of a window know nothing. */
interface WorkerScope {
  onmessage: ((event: { data: Task }) => void) | null;
  postMessage(message: Answer): void;
}

const early: Task[] = [];
let engine: Engine | undefined;
let answer: ((answer: Answer) => void) | undefined;

async function handle(task: Task): Promise<void> {
  if (!answer) {
    early.push(task);
    return;
  }
  if (task.kind === "start") {
    try {
      engine = await startEngine(task.options);
      const { imageBytes, compiled } = engine;
      answer({ kind: "ready", imageBytes, compiled });
    } catch (error) {
      answer({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    }
    return;
  }
  answer({ kind: "result", result: engine!.run(task.program, task.timeLimitMs) });
  engine!.reset(); // the next program's message is read after it
}

const listener = (task: Task): void => void handle(task);
if ("WorkerGlobalScope" in globalThis) {
  const scope = globalThis as unknown as WorkerScope;
  scope.onmessage = ({ data }) => listener(data);
  answer = (message) => scope.postMessage(message);
} else {
  const { nodeParent } = (await import(sibling("node_parent", import.meta.url).href)) as NodeModule;
  answer = nodeParent(listener);
}
for (const task of early.splice(0)) listener(task);
