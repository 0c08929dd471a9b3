// The policy in its worker: order of calls, cancelling, ending, and what the copies hold.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readSafetensors, writeSafetensors } from "../files/safetensors_file.ts";
import type { SegmentedBatch } from "../model/rows.ts";
import { batchOf, largestDifference, llama, pseudoRandom, randomTokens } from "../testing/models.ts";
import { createPolicy, loadPolicy, type TransformerPolicy } from "./policy.ts";

const random = pseudoRandom(7);
const batch = batchOf([5, 33, 12].map((length) => randomTokens(length, llama, random)));
const coefficients = Float32Array.from(batch.tokens, () => random() - 0.5);
const prompts = [Int32Array.of(1, 2, 3), Int32Array.of(4)];

/** Runs a test with a policy that is disposed of afterwards, whatever happens. */
async function withPolicy<T>(made: Promise<TransformerPolicy>, use: (policy: TransformerPolicy) => Promise<T>) {
  const policy = await made;
  try {
    return await use(policy);
  } finally {
    await policy.dispose();
  }
}

async function train(policy: TransformerPolicy, steps: number, on: SegmentedBatch = batch, by = coefficients) {
  for (let i = 0; i < steps; i++) {
    await policy.backward(on, by);
    await policy.step({ learningRate: 0.01, weightDecay: 0.1 });
  }
}

test("a restored state goes on bit for bit; decoder and gradient of before are forgotten", async () => {
  const [half, whole] = await withPolicy(createPolicy(llama, { seed: 1, threads: 2 }), async (policy) => {
    await train(policy, 2);
    const state = await policy.state();
    await train(policy, 3); // what was given out is a copy
    return [state, await policy.state()];
  });
  assert.equal(half.steps, 2);
  await withPolicy(createPolicy(llama, { seed: 99, threads: 2 }), async (policy) => {
    await policy.sample(prompts, { maxNewTokens: 2, seed: 1 }); // compiles the old weights into the decoder
    await policy.backward(batch, coefficients); // a gradient that must not stay
    await policy.restore(half);
    await train(policy, 3);
    assert.deepEqual(await policy.state(), whole);
  });
});

test("sampling follows the weights through steps and restores", async () => {
  const request = { maxNewTokens: 8, seed: 1 };
  await withPolicy(createPolicy(llama, { seed: 1, threads: 1 }), async (policy) => {
    const before = await policy.sample(prompts, request);
    const state = await policy.state();
    await train(policy, 5);
    const [after] = await policy.sample(prompts, request);
    assert.ok(largestDifference(after.logProbs.subarray(0, 1), before[0].logProbs.subarray(0, 1)) > 1e-3);
    await policy.restore(state);
    assert.deepEqual(await policy.sample(prompts, request), before);
  });
});

test("two runs from one seed are equal bit for bit, with two threads and thousands of equal tokens", async () => {
  const config = { ...llama, hiddenSize: 64, layers: 1 };
  const repeated = batchOf(
    Array.from({ length: 64 }, (_, s) => Array.from({ length: 128 }, (_, t) => 3 + ((s + t) % 2))),
  );
  const by = Float32Array.from(repeated.tokens, (_, i) => Math.sin(i));
  const run = () =>
    withPolicy(createPolicy(config, { seed: 5, threads: 2, maxTokens: 8192 }), async (policy) => {
      await train(policy, 3, repeated, by);
      return await policy.state();
    });
  assert.deepEqual(await run(), await run());
});

test("calls made at the same time give what they give one after the other", async () => {
  const first = { maxNewTokens: 12, samplesPerPrompt: 3, seed: 1 };
  const second = { maxNewTokens: 7, samplesPerPrompt: 2, seed: 2, temperature: 0.5 };
  await withPolicy(createPolicy(llama, { seed: 1, threads: 1 }), async (policy) => {
    const inTurn = [
      await policy.sample(prompts, first),
      await policy.logProbs(batch),
      await policy.sample(prompts, second),
    ];
    const atOnce = await Promise.all([
      policy.sample(prompts, first),
      policy.logProbs(batch),
      policy.sample(prompts, second),
    ]);
    assert.deepEqual(atOnce, inTurn);
    // A call that fails does not hold up the next one.
    const failing = policy.sample(prompts, { ...first, topP: 2 });
    const next = policy.sample(prompts, second);
    await assert.rejects(failing, /topP/);
    assert.deepEqual(await next, inTurn[2]);
  });
});

test("a policy that was cancelled samples as before", async () => {
  await withPolicy(createPolicy(llama, { seed: 1, threads: 1 }), async (policy) => {
    const expected = await policy.sample(prompts, { maxNewTokens: 5, seed: 1 });
    const controller = new AbortController();
    const reason = new Error("enough");
    const sampling = policy.sample(prompts, {
      samplesPerPrompt: 512,
      maxRows: 8,
      maxNewTokens: 150,
      seed: 1,
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await assert.rejects(sampling, (error) => error === reason);
    assert.deepEqual(await policy.sample(prompts, { maxNewTokens: 5, seed: 1 }), expected);
  });
});

test("aborting a call that waits ends that call and leaves the running one and the next ones alone", async () => {
  await withPolicy(createPolicy(llama, { seed: 1, threads: 1 }), async (policy) => {
    const request = { samplesPerPrompt: 16, maxNewTokens: 150, maxRows: 8, seed: 1 };
    const expected = await policy.sample(prompts, request);
    const { logProbs } = await policy.logProbs(batch);
    const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
    let over = false;
    const onProgress = () => {
      second.abort(new Error("no longer wanted"));
      third.abort();
    };
    const running = policy.sample(prompts, { ...request, signal: first.signal, onProgress }).finally(() => {
      over = true;
    });
    const sampling = policy.sample(prompts, { ...request, signal: second.signal });
    const scoring = policy.logProbs(batch, { signal: third.signal });
    const next = policy.logProbs(batch);
    await assert.rejects(sampling, { message: "no longer wanted" });
    await assert.rejects(scoring, { name: "AbortError" });
    assert.equal(over, false, "what waits ends before its turn comes");
    assert.deepEqual(await running, expected);
    assert.deepEqual((await next).logProbs, logProbs);
    first.abort(); // too late: nothing happens
    assert.deepEqual((await policy.logProbs(batch)).logProbs, logProbs);
    await assert.rejects(policy.logProbs(batch, { signal: first.signal }), { name: "AbortError" });
  });
});

test("aborting scores stops between two runs", async () => {
  await withPolicy(createPolicy(llama, { seed: 1, threads: 1, maxTokens: 40 }), async (policy) => {
    const long = batchOf(Array.from({ length: 4000 }, () => randomTokens(33, llama, random)));
    const controller = new AbortController();
    const scoring = policy.logProbs(long, { signal: controller.signal });
    await sleep(100);
    controller.abort(new RangeError("enough"));
    await assert.rejects(scoring, { name: "RangeError", message: "enough" });
  });
});

test("what a disposed policy was doing or is asked to do rejects, and says why", async () => {
  const policy = await createPolicy(llama, { seed: 1, threads: 1 });
  const disposed = { name: "TypeError", message: "Cannot use the policy: it has been disposed of" };
  const running = policy.sample(prompts, { samplesPerPrompt: 512, maxRows: 8, maxNewTokens: 150, seed: 1 });
  const waiting = policy.backward(batch, coefficients);
  const disposing = policy.dispose();
  for (const call of [running, waiting]) await assert.rejects(call, disposed);
  await disposing;
  const { signal } = new AbortController();
  const calls = [
    policy.sample(prompts, { maxNewTokens: 1, seed: 1, signal, onProgress() {} }),
    policy.logProbs(batch),
    policy.step({ learningRate: 0.1 }),
    policy.state(),
    policy.save("nowhere"),
    policy.exportOnnx("nowhere"),
  ];
  for (const call of calls) await assert.rejects(call, disposed);
});

/** Threads of this process, where the system tells. */
const threadCount = (): number => readdirSync("/proc/self/task").length;

test("a policy that cannot be made leaves no worker behind", { skip: !existsSync("/proc/self/task") }, async () => {
  const make = (seed: number) => createPolicy(llama, { seed, threads: 1 });
  const failing = () => assert.rejects(make(Number.NaN), /NaN/);
  await failing();
  const before = threadCount();
  for (let i = 0; i < 4; i++) await failing();
  assert.ok(threadCount() <= before + 1, `${threadCount()} threads, before ${before}`);
});

test("a program whose policy cannot be loaded ends by itself, and so does one that only sampled", async () => {
  const directory = await mkdtemp(join(tmpdir(), "gradus-policy-"));
  try {
    const checkpoint = join(directory, "checkpoint");
    await withPolicy(createPolicy(llama, { seed: 1, threads: 1 }), (policy) => policy.save(checkpoint));
    const program = fileURLToPath(new URL("../testing/never_disposes.ts", import.meta.url));
    const loader = new URL("../../../../tools/lib/typescript.mjs", import.meta.url).href;
    const runtime = "Deno" in globalThis ? ["run", "--no-check", "--allow-all"] : ["--import", loader];
    const { stdout, stderr, error } = spawnSync(process.execPath, [...runtime, program, checkpoint], {
      encoding: "utf8",
      timeout: 60_000,
    });
    assert.equal(error, undefined, stderr);
    assert.equal(stdout, "DataCloneError\nsampled 2\n");
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("NaN in a file of weights is one error that says where", async () => {
  const parent = await mkdtemp(join(tmpdir(), "gradus-policy-"));
  try {
    const directory = join(parent, "checkpoint");
    await withPolicy(createPolicy(llama, { seed: 1, threads: 1 }), (policy) => policy.save(directory));
    const file = join(directory, "model.safetensors");
    const { tensors, metadata } = await readSafetensors(file);
    (tensors["model.norm.weight"].data as Float32Array)[3] = Number.NaN;
    await writeSafetensors(file, tensors, metadata);
    await assert.rejects(loadPolicy(directory), {
      name: "RangeError",
      message: `Cannot read ${file}: model.norm.weight[3] is NaN`,
    });
  } finally {
    await rm(parent, { recursive: true });
  }
});

test("disposing ends the worker in the middle of its work", async () => {
  const policy = await createPolicy(llama, { seed: 1, threads: 1 });
  let reports = 0;
  await new Promise<void>((resolve) => {
    const onProgress = () => {
      reports++;
      resolve();
    };
    const request = { samplesPerPrompt: 512, maxRows: 8, maxNewTokens: 150, seed: 1, onProgress };
    policy.sample(prompts, request).catch(() => {});
  });
  await policy.dispose();
  await sleep(50); // what was sent before
  const before = reports;
  await sleep(400); // reports come every 100 ms
  assert.equal(reports, before);
  await policy.dispose(); // once more does no harm
});
