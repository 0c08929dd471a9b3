import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toHex } from "../encoding.ts";
import { mlDsaSigner, type Signer } from "../signature/ml_dsa.ts";
import { memoryStore } from "../store.ts";
import { createBeacon } from "./beacon.ts";
import { type EntropySource, operatingSystem } from "./entropy_source.ts";
import { parsePulse } from "./parse.ts";
import { commitmentTo, encodePulse, outputOf, type Pulse, type PulseBody } from "./pulse.ts";
import { provesFork, verifyChain, verifyPulse, verifySuccession } from "./verify.ts";

const PERIOD = 60_000;
const START = Date.UTC(2026, 11, 31, 23, 57);
const signer = mlDsaSigner(new Uint8Array(32).fill(7));

/** Draws that a test can repeat. */
const counted = (first = 0): EntropySource => {
  let next = first;
  return {
    draw: async () => ({ kind: "counter", simulated: true, certifiedBits: 0, value: new Uint8Array(64).fill(next++) }),
  };
};

const chainOf = async (length: number, entropy = counted(), by: Signer = signer) => {
  const beacon = createBeacon({ signer: by, entropy, period: PERIOD });
  const pulses: Pulse[] = [];
  for (let i = 0; i < length; i++) pulses.push(await beacon.pulse(START + i * PERIOD));
  return { beacon, pulses };
};

/** A pulse whose operator signs whatever it says: only the rules of the chain can refuse it. */
const forge = async (pulse: Pulse, changes: Partial<PulseBody>): Promise<Pulse> => {
  const { signatureValue: _, outputValue: __, ...body } = { ...pulse, ...changes };
  return { ...body, signatureValue: toHex(await signer.sign(encodePulse(body))), outputValue: outputOf(body) };
};

const { beacon, pulses } = await chainOf(5);
const key = beacon.publicKey;

const refused = async (chain: Pulse[], code: string, reason: RegExp) => {
  const verdict = await verifyChain(chain, key);
  assert.ok(!verdict.valid, `expected ${code}`);
  assert.equal(verdict.code, code);
  assert.match(verdict.reason, reason);
};

test("an honest chain verifies, across hour, day, month and year", async () => {
  assert.deepEqual(await verifyChain(pulses, key), { valid: true });
  const [, , third, fourth, fifth] = pulses;
  assert.equal(fourth.timeStamp, "2027-01-01T00:00:00.000Z");
  for (const { type, value } of fourth.listValues) assert.equal(value, third.outputValue, type);
  assert.equal(fifth.listValues[0].value, fourth.outputValue);
  for (const { value } of fifth.listValues.slice(1)) assert.equal(value, third.outputValue);
});

test("a chain verifies from its middle on, after a pulse that is trusted", async () => {
  assert.deepEqual(await verifyChain(pulses.slice(3), key, { after: pulses[2] }), { valid: true });
  await refused(pulses.slice(3), "skipped", /a chain begins with pulse 1, found 4/);
});

test("a skipped pulse is refused", () =>
  refused([...pulses.slice(0, 2), ...pulses.slice(3)], "skipped", /pulse 4 comes after pulse 2: 1 skipped/));

test("a repeated pulse is refused", () => refused([...pulses.slice(0, 3), pulses[2]], "repeated", /pulse 3: repeated/));

test("back-dated pulses are refused, though they are signed", async () => {
  const backDated = await forge(pulses[2], { timeStamp: pulses[0].timeStamp });
  await refused([...pulses.slice(0, 2), backDated], "back-dated", /dated 2026-12-31T23:57:00.000Z, not after/);
  const uneven = await forge(pulses[2], { timeStamp: "2026-12-31T23:59:30.000Z" });
  await refused([...pulses.slice(0, 2), uneven], "time", /90000 ms after .* multiple of 60000/);
  const late = await forge(pulses[2], { timeStamp: "2027-01-01T00:00:00.000Z" });
  await refused([...pulses.slice(0, 2), late], "status", /expected status 2, found 0/);
});

test("every field that is changed without a new signature is refused", async () => {
  const [, pulse] = pulses;
  const other = "ab".repeat(64);
  const changes: Partial<Pulse>[] = [
    { uri: "urn:x" },
    { period: 1 },
    { certificateId: other },
    { chainIndex: 9 },
    { pulseIndex: 3 },
    { timeStamp: "2027-01-01T00:00:00.000Z" },
    { localRandomValue: other },
    { external: { ...pulse.external, statusCode: 0 } },
    { external: { ...pulse.external, sourceId: other } },
    { external: { ...pulse.external, value: other } },
    { listValues: pulse.listValues.slice(1) },
    { listValues: pulse.listValues.map((item) => ({ ...item, value: other })) },
    { listValues: pulse.listValues.map((item) => ({ ...item, uri: "urn:x" })) },
    { precommitmentValue: other },
    { statusCode: 2 },
    { source: { ...pulse.source, simulated: false } },
    { source: { ...pulse.source, kind: "quantum" } },
    { source: { ...pulse.source, certifiedBits: 512 } },
    { outputValue: other },
    { signatureValue: "00".repeat(3309) },
  ];
  for (const change of changes) {
    assert.ok(!(await verifyPulse({ ...pulse, ...change }, key)).valid, JSON.stringify(change).slice(0, 60));
  }
});

test("the operator cannot pick a value that suits: it was committed to a pulse before", async () => {
  const chosen = await forge(pulses[2], { localRandomValue: "ab".repeat(64) });
  await refused([...pulses.slice(0, 2), chosen], "precommitment", /does not open the commitment of pulse 2/);
});

test("the output does not depend on the signature, of which there are many", async () => {
  const [first, second] = [await forge(pulses[1], {}), await forge(pulses[1], {})];
  assert.notEqual(first.signatureValue, second.signatureValue);
  assert.equal(first.outputValue, second.outputValue);
});

test("a fork is refused, and two of its pulses prove it to anybody", async () => {
  const other = (await chainOf(4, counted(100))).pulses;
  await refused([...pulses.slice(0, 2), other[2]], "fork", /continues another pulse 2/);
  await refused([...pulses.slice(0, 2), other[1]], "fork", /two different pulses have the index 2/);
  assert.ok(await provesFork(pulses[1], other[1], key));
  assert.ok(!(await provesFork(pulses[1], pulses[1], key)));
  assert.ok(!(await provesFork(pulses[1], { ...other[1], statusCode: 2 }, key)));
});

test("another key, another chain and another period are refused", async () => {
  const stranger = mlDsaSigner(new Uint8Array(32).fill(8));
  const foreign = (await chainOf(3, counted(), stranger)).pulses;
  await refused([pulses[0], foreign[1]], "key", /names the key/);
  const otherChain = await forge(pulses[1], { chainIndex: 1 });
  await refused([pulses[0], otherChain], "chain", /of chain 1, expected chain 0/);
  await refused([pulses[0], await forge(pulses[1], { period: 30_000 })], "period", /from 60000 to 30000/);
  const unlisted = await forge(pulses[2], {
    listValues: pulses[2].listValues.map((item) => (item.type === "day" ? { ...item, value: "ab".repeat(64) } : item)),
  });
  await refused([pulses[0], pulses[1], unlisted], "list", /other earlier outputs/);
});

test("a beacon that was down says so, and goes on where it stopped", async () => {
  const { beacon: before, pulses: early } = await chainOf(2);
  assert.ok(before.last && before.pending);
  const resume = { last: before.last, pending: before.pending };
  const after = createBeacon({ signer, entropy: counted(50), period: PERIOD, resume });
  const pulse = await after.pulse(START + 10 * PERIOD);
  assert.equal(pulse.statusCode, 2);
  assert.deepEqual(await verifyChain([...early, pulse], key), { valid: true });
  assert.throws(
    () => createBeacon({ ...{ signer, entropy: counted(), period: PERIOD }, resume: { ...resume, last: pulse } }),
    /pulse 3 committed to another draw/,
  );
  await assert.rejects(after.pulse(START), /expected a time a multiple of 60000 ms after/);
});

test("pulses asked for at once are made one after the other: the operator never forks his own chain", async () => {
  const { beacon } = await chainOf(0);
  const made = [0, 1, 2, 2].map((i) => beacon.pulse(START + i * PERIOD));
  await assert.rejects(made[3], /expected a time a multiple of 60000 ms after 2026-12-31T23:59/);
  assert.deepEqual(await verifyChain(await Promise.all(made.slice(0, 3)), key), { valid: true });
});

test("a beacon refuses to go on with another period, chain or key, and times or draws that fit in no pulse", async () => {
  const { beacon } = await chainOf(1);
  assert.ok(beacon.last && beacon.pending);
  const options = {
    signer,
    entropy: counted(),
    period: PERIOD,
    resume: { last: beacon.last, pending: beacon.pending },
  };
  assert.throws(() => createBeacon({ ...options, period: 1 }), /its period was 60000, found 1/);
  assert.throws(() => createBeacon({ ...options, chainIndex: 2 }), /its chainIndex was 0, found 2/);
  const other = mlDsaSigner(new Uint8Array(32).fill(8));
  assert.throws(() => createBeacon({ ...options, signer: other }), /its certificateId was/);
  for (const time of [Number.NaN, 0.5, -1, 1e15]) {
    await assert.rejects(
      createBeacon({ signer, entropy: counted(), period: 1 }).pulse(time),
      /whole milliseconds since 1970/,
    );
  }
  const short = { draw: async () => ({ ...(await counted().draw()), value: new Uint8Array(32) }) };
  await assert.rejects(
    createBeacon({ signer, entropy: short, period: 1 }).pulse(0),
    /expected 64 bytes of the source, found 32/,
  );
});

test("a field written otherwise is refused, though the bytes that are signed are the same", async () => {
  const [, pulse] = pulses;
  const twins = [
    { statusCode: pulse.statusCode + 2 ** 32 },
    { precommitmentValue: pulse.precommitmentValue.toUpperCase() },
    { pulseIndex: "2" },
    { source: { ...pulse.source, simulated: 1 } },
    { comment: "not signed" },
  ] as Partial<Pulse>[];
  for (const twin of twins) {
    const changed = { ...pulse, ...twin };
    assert.deepEqual(encodePulse(changed), encodePulse(pulse));
    const verdict = await verifyPulse(changed, key);
    assert.ok(!verdict.valid && verdict.code === "malformed", JSON.stringify(twin));
  }
  for (const nothing of [null, undefined, "", 7, []]) {
    assert.ok(!(await verifyPulse(nothing as unknown as Pulse, key)).valid);
  }
});

test("another beacon's pulse can be mixed in, and changes the output", async () => {
  const imported = { beacon: "drand quicknet", value: new Uint8Array(32).fill(1) };
  const [plain, mixed] = await Promise.all(
    [undefined, imported].map((value) => createBeacon({ signer, entropy: counted(), period: 1 }).pulse(0, value)),
  );
  assert.notEqual(plain.outputValue, mixed.outputValue);
  assert.deepEqual([plain.external.statusCode, mixed.external.statusCode], [1, 0]);
  assert.ok((await verifyPulse(mixed, key)).valid);
});

test("the store takes the next pulse and no other", async () => {
  const store = memoryStore(key);
  for (const pulse of pulses.slice(0, 3)) await store.append(pulse);
  await assert.rejects(store.append(pulses[2]), /Cannot append pulse 3: .* repeated/);
  await assert.rejects(store.append(pulses[4]), /1 skipped/);
  const twice = await Promise.allSettled([store.append(pulses[3]), store.append(pulses[3])]);
  assert.deepEqual(
    twice.map(({ status }) => status),
    ["fulfilled", "rejected"],
  );
  assert.equal((await store.since(START + 1))?.pulseIndex, 2);
  assert.equal(await store.since(START + 4 * PERIOD), undefined);
  assert.equal((await store.at(1))?.outputValue, pulses[0].outputValue);
});

test("a pulse survives JSON, and what is not one is refused by the field's name", () => {
  const [pulse] = pulses;
  assert.deepEqual(parsePulse(JSON.stringify(pulse)), pulse);
  for (const [change, reason] of [
    [{ timeStamp: "2026-13-01T00:00:00.000Z" }, /timeStamp/],
    [{ outputValue: "00" }, /outputValue/],
    [{ comment: "x" }, /unknown field "comment"/],
    [{ constructor: "x" }, /unknown field "constructor"/],
    [{ source: { ...pulse.source, simulated: 1 } }, /simulated of source/],
    [{ external: { ...pulse.external, extra: 1 } }, /unknown field "extra" of external/],
    [{ pulseIndex: 1.5 }, /pulseIndex/],
  ] as const) {
    assert.throws(() => parsePulse({ ...pulse, ...change }), reason);
  }
  assert.throws(() => parsePulse("{"), /expected JSON/);
  assert.throws(() => parsePulse(null), /expected an object/);
});

test("hexadecimal digits survive, other text is refused", () => {
  assert.equal(toHex(fromHex("00ffA0")), "00ffa0");
  assert.throws(() => fromHex("0"), /even number/);
  assert.throws(() => fromHex("zz"), /found "zz"/);
  assert.equal(commitmentTo("").slice(0, 8), "a69f73cc"); // SHA3-512 of nothing
});

test("the operating system's draws differ", async () => {
  const source = operatingSystem();
  assert.notDeepEqual((await source.draw()).value, (await source.draw()).value);
  assert.ok(verifySuccession(undefined, pulses[0]).valid);
});
