/** What runs in a worker of a pool, in Node and on the web. */
import { Tokenizer } from "../tokenizer.ts";
import { type Answer, sibling, type Task } from "./protocol.ts";

interface Scope {
  postMessage(answer: Answer, transferred: Transferable[]): void;
  onmessage: ((event: { data: Task }) => void) | null;
}

/** What `node_parent.ts` exports. */
interface NodeModule {
  nodeParent(listener: (task: Task, port: Pick<Scope, "postMessage">) => void): void;
}

let tokenizer: Tokenizer | undefined;

function answer(task: Task): Answer {
  if (task.kind === "load") {
    tokenizer = Tokenizer.fromJSON(task.json);
    return { task: 0 };
  }
  try {
    return { task: task.task, batch: tokenizer!.encodeBatch(task.texts, task.options) };
  } catch (error) {
    return { task: task.task, error: (error as Error).message };
  }
}

function reply(port: Pick<Scope, "postMessage">, task: Task): void {
  const message = answer(task);
  const { batch } = message;
  port.postMessage(message, batch ? [batch.ids.buffer as ArrayBuffer, batch.offsets.buffer as ArrayBuffer] : []);
}

const scope = globalThis as unknown as Scope;
if (typeof scope.postMessage === "function") scope.onmessage = ({ data }) => reply(scope, data);
else {
  const node = (await import(sibling("node_parent", import.meta.url).href)) as NodeModule;
  node.nodeParent((task, port) => reply(port, task));
}
