import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, KIND, type Root, resolve } from "./address.ts";
import { stream } from "./stream.ts";

test("a million addresses open streams whose first 64 bits all differ", () => {
  const roots: Root[] = [0, 1, 2, 2n ** 64n - 1n, "0", "run"];
  const purposes = ["a", "b", "init", "sample", "step"];
  const first = new BigUint64Array(1_000_000);
  let count = 0;
  for (let i = 0; count < first.length; i++) {
    const root = roots[i % 6];
    const purpose = purposes[Math.floor(i / 6) % 5];
    const rest = Math.floor(i / 30); // small numbers in every place, as they are in use
    const address = { purpose, step: rest % 33, prompt: Math.floor(rest / 33) % 33, sample: Math.floor(rest / 1089) };
    const random = stream(root, address);
    first[count++] = (BigInt(random.uint32()) << 32n) | BigInt(random.uint32());
  }
  first.sort();
  for (let i = 1; i < first.length; i++) assert.notEqual(first[i], first[i - 1]);
});

test("each part of the address, alone, changes the stream", () => {
  const base = { purpose: "p", step: 1, prompt: 2, sample: 3 };
  const variants: [Root, Address][] = [
    [7, base],
    [8, base],
    ["7", base],
    [7 + 2 ** 32, base],
    [7, { ...base, purpose: "q" }],
    [7, { ...base, step: 2 }],
    [7, { ...base, prompt: 3 }],
    [7, { ...base, sample: 4 }],
    [7, { ...base, step: 2, prompt: 1 }],
    [7, { ...base, step: 3, sample: 1 }],
  ];
  const firsts = variants.map(([root, address]) => stream(root, address).uniform());
  assert.equal(new Set(firsts).size, variants.length);
});

test("numbers and bigints of equal value are one root, and parts left out are 0", () => {
  for (const root of [0, 1, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER]) {
    assert.deepEqual(resolve(root, { purpose: "p" }, 0), resolve(BigInt(root), { purpose: "p" }, 0));
  }
  const zeros = { purpose: "p", step: 0, prompt: 0, sample: 0 };
  assert.deepEqual(resolve(1, { purpose: "p" }, 0), resolve(1, zeros, 0));
});

test("kinds of use and kinds of root have keys of their own", () => {
  const keys = [KIND.stream, KIND.permutation].flatMap((kind) =>
    [1, "1"].map((root) => {
      const { key0, key1 } = resolve(root, { purpose: "p" }, kind);
      return `${key0} ${key1}`;
    }),
  );
  assert.equal(new Set(keys).size, 4);
});

test("the limits hold, and what lies beyond them is refused by name", () => {
  const top = 2 ** 32 - 1;
  stream(2 ** 53 - 1, { purpose: "p", step: top, prompt: top, sample: top }).uint32();
  stream(2n ** 64n - 1n, { purpose: "p" }).uint32();
  for (const part of ["step", "prompt", "sample"]) {
    for (const value of [-1, 0.5, 2 ** 32, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => stream(1, { purpose: "p", [part]: value }), {
        name: "RangeError",
        message: `Cannot resolve the address: ${part} must be an integer from 0 to 2^32 - 1, got ${value}`,
      });
    }
  }
  for (const root of [-1, 1.5, 2 ** 53, Number.NaN, -1n, 2n ** 64n]) {
    assert.throws(() => stream(root, { purpose: "p" }), { name: "RangeError", message: new RegExp(`got ${root}$`) });
  }
  assert.throws(() => stream(1, { purpose: "" }), RangeError);
  assert.throws(() => stream(1, {} as Address), { name: "TypeError", message: /purpose must be a string/ });
  assert.throws(() => stream(1, undefined as unknown as Address), { name: "TypeError", message: /purpose/ });
  assert.throws(() => stream(null as unknown as Root, { purpose: "p" }), { name: "TypeError", message: /root/ });
});
