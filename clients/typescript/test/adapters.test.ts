// Adapters: they are there again after a lost connection, or the program hears why not; what is none is refused.
import assert from "node:assert/strict";
import { test } from "node:test";

import { AdapterError, type Client, Dict, List, Segments } from "../src/index.js";
import { eventually, Server } from "../testing/server.js";

const server = await Server.start();

/** Ends the client's connection as the network does; it comes back once `meanwhile` is over. */
async function cut(client: Client, meanwhile: () => Promise<unknown>): Promise<void> {
  const id = Number(await client.command(["CLIENT", "ID"]));
  let back = false;
  client.on("connect", () => (back = true));
  await server.client().command(["CLIENT", "KILL", "ID", id]);
  await meanwhile();
  await eventually(() => back);
}

test("an adapter is there again, also where others opened its key while its program was away", async () => {
  const owner = server.client({ backoff: { first: 300, most: 300 }, random: () => 1 });
  const errors: unknown[] = [];
  owner.on("error", (error) => errors.push(error));
  await owner.registerAdapter("frames", [1, 2]);
  const viewer = server.client();
  await cut(owner, async () => assert.equal(await new List({ client: viewer, key: "frames" }).length(), 0));
  await owner.connect();
  assert.deepEqual(await new List({ client: viewer, key: "frames" }).toObject(), [1, 2]);
  await owner.registerAdapter("frames", [3]);
  assert.deepEqual([await new List({ client: viewer, key: "frames" }).toObject(), errors], [[3], []]);
});

test("an adapter whose key somebody took meanwhile is reported, and registered again by hand", async () => {
  const owner = server.client({ backoff: { first: 200, most: 200 }, random: () => 1 });
  const rival = server.client();
  const errors: unknown[] = [];
  owner.on("error", (error) => errors.push(error));
  await owner.registerAdapter("live", [1, 2]);
  await cut(owner, () =>
    rival.registerAdapter("live", [9]).then(() => new List({ client: rival, key: "live" }).length()),
  );
  await eventually(() => errors.length === 1);
  const [error] = errors;
  assert.ok(error instanceof AdapterError);
  assert.match(
    error.message,
    /^Key znsocket.List:live already exists in storage, .*; this adapter is not there again since/,
  );
  await assert.rejects(owner.registerAdapter("live", [1, 2]), AdapterError);
  rival.close();
  const viewer = server.client();
  await eventually(() =>
    owner.registerAdapter("live", [1, 2]).then(
      () => true,
      () => false,
    ),
  );
  assert.deepEqual(await new List({ client: viewer, key: "live" }).toObject(), [1, 2]);
});

test("a fallback reads through another program's adapter, whose owner writes the copy before the first write", async () => {
  const owner = server.client();
  const client = server.client();
  const numbers = [1, 2, 3];
  await owner.registerAdapter("numbers", numbers);
  await owner.registerAdapter("info", { a: 1, b: null });
  const list = new List<number>({ client, key: "own", fallback: "numbers", fallbackPolicy: "frozen" });
  const chained = new List<number>({ client: server.client(), key: "chained", fallback: "own" });
  assert.deepEqual([await list.length(), await list.get(-1), await list.get(9)], [3, 3, null]);
  assert.deepEqual(
    [await list.slice(null, null, -2), await chained.toObject()],
    [
      [3, 1],
      [1, 2, 3],
    ],
  );
  numbers.push(4);
  assert.deepEqual(await list.toObject(), [1, 2, 3, 4], "what it holds now");
  assert.deepEqual(await (await list.copy("copy")).toObject(), [1, 2, 3, 4]);
  assert.equal(await list.push(5), 5);
  numbers.push(6);
  assert.deepEqual(await list.toObject(), [1, 2, 3, 4, 5]);
  assert.deepEqual(await chained.toObject(), [1, 2, 3, 4, 5]);
  await assert.rejects(new List<number>({ client, key: "numbers" }).push(7), { code: "FROZEN" });

  const dict = new Dict<number | null>({ client, key: "mine", fallback: "info" });
  assert.deepEqual(
    [await dict.entries(), await dict.get("c"), await dict.has("b")],
    [Object.entries({ a: 1, b: null }), null, true],
  );
  await dict.set("a", 2);
  assert.deepEqual(await dict.toObject(), { a: 2, b: null });

  const copied = new List<number>({ client, key: "kept", fallback: "numbers", fallbackPolicy: "copy" });
  assert.deepEqual(await copied.toObject(), [1, 2, 3, 4, 6]);
  numbers.length = 0;
  assert.deepEqual(await copied.toObject(), [1, 2, 3, 4, 6]);
  const again = new List<number>({ client, key: "kept", fallback: "numbers", fallbackPolicy: "copy" });
  assert.deepEqual(await again.toObject(), [1, 2, 3, 4, 6]);
  const empty = new List<number>({ client, key: "empty", fallback: "numbers" });
  assert.deepEqual([await empty.length(), await empty.push(1), await empty.toObject()], [0, 1, [1]]);

  const orphan = new List<number>({ client, key: "orphan", fallback: "numbers" });
  await orphan.length();
  owner.close();
  await assert.rejects(orphan.push(1), AdapterError);
});

test("segments of an adapter's object are refused, and leave nothing", async () => {
  const owner = server.client();
  const client = server.client();
  await owner.registerAdapter("rows", [1, 2]);
  const frozen = new List<number>({ client, key: "behind", fallback: "rows" });
  for (const origin of ["rows", frozen]) {
    const segments = new Segments<number>({ client, key: "s", origin });
    await assert.rejects(segments.toObject(), {
      code: "KEY",
      message: /'znsocket.List:rows', and nothing is stored of it; copy/,
    });
    await assert.rejects(segments.push(3), AdapterError);
  }
  assert.equal(await client.exists("znsocket.Segments:s", "znsocket.Segments.Origin:s", "znsocket.List:s"), 0);
  await frozen.push(3);
  const segments = new Segments<number>({ client, key: "s", origin: frozen });
  assert.deepEqual(await segments.toObject(), [1, 2, 3]);
  const plain = new List<number>({ client, key: "behind it", fallback: "behind" });
  assert.deepEqual(
    await new Segments<number>({ client, key: "t", origin: plain }).toObject(),
    [1, 2, 3],
    "what it reads",
  );
});

test("a field that is null is there", async () => {
  const owner = server.client();
  await owner.registerAdapter("d", { a: null });
  const ask = (name: string): Promise<unknown> =>
    server.client().adapterGet("znsocket.Dict:d", "get", { dict_key: name, default: 5 });
  assert.deepEqual([await ask("a"), await ask("b")], ["null", "5"]);
});
