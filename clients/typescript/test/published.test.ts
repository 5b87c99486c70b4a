// What ZnSocket's published JavaScript package sends, by the socket.io-client it stands on, shape by shape: its List,
// Dict and Segments work on our server, over each transport, on the same data as ours.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { io, type Socket } from "socket.io-client";

import { type Client, Dict, List } from "../src/index.js";
import { eventually, Server } from "../testing/server.js";

const server = await Server.start();
const ways = [["polling", "websocket"], ["polling"], ["websocket"]];
let sockets: Socket[] = [];
let client: Client;
beforeEach(async () => {
  client = server.client();
  await client.flushAll();
});
afterEach(() => {
  for (const socket of sockets) socket.disconnect();
  sockets = [];
  client.disconnect();
});

function connect(transports = ["websocket"]): Socket {
  const socket = io(`http://127.0.0.1:${server.port}/znsocket`, {
    transports,
    forceNew: true,
    reconnectionDelay: 20,
    reconnectionDelayMax: 50,
  });
  sockets.push(socket);
  return socket;
}

/** An event as the package sends it: `[args, kwargs]`, and the raw answer. */
function call(socket: Socket, event: string, args: unknown[], kwargs: object = {}): Promise<unknown> {
  return socket.timeout(10_000).emitWithAck(event, [args, kwargs]);
}

for (const transports of ways) {
  describe(`over ${transports.join(" and ")}`, () => {
    test("each event of List, Dict and the client is answered in its shape", async () => {
      const socket = connect(transports);
      const [L, D] = ["znsocket.List:l", "znsocket.Dict:d"];
      assert.deepEqual(await call(socket, "flushall", []), { data: true });
      assert.equal(await call(socket, "check_adapter", [], { key: L }), false);
      const steps: [string, unknown[], object, unknown][] = [
        ["rpush", [L, '{"a":1}'], {}, 1],
        ["rpush", [L, '"b"'], {}, 2],
        ["lpush", [L, "0"], {}, 3],
        ["llen", [L], {}, 3],
        ["lindex", [L, 0], {}, "0"],
        ["lindex", [L, 9], {}, null],
        ["lrange", [L, 0, -1], {}, ["0", '{"a":1}', '"b"']],
        ["lset", [L, 1, "null"], {}, true],
        ["lrem", [L, 0, "0"], {}, 1],
        ["hset", [], { name: D, mapping: { x: "1" } }, 1],
        ["hset", [D], { mapping: { y: '"z"', "10": "[]" } }, 2],
        ["hget", [D, "y"], {}, '"z"'],
        ["hget", [D, "then"], {}, null],
        ["hget", [D, null], {}, undefined],
        ["hexists", [D, "x"], {}, 1],
        ["hexists", [D, "q"], {}, 0],
        ["hlen", [D], {}, 3],
        ["hdel", [D, "x"], {}, 1],
        ["hgetall", [D], {}, { y: '"z"', "10": "[]" }],
        ["delete", [L], {}, 1],
        ["llen", [L], {}, 0],
      ];
      for (const [event, args, kwargs, wanted] of steps) {
        const answer = (await call(socket, event, args, kwargs)) as { data?: unknown; error?: { type: string } };
        if (wanted === undefined) assert.ok(answer.error, `${event} ${JSON.stringify(args)} is an error`);
        else if (event === "lset" || event === "hset") assert.equal(answer.error, undefined);
        else assert.deepEqual(answer, { data: wanted }, `${event} ${JSON.stringify(args)}`);
      }
      assert.deepEqual(((await call(socket, "hkeys", [D])) as { data: string[] }).data.sort(), ["10", "y"]);
      assert.deepEqual(((await call(socket, "hvals", [D])) as { data: string[] }).data.sort(), ['"z"', "[]"]);
      const adapter = (await call(socket, "adapter:get", [], { key: "znsocket.List:none", method: "__len__" })) as {
        error: { type: string };
      };
      assert.equal(adapter.error.type, "KeyError");
      const failed = (await call(socket, "lset", [L, 5, "1"])) as { error: { msg: string; type: string } };
      assert.deepEqual(failed.error, { msg: "no such key", type: "ResponseError" });
    });
  });
}

test("a connection begins with polling and goes over to a WebSocket, losing nothing", async () => {
  const socket = connect(["polling", "websocket"]);
  const answers = Array.from({ length: 200 }, (_, i) => call(socket, "rpush", ["znsocket.List:l", String(i)]));
  assert.deepEqual(
    await Promise.all(answers),
    Array.from({ length: 200 }, (_, i) => ({ data: i + 1 })),
  );
  await eventually(() => socket.io.engine.transport.name === "websocket");
  assert.deepEqual(await call(socket, "llen", ["znsocket.List:l"]), { data: 200 });
});

test("a refresh is acknowledged and reaches all others, of both kinds, before the write", async () => {
  const [writer, reader] = [connect(), connect()];
  const heard: unknown[] = [];
  const heardByOurs: unknown[] = [];
  reader.on("refresh", (payload) => heard.push(payload));
  const heardByItself: unknown[] = [];
  writer.on("refresh", (payload) => heardByItself.push(payload));
  const list = new List<number>({ client, key: "l" });
  list.onRefresh((data) => heardByOurs.push(data));
  await Promise.all([client.connect(), call(reader, "llen", ["x"])]);
  const payload = { target: "znsocket.List:l", data: { start: 0 } };
  const acknowledged = writer.timeout(10_000).emitWithAck("refresh", payload); // not waited for
  const pushed = call(writer, "rpush", ["znsocket.List:l", "1"]);
  assert.deepEqual([await acknowledged, await pushed], [undefined, { data: 1 }]);
  await eventually(() => heard.length > 0 && heardByOurs.length > 0);
  assert.deepEqual([heard, heardByOurs, heardByItself], [[payload], [{ start: 0 }], []]);
  await list.push(2);
  await eventually(() => heard.length === 2 && heardByItself.length === 1);
  assert.deepEqual(heard[1], { target: "znsocket.List:l", data: { start: 1 } });
});

test("it reads what ours wrote, and ours what it wrote, segments included", async () => {
  const socket = connect();
  const list = new List<unknown>({ client, key: "l" });
  await list.extend([{ a: 1 }, "ü", null]);
  assert.deepEqual(await call(socket, "lrange", [list.key, 0, 1]), { data: ['{"a":1}', '"ü"'] });
  await call(socket, "hset", [], { name: "znsocket.Dict:d", mapping: { f: '"znsocket.List:l"' } });
  const found = await new Dict<List>({ client, key: "d" }).get("f");
  assert.ok(found instanceof List);
  assert.equal(await found.get(1), "ü");
  const { Segments } = await import("../src/index.js");
  const segments = new Segments<unknown>({ client, key: "s", origin: list });
  await segments.set(1, "x");
  const pieces = ((await call(socket, "lrange", ["znsocket.Segments:s", 0, -1])) as { data: string[] }).data.map(
    (text) => JSON.parse(text) as [number, number, string],
  );
  const values: string[] = [];
  for (const [start, end, source] of pieces) {
    const part = (await call(socket, "lrange", [source, start, end - 1])) as { data: string[] };
    values.push(...part.data);
  }
  assert.deepEqual(values, ['{"a":1}', '"x"', "null"]);
});

test("an adapter of ours answers it, with texts of JSON", async () => {
  const socket = connect();
  await client.registerAdapter("frames", [{ n: 1 }, 2]);
  const get = (method: string, more: object = {}): Promise<unknown> =>
    call(socket, "adapter:get", [], { key: "znsocket.List:frames", method, ...more });
  assert.equal(await call(socket, "check_adapter", [], { key: "znsocket.List:frames" }), true);
  assert.deepEqual([await get("__len__"), await get("__getitem__", { index: 0 })], [2, '{"n":1}']);
  assert.deepEqual(await get("slice", { start: 0, stop: 2, step: 1 }), ['{"n":1}', "2"]);
  assert.match(String(await get("__getitem__", { index: 7 })), /IndexError/);
});

test("it connects again by itself and goes on, also with what it asked meanwhile", async () => {
  const own = await Server.start();
  const socket = io(`http://127.0.0.1:${own.port}/znsocket`, {
    transports: ["websocket"],
    forceNew: true,
    reconnectionDelay: 10,
    reconnectionDelayMax: 20,
  });
  sockets.push(socket);
  await call(socket, "rpush", ["l", "1"]);
  const first = socket.id;
  await own.kill();
  await eventually(() => !socket.connected);
  const meanwhile = call(socket, "rpush", ["l", "2"]);
  await own.start();
  assert.deepEqual(await meanwhile, { data: 2 });
  assert.notEqual(socket.id, first);
});

test("it is never sent binary, nor NaN, which end its connection", async () => {
  const socket = connect();
  const frames: unknown[] = [];
  socket.io.on("open", () => socket.io.engine.on("packet", ({ data }: { data?: unknown }) => frames.push(data)));
  await client.set("bytes", Uint8Array.of(0, 255, 254));
  await client.command(["RPUSH", "l", Uint8Array.of(128), "NaN"]);
  await call(socket, "get", ["bytes"]);
  await call(socket, "lrange", ["l", 0, -1]);
  await call(socket, "set", ["n", "NaN"]);
  await call(socket, "get", ["n"]);
  const raw = connect();
  raw.io.on("open", () => raw.io.engine.write('2/znsocket,7["refresh",{"target":"bus","data":NaN}]'));
  await call(raw, "llen", ["l"]);
  await sleep(50);
  assert.ok(socket.connected, "what another one says does not end it");
  assert.ok(frames.length > 0 && frames.every((data) => data === undefined || typeof data === "string"));
  assert.ok(!frames.some((data) => /[:,[]-?(NaN|Infinity)/.test(String(data))));
});
