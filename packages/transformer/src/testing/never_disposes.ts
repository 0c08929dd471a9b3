/** A program for the tests: a policy that cannot be made, then one that samples and is left alone. */
import process from "node:process";
import type { PolicyOptions } from "../policy/core.ts";
import { loadPolicy } from "../policy/policy.ts";

const checkpoint = process.argv[2];
const unsendable = { threads: () => 1 } as unknown as PolicyOptions;
await loadPolicy(checkpoint, unsendable).catch((error: Error) => console.log(error.name));
const policy = await loadPolicy(checkpoint, { threads: 1 });
const [{ tokens }] = await policy.sample([Int32Array.of(1)], { maxNewTokens: 2, seed: 1, onProgress() {} });
console.log("sampled", tokens.length);
