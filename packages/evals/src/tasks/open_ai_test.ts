import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { openAiSampler } from "./open_ai.ts";
import type { SamplerOptions } from "./sampler.ts";

const settings: SamplerOptions = {
  samples: 2,
  temperature: 0.5,
  topP: 0.9,
  maxNewTokens: 32,
  stop: ["END"],
  seeds: [7, 8],
};

type Handler = (body: Record<string, unknown>, request: IncomingMessage, response: ServerResponse) => unknown;

/** A server that speaks the protocol; `handle` gives the answer's JSON, or writes the response itself. */
async function serving(handle: Handler, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const answer = handle(JSON.parse(text), request, response);
    if (answer !== undefined) response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

test("texts go to completions and chats to chat/completions, with every setting", async () => {
  const seen: [string | undefined, string | undefined, Record<string, unknown>][] = [];
  await serving(
    (body, { url, headers }) => {
      seen.push([url, headers.authorization, body]);
      const say = (i: number): object =>
        "messages" in body ? { message: { content: `c${i} END of it` } } : { text: `t${i}` };
      return { choices: [say(0), say(1)] };
    },
    async (url) => {
      const sample = openAiSampler({ url: `${url}/`, model: "m", apiKey: "k", concurrency: 1, body: { top_k: 5 } });
      const answers = await sample(["1 + 1 =", [{ role: "user", content: "2 + 3?" }]], settings);
      assert.deepEqual(answers, [
        ["t0", "t1"],
        ["c0 ", "c1 "],
      ]);
    },
  );
  const common = { model: "m", n: 2, temperature: 0.5, top_p: 0.9, max_tokens: 32, stop: ["END"], top_k: 5 };
  assert.deepEqual(seen, [
    ["/v1/completions", "Bearer k", { ...common, prompt: "1 + 1 =", seed: 7 }],
    ["/v1/chat/completions", "Bearer k", { ...common, messages: [{ role: "user", content: "2 + 3?" }], seed: 8 }],
  ]);
});

test("a server that gives one answer at a time is asked again, with another seed", async () => {
  const seeds: unknown[] = [];
  await serving(
    ({ seed }) => {
      seeds.push(seed);
      return { choices: [{ text: `from ${seed}` }] };
    },
    async (url) => {
      const answers = await openAiSampler({ url, model: "m" })(["p"], { ...settings, samples: 3 });
      assert.deepEqual(answers, [["from 7", "from 8", "from 9"]]);
    },
  );
  assert.deepEqual(seeds, [7, 8, 9]);
});

test("busy and broken servers are asked again; a refusal ends it at once with what was said", async () => {
  let calls = 0;
  await serving(
    (_, __, response) => {
      calls++;
      if (calls === 1) response.writeHead(429, { "retry-after": "0" }).end("slow down");
      else if (calls === 2) response.socket?.destroy();
      else if (calls === 3) response.writeHead(503).end("starting");
      else return { choices: [{ text: "a" }, { text: "b" }] };
    },
    async (url) => {
      const sample = openAiSampler({ url, model: "m", retryDelayMs: 1 });
      assert.deepEqual(await sample(["p"], settings), [["a", "b"]]);
    },
  );
  assert.equal(calls, 4);

  calls = 0;
  await serving(
    (_, __, response) => {
      calls++;
      response.writeHead(404).end("no such model");
    },
    async (url) => {
      const sample = openAiSampler({ url, model: "m", retryDelayMs: 1 });
      await assert.rejects(async () => sample(["p"], settings), /completions: it answered 404: no such model/);
    },
  );
  assert.equal(calls, 1);

  await serving(
    (_, __, response) => void response.writeHead(500).end("broken"),
    async (url) => {
      const sample = openAiSampler({ url, model: "m", retries: 2, retryDelayMs: 1 });
      await assert.rejects(async () => sample(["p"], settings), /in 3 attempts: it answered 500: broken/);
    },
  );
});

test("an answer of another form, no server and wrong options are errors that say so", async () => {
  await serving(
    () => ({ error: "none" }),
    async (url) => {
      await assert.rejects(
        async () => openAiSampler({ url, model: "m" })(["p"], settings),
        /expected JSON with choices, found \{"error":"none"\}/,
      );
    },
  );
  await assert.rejects(
    async () => openAiSampler({ url: "http://127.0.0.1:9/v1", model: "m", retries: 0 })(["p"], settings),
    /Cannot sample from http:\/\/127.0.0.1:9\/v1\/completions in 1 attempts/,
  );
  assert.throws(() => openAiSampler({ url: "localhost", model: "m" }), /url must begin with http/);
  assert.throws(() => openAiSampler({ url: "http://x", model: "" }), /model must be the name of a model/);
  assert.throws(() => openAiSampler({ url: "http://x", model: "m", concurrency: 0 }), /concurrency must be a positive/);
});

test("no more requests are under way than allowed, and an abort ends them all", async () => {
  let now = 0;
  let most = 0;
  await serving(
    (_, __, response) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        response.end(JSON.stringify({ choices: [{ text: "a" }, { text: "b" }] }));
      }, 20);
    },
    async (url) => {
      const prompts = Array.from({ length: 9 }, (_, i) => `p${i}`);
      const sample = openAiSampler({ url, model: "m", concurrency: 3 });
      const answers = await sample(prompts, { ...settings, seeds: prompts.map((_, i) => i) });
      assert.equal(answers.length, 9);
    },
  );
  assert.equal(most, 3);

  await serving(
    () => undefined, // never answers
    async (url) => {
      const stop = new AbortController();
      const pending = openAiSampler({ url, model: "m" })(["p"], { ...settings, signal: stop.signal });
      setTimeout(() => stop.abort(new Error("enough")), 30);
      await assert.rejects(async () => pending, /enough/);
    },
  );
});
