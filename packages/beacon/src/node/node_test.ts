import assert from "node:assert/strict";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { beaconClient } from "../client.ts";
import { createBeacon } from "../pulse/beacon.ts";
import { operatingSystem } from "../pulse/entropy_source.ts";
import { mlDsaSigner } from "../signature/ml_dsa.ts";
import { fileStore } from "./file_store.ts";
import { serveBeacon } from "./server.ts";

const signer = mlDsaSigner(new Uint8Array(32).fill(3));
const folder = await mkdtemp(join(tmpdir(), "gradus-beacon-"));
const path = join(folder, "pulses.jsonl");

test("pulses are served, fetched and verified; the store survives a restart and a torn line", async () => {
  const beacon = createBeacon({ signer, entropy: operatingSystem(), period: 1000 });
  const store = await fileStore(path, signer.publicKey);
  for (let i = 0; i < 3; i++) await store.append(await beacon.pulse(i * 1000));

  const server = await serveBeacon(store, { port: 0 });
  try {
    const client = beaconClient(server.url, signer);
    assert.equal((await client.last()).outputValue, beacon.last?.outputValue);
    assert.equal((await client.at(2)).pulseIndex, 2);
    assert.equal((await client.since(1500)).pulseIndex, 3);
    await assert.rejects(client.at(9), /Cannot get \/pulse\/9: 404 There is no such pulse yet/);
    assert.equal((await fetch(`${server.url}/pulse/0`)).status, 404);
    assert.equal(await (await fetch(server.url, { method: "POST" })).text(), "GET only");
    const stranger = beaconClient(server.url, mlDsaSigner(new Uint8Array(32).fill(4)));
    await assert.rejects(stranger.last(), /Cannot believe \/pulse\/last: .* names the key/);
  } finally {
    await server.close();
  }

  const all = await readFile(path, "utf8");
  for (const rest of ["notes of somebody", all.slice(0, 40)]) {
    const other = join(folder, "other");
    await writeFile(other, rest === "notes of somebody" ? rest : `{"uri":1}\n${rest}`);
    const before = await readFile(other, "utf8");
    await assert.rejects(
      fileStore(other, signer.publicKey),
      /Cannot open the store .*: (its last line begins|line 1: )/,
    );
    assert.equal(await readFile(other, "utf8"), before, "what is no store is left as it is");
  }
  await appendFile(path, '{"uri":"torn');
  const again = await fileStore(path, signer.publicKey);
  assert.equal((await again.last())?.pulseIndex, 3);
  assert.ok((await readFile(path, "utf8")).endsWith("}\n"));
  const fourth = await beacon.pulse(3000);
  const twice = await Promise.allSettled([again.append(fourth), again.append(fourth)]);
  assert.equal(twice.filter(({ status }) => status === "fulfilled").length, 1);
  assert.equal((await (await fileStore(path, signer.publicKey)).last())?.pulseIndex, 4);
});

test("a client refuses a server that answers with another pulse than was asked for", async () => {
  const text = (await readFile(path, "utf8")).split("\n")[0];
  const liar = createServer((_, response) => response.end(text));
  await new Promise<void>((resolve) => liar.listen(0, "127.0.0.1", resolve));
  const client = beaconClient(`http://127.0.0.1:${(liar.address() as AddressInfo).port}/`, signer);
  await assert.rejects(client.at(2), /Cannot believe \/pulse\/2: the answer is pulse 1/);
  await assert.rejects(client.since(5000), /the answer is pulse 1/);
  liar.closeAllConnections();
  await new Promise((resolve) => liar.close(resolve));
});

test("a store whose file was edited is not opened", async (t) => {
  t.after(() => rm(folder, { recursive: true }));
  const lines = (await readFile(path, "utf8")).split("\n");
  await writeFile(path, [lines[0], lines[2], ""].join("\n"));
  await assert.rejects(
    fileStore(path, signer.publicKey),
    /Cannot open the store .*: pulse 3 comes after pulse 1: 1 skipped/,
  );
});
