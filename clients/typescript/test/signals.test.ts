// A signal ends the call that it was given to, at once and alone, also the first call of an object.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { type Client, Dict, List, Segments } from "../src/index.js";
import { Server } from "../testing/server.js";

/** A client whose server does not answer before `open`. */
async function deaf(): Promise<{ client: Client; open: () => void }> {
  const server = await Server.start();
  server.pause();
  const client = server.client();
  after(() => server.resume());
  return { client, open: () => server.resume() };
}

test("an object's first call ends with its signal, and its other calls go on", async () => {
  const { client, open } = await deaf();
  const list = new List<number>({ client, key: "l" });
  const behind = new List<number>({ client, key: "m", fallback: "l" });
  const dict = new Dict<number>({ client, key: "d" });
  const segments = new Segments<number>({ client, key: "s", origin: list });
  const length = list.length();
  const began = performance.now();
  const soon = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(50) });
  const calls = [
    list.get(0, soon()),
    list.set(0, 1, soon()),
    list.copy("c", soon()),
    list.restore("main", soon()),
    list.values(soon()).next(),
    behind.slice(0, 1, 1, soon()),
    dict.entries(soon()),
    dict.update({ a: 1 }, soon()),
    segments.getRaw(soon()),
    segments.extend([1], soon()),
    new List({ client: client.with(soon()), key: "own" }).length(),
    new Segments({ client: client.with(soon()), key: "own", origin: "l" }).get(0),
  ];
  for (const call of calls) await assert.rejects(call, { name: "TimeoutError" });
  assert.ok(performance.now() - began < 1000);
  open();
  assert.deepEqual([await length, await list.push(1), await dict.length(), await behind.toObject()], [0, 1, 0, [1]]);
  assert.deepEqual(await segments.toObject(), [], "what was given up is not written");
});

test("a client's signal ends what is not about keys, too, and begins nothing once it has aborted", async () => {
  const { client, open } = await deaf();
  const calls = (one: Client): Promise<unknown>[] => [
    one.registerAdapter("taken", [1]),
    one.checkAdapter("znsocket.List:none"),
    one.emit("refresh", { target: "t", data: 1 }),
  ];
  const began = performance.now();
  for (const call of calls(client.with({ signal: AbortSignal.timeout(50) }))) {
    await assert.rejects(call, { name: "TimeoutError" });
  }
  assert.ok(performance.now() - began < 1000);
  open();
  const ended = client.with({ signal: AbortSignal.abort(new Error("too late")) });
  for (const call of calls(ended)) await assert.rejects(call, /too late/);
  await assert.rejects(ended.registerAdapter("late", [1]), /too late/);
  await client.registerAdapter("late", [1]);
});

test("a signal of many calls is not warned of", async () => {
  const client = (await Server.start()).client();
  const warnings: Error[] = [];
  const warned = (warning: Error): void => void warnings.push(warning);
  process.on("warning", warned);
  after(() => process.off("warning", warned));
  const { signal } = new AbortController();
  const list = new List<number>({ client: client.with({ signal }), key: "l" });
  await Promise.all(Array.from({ length: 30 }, (_, i) => list.push(i)));
  await Promise.all(Array.from({ length: 30 }, (_, i) => list.get(i, { signal })));
  await sleep(10);
  assert.deepEqual(warnings, []);
});

test("signals that live long keep nothing of the calls that they were given to", async () => {
  const server = await Server.start();
  const client = server.client();
  await server.client().registerAdapter("live", [1, 2]);
  const live = new List<number>({ client, key: "live" });
  const { signal } = new AbortController();
  let listeners = 0;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...given: Parameters<typeof add>) => ((listeners += 1), add(...given));
  signal.removeEventListener = (...given: Parameters<typeof remove>) => ((listeners -= 1), remove(...given));
  for (let i = 0; i < 5; i += 1) assert.equal(await live.get(0, { signal }), 1);
  await assert.rejects(live.set(0, 1, { signal }), { code: "FROZEN" });
  await client.command(["PING"], { signal });
  await sleep(0);
  assert.equal(listeners, 0);
});
