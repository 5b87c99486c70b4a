// What is given wrongly is named, with what is expected, before anything is sent; what others stored is read.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Client, Dict, List, Segments } from "../src/index.js";
import { Server } from "../testing/server.js";

const server = await Server.start();
const client = server.client();

test("a reference without a name is the list or dict without one", async () => {
  await client.rPush("znsocket.List:odd", '"znsocket.List:"', "1", '"znsocket.Dict:"');
  const [first, second, third] = await new List({ client, key: "odd" }).toObject();
  assert.ok(first instanceof List && third instanceof Dict);
  assert.deepEqual([first.key, await first.toObject(), second], ["znsocket.List:", [], 1]);
});

const refused = (work: () => unknown, message: RegExp): Promise<void> =>
  assert.rejects(
    async () => work(),
    (error) => error instanceof TypeError && message.test(error.message),
  );
/** As a program without types gives it. */
const untyped = (value: unknown): never => value as never;

test("clients", async () => {
  await refused(() => new Client({ socket: client, branch: "exp" }), /^branch: a connection that is shared stays/);
  await refused(
    () => new Client({ socket: untyped({}) }),
    /^socket: expected a Client of this package, got an Object$/,
  );
  assert.equal(await new Client({ socket: client, url: "coppice://nowhere" }).connect(), "Connected");
  for (const reference of [undefined, null, "", 5]) {
    await refused(() => client.at(untyped(reference)), /^reference: expected a branch, a tag, .*, got /);
    await refused(() => new List({ client, key: "l" }).at(untyped(reference)), /^reference: /);
  }
  await refused(() => client.emit("refresh"), /^refresh: expected {target: "...", data}, got undefined$/);
  await refused(() => client.emit("refresh", { data: 1 }), /got no target$/);
  const silent: [string, string, string][] = [
    ["CLIENT", "REPLY", "OFF"],
    ["client", "reply", "skip"],
  ];
  for (const words of silent) {
    await refused(() => client.command(words), /this client waits for the answer to each command$/);
    await refused(
      () =>
        client
          .pipeline()
          .add(...words)
          .exec(),
      /this client waits/,
    );
  }
  assert.equal(await client.command(["CLIENT", "REPLY", "ON"]), "OK");
});

test("commands", async () => {
  const loose = client as unknown as Record<string, (...words: unknown[]) => Promise<unknown>>;
  await refused(() => loose["set"]?.("k", "1", { EX: 100 }), /^set takes 2 arguments, got 3; command\(/);
  await refused(() => loose["hSet"]?.("h", "f", "v", "g", "w"), /^hSet takes 3 arguments, got 5/);
  const pipe = client.multi() as unknown as typeof loose;
  await refused(() => pipe["set"]?.("k", "1", true), /^set takes 2/);
  await refused(() => loose["hSet"]?.("h", { a: 1 }), /^object as a word of HSET/);
  await refused(() => client.rPush("l", untyped(["a"])), /^object as a word of RPUSH/);
  await refused(() => client.get(untyped(undefined)), /^undefined as a word of GET/);
  await refused(() => client.set("k", untyped(true)), /^boolean as a word of SET/);
  for (const fields of [null, 5, "ab", ["a"], new Map([["a", 1]])]) {
    await refused(() => client.hMSet("h", untyped(fields)), /^hMSet: expected an object of fields and values, got /);
  }
  assert.equal(await client.exists("k", "h", "l"), 0);
  assert.equal(await loose["set"]?.("k", "1", undefined), "OK", "an option that is not given");
});

test("lists and dicts", async () => {
  const list = new List<unknown>({ client, key: "list" });
  const dict = new Dict<unknown>({ client, key: "dict" });
  const segments = new Segments<unknown>({ client, key: "segments", origin: list });
  for (const values of [5, null, undefined, { length: 1 }]) {
    await refused(() => list.extend(untyped(values)), /^extend: expected an array or another iterable, got /);
    await refused(() => segments.extend(untyped(values)), /^extend: expected an array/);
  }
  await refused(() => list.splice(0, 0, untyped(5)), /^splice: expected an array or another iterable, got a number$/);
  for (const values of [null, 5, "ab", [1], new Map([["a", 1]]), new Set(), new Date(0), dict, list]) {
    await refused(() => dict.update(untyped(values)), /^update: expected an object of fields and values, got /);
  }
  for (const fallback of [list, null, 5]) {
    await refused(
      () => new List({ client, key: "k", fallback: untyped(fallback) }),
      /^fallback: expected the key of another/,
    );
  }
  await refused(() => new List({ client, key: "k", fallback: "k" }), /^fallback: 'k' cannot fall back to itself$/);
  await refused(() => new Dict({ client, key: "k", socket: untyped({}) }), /^socket: expected a Client/);
  await refused(() => list.pop(1.5), /is no position/);
  assert.deepEqual([await list.length(), await dict.length()], [0, 0]);
});

test("positions of segments are a list's", async () => {
  const origin = new List<number>({ client, key: "origin" });
  await origin.extend([1, 2, 3]);
  for (const each of [origin, new Segments<number>({ client, key: "positions", origin })]) {
    for (const wrong of [1.5, NaN, "a", undefined]) {
      const calls = [() => each.get(untyped(wrong)), () => each.set(untyped(wrong), 1), () => each.slice(0, 1, 1.5)];
      for (const call of [...calls, () => each.insert(untyped(wrong), 1), () => each.splice(untyped(wrong), 1)]) {
        await refused(call, /is no position: expected a whole number$/);
      }
    }
    await refused(() => each.slice(Infinity), /^'Infinity' is no position/);
    await assert.rejects(each.slice(0, 1, 0), /^RangeError: slice step cannot be zero$/);
    assert.deepEqual([await each.slice(1, Infinity), await each.toObject()], [[2, 3], [1, 2, 3]]);
  }
});

test("signals, handlers and times", async () => {
  const list = new List<unknown>({ client, key: "list" });
  const controller = new AbortController();
  for (const signal of [controller, null, 5]) {
    await refused(() => list.length(untyped({ signal })), /^signal: expected an AbortSignal, got /);
    await refused(() => client.with(untyped({ signal })), /^signal: expected an AbortSignal, got /);
    await refused(() => client.command(["PING"], untyped({ signal })), /^signal: expected an AbortSignal, got /);
  }
  await refused(() => list.length(untyped(controller.signal)), /^options: expected {signal}, got an AbortSignal$/);
  await refused(() => client.on("error", untyped("handler")), /^on: expected a function, got a string$/);
  await refused(() => new Client(untyped("coppice://localhost")), /^a client's options: expected {url: .* a string$/);
  await refused(() => new Client({ patience: NaN }), /^patience: expected milliseconds/);
});

test("adapters", async () => {
  for (const object of [null, undefined, "abc", 5, new Set([1]), new DataView(new ArrayBuffer(1)), () => 1]) {
    await refused(
      () => client.registerAdapter("a", untyped(object)),
      /^an adapter of 'a': expected an array, .*, got /,
    );
  }
  await refused(() => client.registerAdapter("", [1]), /^key: an adapter needs a name/);
  await refused(() => client.registerAdapter("znsocket.List:", [1]), /^key: an adapter needs a name/);
  await refused(() => client.registerAdapter(untyped(5), [1]), /^key: expected the name of an adapter, got a number$/);
  class Settings {
    readonly a = 1;
  }
  await client.registerAdapter("a", { ...new Settings() });
  assert.deepEqual(await new Dict({ client: server.client(), key: "a" }).toObject(), { a: 1 });
});
